use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tenantcache_core::{Freshness, Generation, Key, Lifetime, Stamp, StoredEntry};

use crate::atomic::{AtomicU64, Ordering};
use crate::endpoints::EndpointState;
use crate::labels::Labels;
use crate::nanos::Nanos;

/// What the local tier charges for an entry beside its texts and its body, in bytes: the value with its counts; the
/// counts of key and body; the tier's slot, table and ghost; and 8 for the rounding of each allocation.
const OVERHEAD_BYTES: usize = size_of::<Value>() + 16 + 16 + 24 + 48 + 3 * 8;

/// What a load notes before it begins: the tenant's generation, and this node's own count of invalidations that Redis
/// has not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoadStamp {
    pub(crate) stamp: Stamp,
    pub(crate) sequence: Generation,
    /// Whether the stamp may leave this node: it comes from a table that all nodes share.
    pub(crate) shared: bool,
}

/// A value of one key with everything that is needed to judge it.
#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) key: Key,
    pub(crate) stamp: LoadStamp,
    /// When the load began, by this node's monotonic clock.
    pub(crate) loaded_at: Nanos,
    /// The same by the wall clock of the node that loaded it, in milliseconds since 1970.
    pub(crate) loaded_at_wall_ms: u64,
    pub(crate) soft_ttl: Nanos,
    pub(crate) hard_ttl: Nanos,
    pub(crate) labels: Labels,
    pub(crate) negative: bool,
    pub(crate) body: Bytes,
    pub(crate) body_hash: u64,
    pub(crate) refresh: RefreshBackoff,
    pub(crate) admitted: Admitted,
    pub(crate) endpoint: Arc<EndpointState>,
}

/// As of which version of its tenant's knowledge a value was last found valid; 0: never.
#[derive(Debug, Default)]
pub(crate) struct Admitted(AtomicU64);

impl Admitted {
    pub(crate) fn note(&self, version: u64) {
        self.0.store(version, Ordering::Relaxed);
    }

    pub(crate) fn is_as_of(&self, version: u64) -> bool {
        self.0.load(Ordering::Relaxed) == version
    }
}

/// Until when no refresh of a value is begun, since the last one failed.
#[derive(Debug, Default)]
pub(crate) struct RefreshBackoff(AtomicU64);

impl RefreshBackoff {
    /// A failed refresh is not repeated sooner than this, however many requests come.
    const SPAN: Duration = Duration::from_secs(1);
    /// An origin that does not want to be asked for longer is asked all the same.
    const SPAN_MAX: Duration = Duration::from_secs(5 * 60);

    /// Notes a refresh that failed, and when the origin wants to be asked again, if it said so.
    pub(crate) fn failed(&self, now: Duration, retry_after: Option<Duration>) {
        let span = retry_after
            .unwrap_or_default()
            .clamp(Self::SPAN, Self::SPAN_MAX);
        let until = Nanos::from(now + span);
        self.0.store(until.get(), Ordering::Relaxed);
    }

    pub(crate) fn allows(&self, now: Duration) -> bool {
        now >= Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

impl Value {
    /// A stored entry of known age, as this node sees it at `now`.
    pub(crate) fn from_stored(
        entry: StoredEntry,
        endpoint: Arc<EndpointState>,
        age: Duration,
        now: Duration,
    ) -> Self {
        Self {
            key: entry.key,
            stamp: LoadStamp {
                stamp: entry.stamp,
                sequence: Generation::ZERO,
                shared: true,
            },
            loaded_at: now.saturating_sub(age).into(),
            loaded_at_wall_ms: millis(entry.loaded_at),
            soft_ttl: entry.lifetime.soft.into(),
            hard_ttl: entry.lifetime.hard.into(),
            labels: Labels::new(entry.tags, &entry.content_type),
            negative: entry.negative,
            body: alone(entry.body),
            body_hash: entry.body_hash,
            refresh: RefreshBackoff::default(),
            admitted: Admitted::default(),
            endpoint,
        }
    }

    /// The entry as a remote tier keeps it.
    pub(crate) fn to_stored(&self, schema: u64) -> StoredEntry {
        StoredEntry {
            key: self.key.clone(),
            schema,
            stamp: self.stamp.stamp,
            loaded_at: Duration::from_millis(self.loaded_at_wall_ms),
            lifetime: self.lifetime(),
            tags: self.labels.tags().clone(),
            negative: self.negative,
            content_type: self.labels.content_type().to_owned(),
            body: self.body.clone(),
            body_hash: self.body_hash,
        }
    }

    /// What tells the stored entry that this value is a copy of from others of its key.
    pub(crate) fn head(&self, schema: u64) -> Vec<u8> {
        let loaded_at = Duration::from_millis(self.loaded_at_wall_ms);
        StoredEntry::head_of(
            schema,
            self.negative,
            self.labels.tags(),
            self.stamp.stamp,
            loaded_at,
        )
        .to_vec()
    }

    /// Whether both values are copies of one load's.
    pub(crate) fn is_same_load(&self, other: &Self) -> bool {
        self.stamp.stamp == other.stamp.stamp
            && self.loaded_at == other.loaded_at
            && self.body_hash == other.body_hash
    }

    pub(crate) fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.loaded_at.into())
    }

    pub(crate) fn freshness(&self, now: Duration) -> Freshness {
        self.lifetime().freshness(self.age(now))
    }

    pub(crate) fn lifetime(&self) -> Lifetime {
        Lifetime {
            soft: self.soft_ttl.into(),
            hard: self.hard_ttl.into(),
        }
    }

    /// The bytes that the local tier charges for this value.
    pub(crate) fn weight(&self) -> u64 {
        let texts = self.key.as_str().len() + self.labels.bytes();
        let bytes = OVERHEAD_BYTES + texts + self.body.len();
        // A sixteenth more is what allocators lose between blocks of many sizes.
        u64::try_from(bytes + bytes / 16).unwrap_or(u64::MAX)
    }
}

/// The bytes in an allocation of exactly their size. What is cut from something larger, or grew in a vector that doubles,
/// would keep all of that alive.
pub(crate) fn alone(body: Bytes) -> Bytes {
    Bytes::from(Vec::from(body).into_boxed_slice())
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
