use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;
use tenantcache::Invalidation;
use tenantcache::events::Published;

use super::view::Position;

/// What the reader has done since it was started.
#[derive(Debug)]
pub(super) struct Counters {
    pub(super) applied: AtomicU64,
    pub(super) claimed: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) gaps: AtomicU64,
    pub(super) malformed: AtomicU64,
    pub(super) queued: AtomicU64,
    pub(super) unmatched: AtomicU64,
    pub(super) state: Mutex<StreamState>,
    pending: AtomicU64,
    /// Negative while unknown.
    lag: AtomicI64,
}

/// What an [`EventStream`](super::EventStream) has done since it was started, on this node, and how the group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamSnapshot {
    /// Events whose invalidation was applied.
    pub applied: u64,
    /// Events whose invalidation waits until the remote tier takes it.
    pub queued: u64,
    /// Events for which there was no rule.
    pub unmatched: u64,
    /// Entries that were no events. They are acknowledged, and changed nothing.
    pub malformed: u64,
    /// Attempts to handle an event that failed. It is claimed again later.
    pub failed: u64,
    /// Entries taken over because nobody acknowledged them in time; they count above too.
    pub claimed: u64,
    /// Times that events may have been lost, and everything was invalidated.
    pub gaps: u64,
    /// Entries that some node of the group has taken and not acknowledged, as last seen.
    pub pending: u64,
    /// Entries that no node of the group has taken yet, as last seen; `None` where Redis cannot tell.
    pub lag: Option<u64>,
    /// Whether the stream is being read.
    pub state: StreamState,
}

/// Whether the stream is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamState {
    /// The server is away or refuses; it is tried again within a second.
    Away,
    /// The server's user may not read streams; it is tried again each minute.
    Forbidden,
    /// It is being read.
    Reading,
    /// The first attempt has not ended.
    Starting,
}

impl Counters {
    pub(super) fn new() -> Self {
        Self {
            applied: AtomicU64::new(0),
            claimed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            gaps: AtomicU64::new(0),
            malformed: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            unmatched: AtomicU64::new(0),
            state: Mutex::new(StreamState::Starting),
            pending: AtomicU64::new(0),
            lag: AtomicI64::new(-1),
        }
    }

    pub(super) fn published(&self, published: &Published) {
        let counter = match &published.outcome {
            None => &self.unmatched,
            Some(Invalidation::Queued) => &self.queued,
            Some(_) => &self.applied,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stands(&self, position: &Position) {
        self.pending.store(position.pending, Ordering::Relaxed);
        self.lag.store(position.lag, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> StreamSnapshot {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StreamSnapshot {
            applied: get(&self.applied),
            queued: get(&self.queued),
            unmatched: get(&self.unmatched),
            malformed: get(&self.malformed),
            failed: get(&self.failed),
            claimed: get(&self.claimed),
            gaps: get(&self.gaps),
            pending: get(&self.pending),
            lag: u64::try_from(self.lag.load(Ordering::Relaxed)).ok(),
            state: *self.state.lock(),
        }
    }
}
