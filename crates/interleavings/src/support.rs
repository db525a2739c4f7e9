use std::sync::Arc;
use std::time::Duration;

use shuttle::scheduler::{DfsScheduler, RandomScheduler};
use shuttle::{Config, Runner};
use tenantcache_core::{
    Endpoint, Generation, Incarnation, Key, Lifetime, Scope, Stamp, Table, Tags, TenantId,
};

use crate::labels::Labels;
use crate::mirror::{Judgement, TenantState, Trust};
use crate::value::{Facts, LoadStamp, Value};

/// The most orders tried one after the other; what is beyond is tried at random.
const IN_ORDER_MAX: usize = 10_000;
const AT_RANDOM: usize = 5_000;

/// Runs the situation in every order of its steps; if these are too many, in the first ones and in random ones.
pub(crate) fn explore(situation: impl Fn() + Send + Sync + 'static) {
    let situation = Arc::new(situation);
    let in_order = Arc::clone(&situation);
    let scheduler = DfsScheduler::new(Some(IN_ORDER_MAX), false);
    let tried = Runner::new(scheduler, Config::new()).run(move || in_order());
    if tried >= IN_ORDER_MAX {
        let scheduler = RandomScheduler::new_from_seed(20_261_123, AT_RANDOM);
        Runner::new(scheduler, Config::new()).run(move || situation());
    }
}

pub(crate) const TRUST: Trust = Trust {
    coherence_bound: Duration::from_secs(2),
    missed_at: Duration::ZERO,
    outage_ttl: None,
};

pub(crate) fn at(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn key() -> Key {
    let endpoint = Endpoint::new("products").expect("a valid name");
    Key::new(&endpoint, &tenant())
}

pub(crate) fn tenant() -> TenantId {
    TenantId::new("tenant-001").expect("a valid name")
}

pub(crate) fn scope(name: &str) -> Scope {
    Scope::Endpoint(Endpoint::new(name).expect("a valid name"))
}

/// The table of this life, after so many invalidations of all `products`.
pub(crate) fn table(life: u128, invalidations: usize) -> Table {
    let mut table = Table::new(Incarnation::from_u128(life));
    for _ in 0..invalidations {
        table.invalidate([scope("products")]);
    }
    table
}

/// A tenant whose mirror is proven to be the first table, in which nothing was invalidated.
pub(crate) fn warm() -> Arc<TenantState> {
    let state = TenantState::new(tenant());
    let _ = state.install(&table(1, 0), at(1), at(2));
    Arc::new(state)
}

pub(crate) fn stamped(stamp: Stamp, sequence: u64) -> LoadStamp {
    LoadStamp {
        stamp,
        sequence: Generation::from_u64(sequence),
        shared: true,
    }
}

/// A value whose load noted this stamp. Its body is its version.
pub(crate) fn value(stamp: LoadStamp, version: &'static str) -> Value {
    value_of(&key(), at(2), stamp, version)
}

pub(crate) fn value_of(
    key: &Key,
    loaded_at: Duration,
    stamp: LoadStamp,
    version: &'static str,
) -> Value {
    let facts = Facts {
        stamp,
        loaded_at,
        loaded_at_wall_ms: 0,
        lifetime: Lifetime {
            soft: Duration::from_secs(60),
            hard: Duration::from_secs(60),
        },
        labels: Labels::new(Tags::none(), ""),
        negative: false,
        body_hash: 0,
        endpoint: Arc::default(),
    };
    Value::new(key, version.as_bytes(), facts)
}

/// The judgement of a request that comes shortly after all that happens here.
pub(crate) fn judge(state: &TenantState, value: &Value) -> Judgement {
    state.judge(value, TRUST, || at(100))
}
