use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tenantcache_core::{Endpoint, Generation, Key, Lifetime, Table, Tags, TenantId};

use super::LocalTier;
use crate::hashing::Hashing;
use crate::random_incarnation;
use crate::value::{LoadStamp, RefreshBackoff, Value};

fn value(n: u32, loaded_at: u64) -> Arc<Value> {
    let (endpoint, tenant) = (Endpoint::new("e").unwrap(), TenantId::new("t").unwrap());
    let body = Bytes::from(vec![0; 1_000]);
    Arc::new(Value {
        key: Key::new(&endpoint, &tenant).param("n", n).unwrap(),
        stamp: LoadStamp {
            stamp: Table::new(random_incarnation()).stamp(),
            sequence: Generation::ZERO,
            shared: false,
        },
        loaded_at: Duration::from_secs(loaded_at),
        lifetime: Lifetime {
            soft: Duration::from_secs(1),
            hard: Duration::from_secs(2),
        },
        tags: Tags::none(),
        negative: false,
        content_type: String::new(),
        body_hash: 0,
        body,
        refresh: RefreshBackoff::default(),
    })
}

#[test]
fn only_what_makes_room_counts_as_evicted() {
    let tier = LocalTier::new(1 << 20, &Hashing::default()).unwrap();
    for round in 0..20 {
        for n in 0..50 {
            assert!(tier.insert(&value(n, round), |_| true));
        }
    }
    assert_eq!((tier.usage().entries, tier.usage().evictions), (50, 0));
    for n in 0..5_000 {
        assert!(tier.insert(&value(n, 100), |_| true));
    }
    let usage = tier.usage();
    assert!(usage.evictions > 3_000, "{usage:?}");
    assert!(usage.used_bytes <= usage.max_bytes, "{usage:?}");
}
