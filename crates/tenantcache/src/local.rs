use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};
use tenantcache_core::{Key, TenantId};

use crate::hashing::Hashing;
use crate::value::Value;
use crate::{Error, ErrorKind};

/// A shard must hold large bodies too: the engine rejects what is heavier than one shard.
const SHARD_BYTES_MIN: u64 = 16 << 20;
const SHARDS_MAX: u64 = 64;
/// What an entry is expected to weigh, which sizes the engine's own tables.
const ENTRY_BYTES_EXPECTED: u64 = 4 << 10;

/// The tier in this process: S3-FIFO (Yang et al., SOSP 2023) as `quick_cache` has it, bounded in bytes.
pub(crate) struct LocalTier {
    entries: Cache<Key, Arc<Value>, ByWeight, Hashing, HandOver>,
    evictions: AtomicU64,
    rejections: AtomicU64,
}

#[derive(Clone)]
struct ByWeight;

impl Weighter<Key, Arc<Value>> for ByWeight {
    fn weight(&self, _key: &Key, value: &Arc<Value>) -> u64 {
        value.weight()
    }
}

/// Hands the values that leave to whoever inserts, so that they are dropped after the shard's lock is released.
#[derive(Clone)]
struct HandOver;

impl Lifecycle<Key, Arc<Value>> for HandOver {
    type RequestState = Vec<Arc<Value>>;

    fn on_evict(&self, leaving: &mut Vec<Arc<Value>>, _key: Key, value: Arc<Value>) {
        leaving.push(value);
    }
}

impl LocalTier {
    pub(crate) fn new(capacity_bytes: u64, hashing: &Hashing) -> Result<Self, Error> {
        let shards = (capacity_bytes / SHARD_BYTES_MIN).clamp(1, SHARDS_MAX);
        let options = OptionsBuilder::new()
            .shards(usize::try_from(shards).unwrap_or(1))
            .estimated_items_capacity(
                usize::try_from(capacity_bytes / ENTRY_BYTES_EXPECTED).unwrap_or(usize::MAX),
            )
            .weight_capacity(capacity_bytes)
            .build()
            .map_err(|error| Error::with_source(ErrorKind::Settings, error.to_string()))?;
        let entries = Cache::with_options(options, ByWeight, hashing.clone(), HandOver);
        Ok(Self {
            entries,
            evictions: AtomicU64::new(0),
            rejections: AtomicU64::new(0),
        })
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.entries.get(key)
    }

    /// Keeps the value, unless the same or a later load of its key is already there and `is_alive`. Gives whether it can
    /// be kept. One that is too large for that takes the place of an earlier one all the same, and leaves it empty.
    pub(crate) fn insert(&self, value: &Arc<Value>, is_alive: impl Fn(&Value) -> bool) -> bool {
        let yields = |known: &Arc<Value>| known.loaded_at <= value.loaded_at || !is_alive(known);
        if value.weight() > self.entries.shard_capacity() / 2 {
            self.rejections.fetch_add(1, Ordering::Relaxed);
            let _earlier = self.entries.remove_if(&value.key, yields);
            return false;
        }
        let known = self.entries.peek(&value.key);
        if known.is_none_or(|known| yields(&known) && !known.is_same_load(value)) {
            let mut leaving = Vec::new();
            self.entries
                .insert_with_lifecycle(value.key.clone(), Arc::clone(value), &mut leaving);
            // The engine hands over the value that is replaced, too.
            let evicted = leaving.iter().filter(|left| left.key != value.key).count();
            let evicted = u64::try_from(evicted).unwrap_or(u64::MAX);
            self.evictions.fetch_add(evicted, Ordering::Relaxed);
        }
        true
    }

    /// The tenant's entries, in no order. Walks the whole tier: for operators, not for requests.
    pub(crate) fn of_tenant(&self, tenant: &TenantId) -> Vec<Arc<Value>> {
        let own = |value: &Arc<Value>| value.key.tenant() == tenant.as_str();
        self.entries
            .iter()
            .map(|(_, value)| value)
            .filter(own)
            .collect()
    }

    pub(crate) fn usage(&self) -> LocalUsage {
        LocalUsage {
            used_bytes: self.entries.weight(),
            max_bytes: self.entries.capacity(),
            entries: self.entries.len(),
            evictions: self.evictions.load(Ordering::Relaxed),
            rejections: self.rejections.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for LocalTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTier")
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

/// Memory of the local tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalUsage {
    /// Bytes charged: bodies, texts and 280 bytes an entry.
    pub used_bytes: u64,
    /// The bound on it.
    pub max_bytes: u64,
    /// How many entries there are.
    pub entries: usize,
    /// Entries that left to make room.
    pub evictions: u64,
    /// Values that were too large to be kept: over half of one shard.
    pub rejections: u64,
}

#[cfg(test)]
mod tests;
