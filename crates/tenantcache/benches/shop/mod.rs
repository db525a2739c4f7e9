//! A cache full of small entries, and ways to hit them.

use std::sync::Arc;

use futures_util::FutureExt;
use quick_cache::UnitWeighter;
use tenantcache::clock::Clock;
use tenantcache::core::KeyDraft;
use tenantcache::{Cache, Endpoint, EntryRef, Key, Loaded, Tenant, TenantId};

/// How often each thread's order of reads goes on before it comes again.
const ORDER: usize = 1 << 18;
const ZIPF: f64 = 0.9;

type QuickCache =
    quick_cache::sync::Cache<Key, Arc<[u8]>, UnitWeighter, foldhash::quality::RandomState>;

pub(crate) struct Shop {
    cache: Cache,
    endpoint: Endpoint,
    tenants: Vec<TenantId>,
    entries: usize,
    keys: Vec<Key>,
    quick_cache: Arc<QuickCache>,
}

/// One hit, of whatever kind, of the entry with this number; whether it was one.
pub(crate) type Hit = fn(&Hands, usize) -> bool;

/// What one thread works with.
pub(crate) struct Hands {
    pub(crate) order: Vec<usize>,
    cache: Cache,
    endpoint: Endpoint,
    ids: Vec<TenantId>,
    tenants: Vec<Tenant>,
    keys: Vec<Key>,
    ready: Vec<EntryRef>,
    quick_cache: Arc<QuickCache>,
}

impl Shop {
    pub(crate) fn new(tenants: usize, entries: usize, clock: impl Clock) -> Self {
        let cache = Cache::builder()
            .with_clock(clock)
            .with_local_bytes_max(16 << 30)
            .build()
            .expect("the settings are good");
        let id = |n| TenantId::new(&format!("tenant-{n:06}")).expect("a good id");
        let shop = Self {
            cache,
            endpoint: Endpoint::new("dashboard_trends").expect("a good name"),
            tenants: (0..tenants).map(id).collect(),
            entries,
            keys: Vec::new(),
            quick_cache: Arc::new(QuickCache::with(
                1,
                1,
                UnitWeighter,
                foldhash::quality::RandomState::default(),
                quick_cache::sync::DefaultLifecycle::default(),
            )),
        };
        let hands: Vec<_> = shop
            .tenants
            .iter()
            .map(|id| shop.cache.tenant(id))
            .collect();
        for n in 0..entries {
            let entry = hands[n % tenants].entry(&shop.endpoint).param("days", n);
            let ticket = entry
                .begin()
                .now_or_never()
                .expect("there is no remote tier");
            let stored = entry
                .insert(ticket, Loaded::new("0123456789abcdef"))
                .now_or_never();
            assert!(matches!(stored, Some(Ok(true))), "it fits");
        }
        shop
    }

    pub(crate) fn with_ready_keys(tenants: usize, entries: usize, clock: impl Clock) -> Self {
        let shop = Self::new(tenants, entries, clock);
        let keys: Vec<_> = (0..entries)
            .map(|n| {
                let key = Key::new(&shop.endpoint, &shop.tenants[n % tenants]);
                key.param("days", n).expect("a good parameter")
            })
            .collect();
        let quick_cache = QuickCache::with(
            entries * 2,
            u64::try_from(entries * 2).expect("it is small"),
            UnitWeighter,
            foldhash::quality::RandomState::default(),
            quick_cache::sync::DefaultLifecycle::default(),
        );
        for key in &keys {
            quick_cache.insert(key.clone(), Arc::from(*b"0123456789abcdef"));
        }
        Self {
            keys,
            quick_cache: Arc::new(quick_cache),
            ..shop
        }
    }

    pub(crate) fn hands(&self, seed: u64) -> Hands {
        let tenants: Vec<_> = self
            .tenants
            .iter()
            .map(|id| self.cache.tenant(id))
            .collect();
        let ready = (0..self.keys.len())
            .map(|n| {
                tenants[n % tenants.len()]
                    .entry(&self.endpoint)
                    .param("days", n)
            })
            .collect();
        Hands {
            order: zipf(self.entries, seed),
            cache: self.cache.clone(),
            endpoint: self.endpoint.clone(),
            ids: self.tenants.clone(),
            tenants,
            keys: self.keys.clone(),
            ready,
            quick_cache: Arc::clone(&self.quick_cache),
        }
    }
}

impl Hands {
    pub(crate) fn engine_ready(&self, n: usize) -> bool {
        self.cache.dangerous_unjudged(self.keys[n].as_bytes())
    }

    pub(crate) fn quick_cache_ready(&self, n: usize) -> bool {
        self.quick_cache.get(&self.keys[n]).is_some()
    }

    pub(crate) fn hit_ready(&self, n: usize) -> bool {
        self.ready[n].hit().is_some()
    }

    pub(crate) fn get_or_load_ready(&self, n: usize) -> bool {
        get_or_load(self.ready[n].clone())
    }

    pub(crate) fn engine_built(&self, n: usize) -> bool {
        let mut key = KeyDraft::new(&self.endpoint, &self.ids[n % self.ids.len()]);
        key.param("days", n).expect("a good parameter");
        self.cache.dangerous_unjudged(key.as_bytes())
    }

    pub(crate) fn get_or_load_built(&self, n: usize) -> bool {
        get_or_load(self.entry(n))
    }

    pub(crate) fn entry(&self, n: usize) -> EntryRef {
        self.tenants[n % self.tenants.len()]
            .entry(&self.endpoint)
            .param("days", n)
    }
}

fn get_or_load(entry: EntryRef) -> bool {
    let read = entry.get_or_load(async |_| Err::<Loaded, _>("it is there"));
    matches!(read.now_or_never(), Some(Ok(_)))
}

/// Reads of `count` entries by Zipf's law, in the continuous approximation; which entries are popular has nothing to do
/// with when they came.
fn zipf(count: usize, seed: u64) -> Vec<usize> {
    let mut random = fastrand::Rng::with_seed(seed);
    let exponent = 1.0 - ZIPF;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ranks are small"
    )]
    let rank = |uniform: f64| {
        let top = (count as f64).powf(exponent) - 1.0;
        (1.0 + uniform * top).powf(1.0 / exponent) as usize - 1
    };
    (0..ORDER)
        .map(|_| rank(random.f64()).min(count - 1) * 2_654_435_761 % count)
        .collect()
}
