/// Everything that happened in one run. Times are nanoseconds by one clock that never goes back; keys and scopes are
/// positions in the log's own lists.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The keys that were read.
    pub keys: Vec<KeyFacts>,
    /// The scopes that were invalidated.
    pub scopes: Vec<Scope>,
    /// How many nodes there are.
    pub nodes: u8,
    /// All reads, in any order.
    pub reads: Vec<Read>,
    /// All writes at the origin, in any order.
    pub writes: Vec<Write>,
    /// All invalidations that were acknowledged, in any order.
    pub invalidations: Vec<Invalidation>,
    /// All loads at the origin, in any order.
    pub loads: Vec<Load>,
    /// When nodes said that nothing was queued, in any order.
    pub settled: Vec<Settled>,
    /// Which nodes a split brain cut off, and when.
    pub cut_off: Vec<CutOff>,
    /// When Redis was away, lost data, or was another one.
    pub unsteady: Vec<Span>,
    /// What the nodes counted in all, if they were asked.
    pub totals: Vec<Totals>,
}

impl Log {
    /// Whether any unsteady span touches the time from `from` to `to`.
    pub(super) fn is_unsteady(&self, from: u64, to: u64) -> bool {
        self.unsteady
            .iter()
            .any(|span| span.from <= to && span.to >= from)
    }
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// The key's text.
    pub text: String,
    /// Whose it is.
    pub tenant: String,
    /// Its endpoint.
    pub endpoint: String,
    /// All of its tags, those that only the value shows included.
    pub tags: Vec<String>,
    /// Whether invalidations of other nodes bind at once: the bound is zero, cut off from Redis or not.
    pub strict: bool,
}

/// What one invalidation covers, always of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All entries of an endpoint.
    Endpoint {
        /// The tenant.
        tenant: String,
        /// The endpoint's name.
        endpoint: String,
    },
    /// One entry.
    Key {
        /// The key's text.
        text: String,
    },
    /// All entries of endpoints whose names start so.
    Prefix {
        /// The tenant.
        tenant: String,
        /// The start of the names.
        prefix: String,
    },
    /// All entries with a tag.
    Tag {
        /// The tenant.
        tenant: String,
        /// The tag.
        tag: String,
    },
    /// Everything of a tenant.
    Tenant {
        /// The tenant.
        tenant: String,
    },
}

impl Scope {
    /// Whether the scope covers the key.
    #[must_use]
    pub fn covers(&self, key: &KeyFacts) -> bool {
        match self {
            Self::Endpoint { tenant, endpoint } => {
                key.tenant == *tenant && key.endpoint == *endpoint
            }
            Self::Key { text } => key.text == *text,
            Self::Prefix { tenant, prefix } => {
                key.tenant == *tenant && key.endpoint.starts_with(prefix)
            }
            Self::Tag { tenant, tag } => key.tenant == *tenant && key.tags.contains(tag),
            Self::Tenant { tenant } => key.tenant == *tenant,
        }
    }
}

/// One request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// When the request was sent.
    pub start: u64,
    /// When its answer was there.
    pub end: u64,
    /// The key that was asked for.
    pub key: u32,
    /// The node that was asked.
    pub node: u8,
    /// What the answer says how it was come by.
    pub status: Status,
    /// Whether the node declares that it is cut off from Redis.
    pub degraded: bool,
    /// Whether the answer says that another caller's load or look-up answered it.
    pub collapsed: bool,
    /// The age that the answer states, in nanoseconds.
    pub age: u64,
    /// What the answer says it is; `None` for an error.
    pub said: Option<Said>,
}

/// What an answer says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The key, if it is one of the log's.
    pub key: Option<u32>,
    /// The version.
    pub version: u32,
    /// The number of the load; `None` for a "does not exist", which can say nothing of itself.
    pub nonce: Option<u32>,
}

/// How an answer was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There was none.
    Error,
    /// A fresh entry of the node's own tier.
    HitLocal,
    /// A fresh entry from Redis.
    HitRemote,
    /// A load.
    Miss,
    /// An entry within grace.
    Stale,
}

impl Status {
    /// Whether an entry answered. A stale one is a hit.
    #[must_use]
    pub fn is_hit(self) -> bool {
        matches!(self, Self::HitLocal | Self::HitRemote | Self::Stale)
    }
}

/// A key got a version at the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// When the version was in force at the latest.
    pub at: u64,
    /// The key.
    pub key: u32,
    /// Its version from then on.
    pub version: u32,
}

/// A scope was invalidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalidation {
    /// When it was called for. Everything written before is meant.
    pub begin: u64,
    /// When the answer was there.
    pub acknowledged: u64,
    /// The node that was asked.
    pub node: u8,
    /// What is invalidated.
    pub scope: u32,
    /// Whether the answer says that it is applied for all nodes; else it is queued.
    pub applied: bool,
}

/// The origin was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// When the load began.
    pub begin: u64,
    /// When it ended, or was given up.
    pub end: u64,
    /// The load's own number.
    pub nonce: u32,
    /// The key.
    pub key: u32,
    /// The version that it brought.
    pub version: u32,
    /// The node that asked.
    pub node: u8,
    /// Whether it brought an error, or was given up.
    pub failed: bool,
}

/// A node said that none of its invalidations was queued any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The node.
    pub node: u8,
    /// When it was asked: what was acknowledged earlier is meant.
    pub asked: u64,
    /// When its answer was there.
    pub at: u64,
}

/// A node was connected to a primary that was none any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutOff {
    /// The node.
    pub node: u8,
    /// The time.
    pub span: Span,
}

/// From when to when something was so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The beginning.
    pub from: u64,
    /// The end.
    pub to: u64,
}

impl Span {
    pub(super) fn contains(self, time: u64) -> bool {
        self.from <= time && time <= self.to
    }
}

/// What a node counted during the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// The node.
    pub node: u8,
    /// Requests answered by an entry.
    pub hits: u64,
    /// All other requests.
    pub misses: u64,
    /// Loads begun.
    pub loads: u64,
}
