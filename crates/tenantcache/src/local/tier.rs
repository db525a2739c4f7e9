use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use tenantcache_core::TenantId;

use super::shard::{Inserted, Shard};
use crate::hashing::Hashing;
use crate::value::Value;
use crate::{Error, ErrorKind};

/// A shard must hold large bodies too: it takes nothing that is heavier than half of it.
const SHARD_BYTES_MIN: u64 = 16 << 20;
const SHARDS_MAX: u64 = 64;

/// The tier in this process, bounded in bytes. A key's hash says in which shard it is; each has a lock and an equal part
/// of the bound, and decides alone who stays. Reading takes the lock shared.
pub(crate) struct LocalTier {
    shards: Box<[RwLock<Shard>]>,
    hashing: Hashing,
    evictions: AtomicU64,
    rejections: AtomicU64,
}

impl LocalTier {
    /// The most of the bound that may be promised to tenants. With more, there could be no room for a value of half a
    /// shard without breaking a promise.
    const FLOOR_PERCENT_MAX: u8 = 50;

    pub(crate) fn new(
        bytes_max: u64,
        tenant_floor_percent: u8,
        hashing: &Hashing,
    ) -> Result<Self, Error> {
        if tenant_floor_percent > Self::FLOOR_PERCENT_MAX {
            let problem = format!("a tenant floor of {tenant_floor_percent} %, above 50 %");
            return Err(Error::with_source(ErrorKind::Settings, problem));
        }
        let count = (bytes_max / SHARD_BYTES_MIN).clamp(1, SHARDS_MAX);
        let (bytes, floors) = (
            bytes_max / count,
            bytes_max / count * u64::from(tenant_floor_percent) / 100,
        );
        let shard = |_| RwLock::new(Shard::new(bytes, floors, hashing.clone()));
        Ok(Self {
            shards: (0..count).map(shard).collect(),
            hashing: hashing.clone(),
            evictions: AtomicU64::new(0),
            rejections: AtomicU64::new(0),
        })
    }

    /// The value of the key with this text.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Value> {
        let hash = self.hashing.hash_one(key);
        self.shard(hash).read().get(hash, key).cloned()
    }

    /// Keeps the value, unless the same or a later load of its key is already there and `is_alive`. Gives whether it can
    /// be kept. One that is too large for that takes the place of an earlier one all the same, and leaves it empty.
    pub(crate) fn insert(&self, value: &Value, is_alive: impl Fn(&Value) -> bool) -> bool {
        let yields = |known: &Value| {
            (known.loaded_at <= value.loaded_at || !is_alive(known)) && !known.is_same_load(value)
        };
        let hash = self.hashing.hash_one(value.key().as_bytes());
        let inserted = self.shard(hash).write().insert(hash, value, yields);
        // The shard is unlocked by now: what left it is dropped here.
        match inserted {
            Inserted::Kept { evicted, .. } => {
                let count = u64::try_from(evicted.len()).unwrap_or(u64::MAX);
                self.evictions.fetch_add(count, Ordering::Relaxed);
                true
            }
            Inserted::TooLarge { .. } => {
                self.rejections.fetch_add(1, Ordering::Relaxed);
                false
            }
        }
    }

    /// The tenant's entries, in no order. Walks the whole tier: for operators, not for requests.
    pub(crate) fn of_tenant(&self, tenant: &TenantId) -> Vec<Value> {
        let mut own = Vec::new();
        for shard in &self.shards {
            let shard = shard.read();
            let of_tenant = |value: &&Value| value.key().tenant() == tenant.as_str();
            own.extend(shard.values().filter(of_tenant).cloned());
        }
        own
    }

    /// What a tenant takes of the tier.
    pub(crate) fn usage_of(&self, tenant: &TenantId) -> TenantUsage {
        let mut usage = TenantUsage::default();
        for shard in &self.shards {
            if let Some((bytes, entries)) = shard.read().accounts().of(tenant.as_str()) {
                usage.bytes += bytes;
                usage.entries += u64::from(entries);
            }
        }
        usage
    }

    /// What each tenant that has entries takes of the tier. Walks their accounts in each shard: for operators, not for
    /// requests.
    pub(crate) fn usage_by_tenant(&self) -> HashMap<String, TenantUsage> {
        let mut tenants: HashMap<String, TenantUsage> = HashMap::new();
        for shard in &self.shards {
            for (tenant, bytes, entries) in shard.read().accounts().iter() {
                // Most are known from an earlier shard.
                let usage = match tenants.get_mut(tenant) {
                    Some(usage) => usage,
                    None => tenants.entry(tenant.to_owned()).or_default(),
                };
                usage.bytes += bytes;
                usage.entries += u64::from(entries);
            }
        }
        tenants
    }

    pub(crate) fn usage(&self) -> LocalUsage {
        let mut usage = LocalUsage {
            used_bytes: 0,
            max_bytes: 0,
            entries: 0,
            evictions: self.evictions.load(Ordering::Relaxed),
            rejections: self.rejections.load(Ordering::Relaxed),
        };
        for shard in &self.shards {
            let shard = shard.read();
            usage.used_bytes += shard.bytes();
            usage.max_bytes += shard.bytes_max();
            usage.entries += shard.len();
        }
        usage
    }

    /// Takes other bits of the hash than the shard's own table does.
    fn shard(&self, hash: u64) -> &RwLock<Shard> {
        let bits = (hash >> 16) & u64::from(u32::MAX);
        let count = u64::try_from(self.shards.len()).unwrap_or(SHARDS_MAX);
        let at = usize::try_from((bits * count) >> 32).unwrap_or_default();
        &self.shards[at]
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
    /// Bytes charged: bodies, texts and 176 bytes an entry, a sixteenth more for what the allocator loses, and 96 bytes a
    /// tenant and shard.
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

/// What a tenant takes of the local tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantUsage {
    /// Bytes charged for its entries.
    pub bytes: u64,
    /// How many there are.
    pub entries: u64,
}
