use std::time::Duration;

use testkit::history::Limits;

/// How a run is done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What the nodes are. Default: [`Nodes::Library`].
    pub nodes: Nodes,
    /// How many reads, at least. Default 500,000.
    pub reads: u64,
    /// How many reads a second in all, if the machine can. Default 25,000.
    pub reads_per_second: u64,
    /// What each task's choices begin with. Default 1.
    pub seed: u64,
    /// The coherence bound T. The outage TTL is two and a half times as long. Default 2 s.
    pub coherence_bound: Duration,
}

/// What the nodes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nodes {
    /// Three caches in this process.
    Library,
    /// Three services in this process, spoken to over HTTP.
    #[cfg(feature = "service")]
    Service,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            nodes: Nodes::Library,
            reads: 500_000,
            reads_per_second: 25_000,
            seed: 1,
            coherence_bound: Duration::from_secs(2),
        }
    }
}

impl Plan {
    /// The number of nodes.
    pub(crate) const NODES: u8 = 3;

    pub(crate) fn outage_ttl(&self) -> Duration {
        self.coherence_bound * 5 / 2
    }

    /// The pause between two faults: they come again and again, but let the nodes come to rest in between.
    pub(crate) fn beat(&self) -> Duration {
        (self.coherence_bound / 2).clamp(Duration::from_millis(150), Duration::from_secs(1))
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            coherence_bound: self.coherence_bound,
            outage_ttl: self.outage_ttl(),
            hard_ttl_max: crate::keys::HARD_TTL_MAX,
            ..Limits::default()
        }
    }
}
