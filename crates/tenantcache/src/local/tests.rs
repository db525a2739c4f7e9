use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use tenantcache_core::{Endpoint, Generation, Key, Lifetime, PolicyTable, Table, Tags, TenantId};

use super::accounts::Accounts;
use super::shard::{Inserted, Shard};
use super::{LocalTier, LocalUsage};
use crate::endpoints::Endpoints;
use crate::hashing::Hashing;
use crate::labels::Labels;
use crate::random_incarnation;
use crate::value::{Facts, LoadStamp, Value};

static ENDPOINTS: LazyLock<Endpoints> = LazyLock::new(|| Endpoints::new(PolicyTable::default()));
const MIB: u64 = 1 << 20;
const FRESH: Duration = Duration::from_secs(1_000);

fn key(tenant: &str, n: usize) -> Key {
    let (endpoint, tenant) = (Endpoint::new("e").unwrap(), TenantId::new(tenant).unwrap());
    Key::new(&endpoint, &tenant).param("n", n).unwrap()
}

fn value(key: &Key, body_bytes: usize, loaded_at: u64, hard: Duration) -> Value {
    let facts = Facts {
        stamp: LoadStamp {
            stamp: Table::new(random_incarnation()).stamp(),
            sequence: Generation::ZERO,
            shared: false,
        },
        loaded_at: Duration::from_secs(loaded_at),
        loaded_at_wall_ms: 0,
        lifetime: Lifetime {
            soft: Duration::ZERO,
            hard,
        },
        labels: Labels::new(Tags::none(), ""),
        negative: false,
        body_hash: 0,
        endpoint: ENDPOINTS.state("e"),
    };
    Value::new(key, &vec![0; body_bytes], facts)
}

/// A tier, and how it is used here: a value that is not there is put there.
struct Bench {
    tier: LocalTier,
    now: u64,
}

impl Bench {
    fn new(floor_percent: u8) -> Self {
        let tier = LocalTier::new(MIB, floor_percent, &Hashing::default()).unwrap();
        Self { tier, now: 0 }
    }

    /// Gives whether it was there.
    fn read(&mut self, tenant: &str, n: usize) -> bool {
        let key = key(tenant, n);
        let hit = self.tier.get(key.as_bytes()).is_some();
        if !hit {
            self.insert(tenant, n, FRESH);
        }
        hit
    }

    fn insert(&self, tenant: &str, n: usize, hard: Duration) {
        let value = value(&key(tenant, n), 1_000, self.now, hard);
        assert!(self.tier.insert(&value, |_| true));
    }

    fn has(&self, tenant: &str, n: usize) -> bool {
        let id = TenantId::new(tenant).unwrap();
        let key = key(tenant, n);
        self.tier
            .of_tenant(&id)
            .iter()
            .any(|value| value.key() == (&key).into())
    }

    fn usage(&self) -> LocalUsage {
        self.tier.usage()
    }
}

#[test]
fn only_what_makes_room_counts_as_evicted() {
    let bench = Bench::new(50);
    for _round in 0..20 {
        for n in 0..50 {
            bench.insert("t", n, FRESH);
        }
    }
    assert_eq!((bench.usage().entries, bench.usage().evictions), (50, 0));
    for n in 0..5_000 {
        bench.insert("t", n, FRESH);
    }
    let usage = bench.usage();
    assert!(usage.evictions > 3_000, "{usage:?}");
    assert!(usage.used_bytes <= usage.max_bytes, "{usage:?}");
}

/// What is read once pushes out only its like.
#[test]
fn a_scan_leaves_what_is_read_again() {
    let mut bench = Bench::new(0);
    for n in (0..400).chain(0..400) {
        bench.read("t", n);
    }
    for n in 1_000..20_000 {
        bench.read("t", n);
    }
    let hits = (0..400).filter(|n| bench.read("t", *n)).count();
    assert_eq!(hits, 400);
}

/// A key that comes back soon after it left begins in the main queue, where a scan doesn't reach it.
#[test]
fn what_comes_back_is_remembered() {
    let mut bench = Bench::new(0);
    for n in 0..2_000 {
        bench.read("t", n);
    }
    let came_back = (0..2_000).rev().find(|n| !bench.has("t", *n)).unwrap();
    bench.read("t", came_back);
    for n in 3_000..5_000 {
        bench.read("t", n);
    }
    assert!(bench.has("t", came_back));
}

#[test]
fn a_tenant_keeps_its_floor_whatever_others_read() {
    for (floor_percent, kept) in [(50, 100), (0, 0)] {
        let mut bench = Bench::new(floor_percent);
        (0..100).for_each(|n| bench.insert("small", n, FRESH));
        for n in 0..30_000 {
            // The other reads all of it again, so it is no mere scan.
            bench.read("large", n / 64 * 32 + n % 32);
        }
        let left = (0..100).filter(|n| bench.has("small", *n)).count();
        assert_eq!(left, kept, "with a floor of {floor_percent} %");
    }
}

#[test]
fn a_floor_does_not_keep_what_has_expired() {
    let mut bench = Bench::new(50);
    (0..100).for_each(|n| bench.insert("small", n, Duration::from_secs(1)));
    bench.now = 2;
    (0..30_000).for_each(|n| {
        bench.read("large", n);
    });
    assert!((0..100).all(|n| !bench.has("small", n)));
}

/// The promises shrink as tenants come, so that there is always something to evict.
#[test]
fn many_tenants_share_what_is_promised() {
    let mut bench = Bench::new(50);
    for n in 0..20_000 {
        bench.read(&format!("tenant-{n}"), 0);
        let usage = bench.usage();
        assert!(usage.used_bytes <= usage.max_bytes, "{usage:?}");
    }
    let usage = bench.usage();
    assert!(usage.used_bytes > usage.max_bytes * 95 / 100, "{usage:?}");
}

#[test]
fn more_than_half_cannot_be_promised() {
    assert!(LocalTier::new(MIB, 51, &Hashing::default()).is_err());
}

#[derive(Clone, Debug)]
enum Step {
    Insert {
        n: usize,
        body_bytes: usize,
        hard: u64,
    },
    Read {
        n: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let body_bytes = prop_oneof![9 => 0..3_000_usize, 1 => 0..60_000_usize];
    prop_oneof![
        2 => (0..300_usize, body_bytes, 1..400_u64).prop_map(|(n, body_bytes, hard)| Step::Insert { n, body_bytes, hard }),
        3 => (0..300_usize).prop_map(|n| Step::Read { n }),
    ]
}

/// What a shard should hold, by what it said that it let go.
#[derive(Default)]
struct Model {
    resident: BTreeMap<usize, Value>,
}

impl Model {
    fn bytes(&self) -> u64 {
        let tenants: BTreeSet<&str> = self.resident.values().map(|v| v.key().tenant()).collect();
        let accounts = Accounts::BYTES_EACH * tenants.len() as u64;
        self.resident.values().map(|v| v.weight()).sum::<u64>() + accounts
    }

    fn bytes_of(&self, tenant: &str) -> u64 {
        let own = self
            .resident
            .values()
            .filter(|v| v.key().tenant() == tenant);
        own.map(|value| value.weight()).sum::<u64>() + Accounts::BYTES_EACH
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The shard accounts for every byte, keeps its bound, gives the value that was put there last, tells of all that
    /// leaves, and takes nothing that is still of use from a tenant within its floor.
    #[test]
    fn a_shard_is_what_its_model_says(
        steps in proptest::collection::vec(step(), 1..1_500),
        tenants in 1..6_usize,
        equal in any::<bool>(),
    ) {
        const BYTES: u64 = 64 << 10;
        let hashing = if equal { Hashing::equal() } else { Hashing::default() };
        let mut shard = Shard::new(BYTES, BYTES / 2, hashing.clone());
        let mut model = Model::default();
        let name = |n: usize| format!("t{}", n % tenants);
        for (now, step) in (1..).zip(steps) {
            match step {
                Step::Read { n } => {
                    let key = key(&name(n), n);
                    let found = shard.get(hashing.hash_one(key.as_bytes()), key.as_bytes());
                    let expected = model.resident.get(&n);
                    let same = found.zip(expected).map(|(found, expected)| found.is(expected));
                    prop_assert!(same.unwrap_or(found.is_none() && expected.is_none()));
                }
                Step::Insert { n, body_bytes, hard } => {
                    let value = value(&key(&name(n), n), body_bytes, now, Duration::from_secs(hard));
                    match shard.insert(hashing.hash_one(value.key().as_bytes()), &value, |_| true) {
                        Inserted::Kept { evicted, .. } => {
                            model.resident.insert(n, value.clone());
                            let floor = BYTES / 2 / tenants as u64;
                            for left in evicted {
                                let own = model.bytes_of(left.key().tenant());
                                let age = left.age(Duration::from_secs(now));
                                let expired = age >= left.lifetime().hard;
                                prop_assert!(expired || own > floor, "{own} of {floor} bytes");
                                let known: usize = left.key().to_key().params()[0].1.parse().unwrap();
                                model.resident.remove(&known);
                            }
                        }
                        Inserted::TooLarge { .. } => {
                            prop_assert!(value.weight() > BYTES / 2 - Accounts::BYTES_EACH);
                            model.resident.remove(&n);
                        }
                    }
                }
            }
            prop_assert_eq!(shard.len(), model.resident.len());
            prop_assert_eq!(shard.bytes(), model.bytes());
            prop_assert!(shard.bytes() <= shard.bytes_max());
        }
    }
}
