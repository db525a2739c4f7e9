use super::entry::Entry;

/// How the stream and the group stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The id of the last entry that was added.
    pub(super) last: String,
    /// How many entries were ever added.
    pub(super) added: u64,
    /// How many of them are gone.
    pub(super) removed: u64,
    /// The highest id that was deleted by itself.
    pub(super) deleted: String,
    /// The last id that was handed to a node of the group.
    pub(super) delivered: String,
    pub(super) pending: u64,
    /// Negative while unknown.
    pub(super) lag: i64,
}

/// What this node remembers of the stream, across connections.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    /// Whether the group was seen or made by this node.
    pub(super) has_seen_group: bool,
    pub(super) last: String,
    pub(super) added: u64,
    /// The removed entries, and the highest deleted one, for which everything was invalidated.
    pub(super) settled_removed: u64,
    pub(super) settled_deleted: String,
}

/// Why events may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// The stream is another one than before, or an older state of it.
    Anew,
    /// An entry was deleted that nobody had read.
    Deleted,
    /// There was a group, and it is gone.
    GroupGone,
    /// An entry that a node took and did not acknowledge is gone.
    PendingGone,
    /// Entries that nobody had read were trimmed away.
    Trimmed,
}

/// What one read gave.
#[derive(Debug)]
pub(super) enum View {
    Entries(Position, Vec<Entry>),
    Gap(Gap, Position),
    /// There is no such stream or no such group.
    Missing,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            has_seen_group: false,
            last: ZERO.to_owned(),
            added: 0,
            settled_removed: 0,
            settled_deleted: ZERO.to_owned(),
        }
    }

    pub(super) fn note(&mut self, position: &Position) {
        self.has_seen_group = true;
        self.last.clone_from(&position.last);
        self.added = position.added;
    }

    /// Notes that everything was invalidated after `position` was seen.
    pub(super) fn settle(&mut self, position: &Position) {
        self.note(position);
        self.settled_removed = position.removed;
        self.settled_deleted.clone_from(&position.deleted);
    }
}

impl Gap {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Anew => "the stream was made anew",
            Self::Deleted => "an unread entry was deleted",
            Self::GroupGone => "the consumer group is gone",
            Self::PendingGone => "an entry that was not acknowledged is gone",
            Self::Trimmed => "unread entries were trimmed away",
        }
    }
}

/// Below every id.
const ZERO: &str = "0-0";
