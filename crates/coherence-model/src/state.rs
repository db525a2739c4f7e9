//! One moment of the modelled world. Everything is small and `Copy`, since a check visits millions of them.
//!
//! Fields called *ghosts* are known to the checker only: no step may depend on them.

/// How many nodes there are.
pub const NODES: usize = 2;

/// The most invalidations in one history.
pub const INVALIDATIONS_MAX: usize = 3;

/// A set of invalidations, by index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Set(pub u8);

impl Set {
    /// The set of one.
    #[must_use]
    pub fn of(index: usize) -> Self {
        Self(1 << index)
    }

    /// Whether it has this one.
    #[must_use]
    pub fn has(self, index: usize) -> bool {
        self.0 & (1 << index) != 0
    }

    /// Both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This without the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What an invalidation covers. There is one key, whose value has the tag `red`, which only the value shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colour {
    /// A tag that the value does not have.
    Blue,
    /// The tag of the value.
    Red,
}

impl Colour {
    /// Its bit in a generation of a [`TableId`].
    #[must_use]
    pub fn bit(self) -> u16 {
        match self {
            Self::Blue => 1,
            Self::Red => 2,
        }
    }
}

/// A table: which life, and what was invalidated in it, two bits a generation. The real table is made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableId {
    /// Which of the tables ever made. Its incarnation follows from it.
    pub life: u8,
    /// The colours of generation 1 in the lowest two bits, and so on.
    pub log: u16,
}

impl TableId {
    /// The most generations that are modelled.
    pub const GENERATIONS_MAX: u8 = 5;

    /// A table in which nothing was invalidated.
    #[must_use]
    pub fn new(life: u8) -> Self {
        Self { life, log: 0 }
    }

    /// The table's generation.
    #[must_use]
    pub fn generation(self) -> u8 {
        let used = u16::BITS - self.log.leading_zeros();
        u8::try_from(used.div_ceil(2)).expect("it has 16 bits")
    }

    /// The table after an invalidation of these colours.
    #[must_use]
    pub fn after(self, colours: u16) -> Self {
        let log = self.log | colours << (2 * self.generation());
        Self { log, ..self }
    }
}

/// What a load brought, and what it noted before it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    /// The stamp's incarnation, as the life that has it.
    pub life: u8,
    /// The stamp's generation.
    pub generation: u8,
    /// When the load began.
    pub began_at: u8,
    /// Ghost: who loaded it.
    pub loader: u8,
    /// Ghost: the invalidations made before the load began, whose effect it therefore shows.
    pub shows: Set,
}

/// A Redis server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    /// The table, and the history under which it was made.
    pub table: Option<(u8, TableId)>,
    /// The entry of the one key.
    pub entry: Option<Value>,
    /// Who may fill the key, and the stamp of that load.
    pub lease: Option<(u8, TableId)>,
}

/// A node's copy of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mirror {
    /// The copy.
    pub table: TableId,
    /// Whether it was made by the node alone, during an outage.
    pub provisional: bool,
    /// When the last read that showed it was sent.
    pub proven_at: u8,
    /// Whether nothing has come since that takes the proof away.
    pub confirmed: bool,
}

/// A value in a node's local tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The value.
    pub value: Value,
    /// The node's own sequence when its load began, or when it was promoted.
    pub sequence: u8,
    /// Ghost: whether it was seen dead.
    pub dead: bool,
}

/// A load under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Load {
    /// What it will bring.
    pub value: Value,
    /// The node's own sequence when it began.
    pub sequence: u8,
    /// Whether its stamp is of a shared table.
    pub shared: bool,
    /// Whether it took the lease.
    pub leased: bool,
}

/// A read under way. The server read the entry when it was sent, and reads the table then or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// When it was sent.
    pub sent_at: u8,
    /// Whether a push, a loss of connection or another incarnation came after it was sent.
    pub disturbed: bool,
    /// The table, as the server had it; none yet if it was not read yet.
    pub table: Option<TableId>,
    /// The entry, as the server had it.
    pub entry: Option<Value>,
    /// Ghost: the invalidations that whoever asks must not see undone.
    pub binding: Set,
}

/// A reply to an invalidation, under way. The server ran the script when it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Script {
    /// When it was sent.
    pub sent_at: u8,
    /// As for [`Read::disturbed`].
    pub disturbed: bool,
    /// The server that ran it.
    pub server: u8,
    /// The table after it.
    pub table: TableId,
    /// Which invalidations it made.
    pub made: Set,
    /// Whether they came from the overlay.
    pub replay: bool,
}

/// A node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// Whether it is connected.
    pub up: bool,
    /// The server it is or was connected to last, which is the identity it verified.
    pub server: u8,
    /// Its copy of the table.
    pub mirror: Option<Mirror>,
    /// Its local tier.
    pub local: Option<Held>,
    /// Its load.
    pub load: Option<Load>,
    /// Its read.
    pub read: Option<Read>,
    /// A table read beforehand, where [`TableLast`](crate::Mechanism::TableLast) is off.
    pub table_read: Option<TableId>,
    /// Its invalidation.
    pub script: Option<Script>,
    /// A table not yet installed, where [`InstallFirst`](crate::Mechanism::InstallFirst) is off.
    pub uninstalled: Option<Script>,
    /// For each invalidation in the overlay its sequence, else zero.
    pub overlay: [u8; INVALIDATIONS_MAX],
    /// The newest sequence.
    pub sequence: u8,
    /// The invalidations acknowledged as applied.
    pub journal: Set,
    /// Invalidations whose push is under way.
    pub push: Set,
    /// Ghost: the invalidations whose push came.
    pub heard: Set,
}

impl Node {
    /// The invalidations in the overlay.
    #[must_use]
    pub fn queued(&self) -> Set {
        (0..INVALIDATIONS_MAX)
            .filter(|index| self.overlay[*index] > 0)
            .fold(Set::default(), |set, index| set.with(Set::of(index)))
    }
}

/// What a client was told of its invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It is in the shared table.
    Applied,
    /// Nothing yet.
    None,
    /// It will be applied.
    Queued,
}

/// An invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Invalidation {
    /// What it covers.
    pub colour: Colour,
    /// The node that makes it.
    pub node: u8,
    /// What its client was told.
    pub answer: Answer,
    /// Ghost: when each server first had it. A new primary counts as having had what the old one had before it.
    pub applied_at: [Option<u8>; 2],
}

/// How often something has happened that is bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Spent {
    /// Loads of each node.
    pub loads: [u8; NODES],
    /// Reads of each node.
    pub reads: [u8; NODES],
    /// Connections of either kind lost, by accident.
    pub cuts: u8,
    /// Replies and pushes lost.
    pub losses: u8,
    /// Tables evicted.
    pub evictions: u8,
}

/// The modelled world at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The time, in ticks.
    pub now: u8,
    /// The first primary, and the one after it. A server's index is its history.
    pub servers: [Server; 2],
    /// Which of them is the primary for whoever connects.
    pub primary: u8,
    /// What a replica or a snapshot has.
    pub copy: Option<Server>,
    /// The nodes.
    pub nodes: [Node; NODES],
    /// The invalidations so far.
    pub invalidations: [Option<Invalidation>; INVALIDATIONS_MAX],
    /// How many tables were made.
    pub lives: u8,
    /// What the bounds have left.
    pub spent: Spent,
}

impl State {
    /// The invalidations so far, with their indexes.
    pub fn invalidations(&self) -> impl Iterator<Item = (usize, &Invalidation)> {
        let known = self.invalidations.iter().enumerate();
        known.filter_map(|(index, known)| known.as_ref().map(|known| (index, known)))
    }

    /// The invalidations of which this holds.
    pub fn those(&self, holds: impl Fn(&Invalidation) -> bool) -> Set {
        self.invalidations()
            .filter(|(_, known)| holds(known))
            .fold(Set::default(), |set, (index, _)| set.with(Set::of(index)))
    }

    /// The invalidations that this value must die of.
    #[must_use]
    pub fn killers(&self, value: Value) -> Set {
        self.those(|known| {
            known.colour == Colour::Red
                && (known.answer != Answer::None || known.applied_at.iter().any(Option::is_some))
        })
        .without(value.shows)
    }
}
