use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tenantcache_core::{
    Endpoint, Generation, Incarnation, Key, Lifetime, Scope, Stamp, StoredEntry, Table, Tags,
    TenantId,
};

use super::promote;
use crate::Cache;
use crate::cache::Inner;
use crate::clock::{Clock, ManualClock};
use crate::mirror::TenantState;
use crate::remote::RemoteEntry;
use crate::value::Value;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A cache that has a mirror of `table`, and is about to take up an entry.
struct Bench {
    cache: Cache,
    clock: ManualClock,
    state: Arc<TenantState>,
}

impl Bench {
    fn new(table: &Table) -> Self {
        let clock = ManualClock::new();
        let cache = Cache::builder().with_clock(clock.clone()).build().unwrap();
        let state = cache.inner.tenants.state(&TenantId::new("a").unwrap());
        state.install(table, clock.monotonic(), clock.monotonic());
        Self {
            cache,
            clock,
            state,
        }
    }

    fn inner(&self) -> &Inner {
        &self.cache.inner
    }

    fn entry(&self, stamp: Stamp) -> StoredEntry {
        let body = Bytes::from_static(b"value");
        StoredEntry {
            key: key("products"),
            schema: 0,
            stamp,
            loaded_at: self.clock.wall(),
            lifetime: Lifetime {
                soft: seconds(60),
                hard: seconds(120),
            },
            tags: Tags::none(),
            negative: false,
            content_type: String::new(),
            body_hash: StoredEntry::hash_body(&body),
            body,
        }
    }

    fn promote(&self, entry: &StoredEntry, remaining: u64, table: &Table) -> Option<Value> {
        let stored = RemoteEntry {
            bytes: entry.encode().unwrap(),
            remaining: Some(seconds(remaining)),
        };
        promote(self.inner(), &self.state, &key("products"), stored, table)
    }
}

fn key(endpoint: &str) -> Key {
    let tenant = TenantId::new("a").unwrap();
    Key::new(&Endpoint::new(endpoint).unwrap(), &tenant)
}

fn table(incarnation: u128) -> Table {
    Table::new(Incarnation::from_u128(incarnation))
}

fn invalidated(table: &Table) -> Table {
    let mut table = table.clone();
    table.invalidate([Scope::Tenant]);
    table
}

#[test]
fn a_valid_entry_is_taken_up() {
    let table = table(1);
    let bench = Bench::new(&table);
    let promoted = bench.promote(&bench.entry(table.stamp()), 120, &table);
    assert_eq!(promoted.unwrap().body(), b"value");
    assert!(
        bench
            .inner()
            .local
            .get(key("products").as_bytes())
            .is_some()
    );
}

/// The reply was read before the mirror learned of an invalidation.
#[test]
fn the_mirror_as_it_is_now_has_a_say() {
    let table = table(1);
    let bench = Bench::new(&invalidated(&table));
    let entry = bench.entry(table.stamp());
    assert!(bench.promote(&entry, 120, &table).is_none());
    assert_eq!(bench.cache.counters().promotions_refused, 1);
    assert!(
        bench
            .inner()
            .local
            .get(key("products").as_bytes())
            .is_none()
    );
}

/// The mirror kept its table, for the reply was sent before that was learned; yet the reply's table speaks against the
/// entry.
#[test]
fn the_table_read_with_the_entry_has_a_say() {
    let known = table(1);
    let bench = Bench::new(&known);
    for read in [invalidated(&known), table(2)] {
        assert!(
            bench
                .promote(&bench.entry(known.stamp()), 120, &read)
                .is_none()
        );
    }
    assert_eq!(bench.cache.counters().promotions_refused, 2);
}

#[test]
fn an_unconfirmed_invalidation_has_a_say() {
    let table = table(1);
    let bench = Bench::new(&table);
    bench
        .state
        .overlay_add(&[Scope::Tenant], Generation::from_u64(1));
    assert!(
        bench
            .promote(&bench.entry(table.stamp()), 120, &table)
            .is_none()
    );
}

#[test]
fn another_keys_entry_is_dropped() {
    let table = table(1);
    let bench = Bench::new(&table);
    let entry = StoredEntry {
        key: key("dashboard_kpis"),
        ..bench.entry(table.stamp())
    };
    assert!(bench.promote(&entry, 120, &table).is_none());
    let unusable = bench.cache.counters().unusable_entries;
    assert!(unusable.contains(&("foreign", 1)));
}

#[test]
fn an_entry_of_another_schema_is_dropped() {
    let table = table(1);
    let bench = Bench::new(&table);
    let entry = StoredEntry {
        schema: 1,
        ..bench.entry(table.stamp())
    };
    assert!(bench.promote(&entry, 120, &table).is_none());
    let unusable = bench.cache.counters().unusable_entries;
    assert!(unusable.contains(&("other_schema", 1)));
}

/// A clock that is wrong makes an entry old, never young.
#[test]
fn age_is_the_greater_of_what_two_clocks_say() {
    let table = table(1);
    let bench = Bench::new(&table);
    let age = |loaded_at: Duration, remaining: u64| {
        let entry = StoredEntry {
            loaded_at,
            ..bench.entry(table.stamp())
        };
        let promoted = bench.promote(&entry, remaining, &table);
        promoted.map(|value| value.age(bench.clock.monotonic()))
    };
    let wall = bench.clock.wall();
    assert_eq!(age(wall - seconds(30), 110), Some(seconds(30)));
    assert_eq!(age(wall - seconds(30), 80), Some(seconds(40)));
    assert_eq!(
        age(wall + seconds(3_600), 100),
        Some(seconds(20)),
        "a clock ahead"
    );
    assert_eq!(age(wall - seconds(120), 120), None, "expired");
    assert_eq!(age(wall, 0), None, "expired");
}
