use std::time::Duration;

use bytes::Bytes;
use tenantcache_core::{Freshness, KeyRef};

use crate::value::Value;
use crate::{Error, ErrorKind};

/// A value and how it was come by.
#[derive(Clone, Debug)]
#[must_use]
pub struct Answer {
    value: Value,
    outcome: Outcome,
    age: Duration,
}

/// How an answer was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// What the cache did.
    pub status: Status,
    /// Where the value was found.
    pub source: Source,
    /// Whether the load, or the look-up, was another caller's.
    pub collapsed: bool,
    /// Whether the value was stored after its load.
    pub stored: bool,
    /// Whether the remote tier was away.
    pub remote_down: bool,
    /// Whether a stale value stands in for a load that failed.
    pub load_failed: bool,
}

impl Outcome {
    pub(crate) fn new(status: Status, source: Source, remote_down: bool) -> Self {
        Self {
            status,
            source,
            collapsed: false,
            stored: false,
            remote_down,
            load_failed: false,
        }
    }
}

/// What the cache did for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The cache is switched off.
    Bypass,
    /// A fresh entry was served.
    Hit,
    /// No usable entry: the value was loaded.
    Miss,
    /// The caller asked for a new value, and got one.
    Reload,
    /// An entry within grace was served.
    StaleHit,
}

impl Status {
    /// The closed set of names that [`Status::name`] gives, for metrics.
    pub const NAMES: [&str; 5] = ["bypass", "hit", "miss", "reload", "stale_hit"];

    /// The status as metrics and logs call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Reload => "reload",
            Self::StaleHit => "stale_hit",
        }
    }

    /// What it is to be served an entry that was found.
    pub(crate) fn of_hit(freshness: Freshness) -> Self {
        if freshness == Freshness::Stale {
            Self::StaleHit
        } else {
            Self::Hit
        }
    }

    /// Whether the value came from a tier. A stale hit is a hit.
    #[must_use]
    pub fn is_hit(self) -> bool {
        matches!(self, Self::Hit | Self::StaleHit)
    }
}

/// Where a value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The tier in this process.
    Local,
    /// The loader.
    Origin,
    /// The tier that all nodes share.
    Remote,
}

impl Answer {
    pub(crate) fn new(value: Value, outcome: Outcome, now: Duration) -> Self {
        let age = value.age(now);
        Self {
            value,
            outcome,
            age,
        }
    }

    /// The value's bytes. Empty for a negative entry.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.value.body()
    }

    /// The same bytes, shared, not copied, for whoever keeps them longer than the answer. While they live, the whole entry
    /// does.
    #[must_use]
    pub fn body_shared(&self) -> Bytes {
        self.value.body_shared()
    }

    /// Reads the value as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LoadFailed`] if it is not JSON of this shape.
    pub fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, Error> {
        serde_json::from_slice(self.body())
            .map_err(|error| Error::with_source(ErrorKind::LoadFailed, error))
    }

    /// The value's media type.
    #[must_use]
    pub fn content_type(&self) -> &str {
        self.value.labels.content_type()
    }

    /// A hash of the value that is the same on every node, fit for an entity tag.
    #[must_use]
    pub fn body_hash(&self) -> u64 {
        self.value.body_hash
    }

    /// Whether this is a "does not exist".
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.value.negative
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> KeyRef<'_> {
        self.value.key()
    }

    /// How the answer was come by.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// How long ago the value's load began.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    /// How long an entry of this load is fresh, counted from the beginning of its load.
    #[must_use]
    pub fn soft_ttl(&self) -> Duration {
        self.value.lifetime().soft
    }
}
