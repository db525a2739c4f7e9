use parking_lot::Mutex;
use testkit::history::{CutOff, Invalidation, Read, Settled, Span};

/// A node and a time.
type NodeSpan = (u8, Span);

/// How a node said it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateSeen {
    pub(crate) node: u8,
    pub(crate) asked: u64,
    pub(crate) at: u64,
    /// Whether it is connected to Redis, which does all it is asked for.
    pub(crate) is_up: bool,
}

/// What the tasks of a run note, but for what the origin notes itself.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) reads: Mutex<Vec<Read>>,
    pub(crate) invalidations: Mutex<Vec<Invalidation>>,
    pub(crate) settled: Mutex<Vec<Settled>>,
    pub(crate) cut_off: Mutex<Vec<CutOff>>,
    pub(crate) unsteady: Mutex<Vec<Span>>,
    /// When a node said that it was cut off from Redis.
    pub(crate) down: Mutex<Vec<NodeSpan>>,
    pub(crate) states: Mutex<Vec<StateSeen>>,
}

impl Recorder {
    /// Notes that Redis is not itself from `from` on, and gives what [`Recorder::steady`] needs. A run that ends in the
    /// midst of it leaves it open.
    pub(crate) fn unsteady(&self, from: u64) -> usize {
        let mut unsteady = self.unsteady.lock();
        unsteady.push(Span { from, to: u64::MAX });
        unsteady.len() - 1
    }

    /// Notes that this is over.
    pub(crate) fn steady(&self, unsteady: usize, to: u64) {
        self.unsteady.lock()[unsteady].to = to;
    }

    /// Notes that a node is left with the old primary from `from` on.
    pub(crate) fn cut_off(&self, node: u8, from: u64) {
        let span = Span { from, to: u64::MAX };
        self.cut_off.lock().push(CutOff { node, span });
    }

    /// Notes that the node that was last left with an old primary has joined the others.
    pub(crate) fn joined(&self, to: u64) {
        if let Some(last) = self.cut_off.lock().last_mut() {
            last.span.to = to;
        }
    }
}
