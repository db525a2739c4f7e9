//! What two do to the local tier at once.

use std::sync::Arc;

use shuttle::thread;
use tenantcache_core::Key;

use crate::hashing::Hashing;
use crate::local::LocalTier;
use crate::support::{at, explore, key, stamped, table, value_of};
use crate::value::Value;

fn tier(bytes_max: u64) -> Arc<LocalTier> {
    let tier = LocalTier::new(bytes_max, 25, &Hashing::equal());
    Arc::new(tier.expect("a quarter may be promised"))
}

fn loaded(key: &Key, at_ms: u64) -> Value {
    let stamp = stamped(table(1, 0).stamp(), 0);
    value_of(key, at(at_ms), stamp, "value")
}

/// Two loads of a key end at once, in whatever order they began: what is kept is the later one, and is accounted once.
pub fn the_latest_load_stays() {
    explore(|| {
        let tier = tier(1 << 20);
        let (older, newer) = (loaded(&key(), 3), loaded(&key(), 4));
        let alone = {
            let tier = self::tier(1 << 20);
            assert!(tier.insert(&newer, |_| true));
            tier.usage().used_bytes
        };
        let insert = |value: &Value| {
            let (tier, value) = (Arc::clone(&tier), value.clone());
            thread::spawn(move || assert!(tier.insert(&value, |_| true)))
        };
        let threads = [insert(&older), insert(&newer)];
        // Whoever reads meanwhile finds one of them or nothing.
        let _found = tier.get(key().as_str().as_bytes());
        for thread in threads {
            thread.join().expect("no thread panics");
        }
        let found = tier
            .get(key().as_str().as_bytes())
            .expect("one of them is there");
        assert!(found.is(&newer), "the earlier load stands in");
        assert_eq!(tier.usage().used_bytes, alone);
    });
}

/// Two make room in a tier that holds three entries: it keeps its bound, and knows what it holds.
pub fn what_is_evicted_by_two_is_accounted_once() {
    explore(|| {
        let numbered = |n: u64| {
            let key = key().param("n", n).expect("a valid parameter");
            loaded(&key, n)
        };
        let entry_bytes = numbered(1).weight();
        let tier = tier(3 * entry_bytes + 100);
        assert!((0..3).all(|n| tier.insert(&numbered(n), |_| true)));
        let threads = [3, 5].map(|first| {
            let tier = Arc::clone(&tier);
            let values = [numbered(first), numbered(first + 1)];
            thread::spawn(move || {
                values
                    .iter()
                    .for_each(|value| assert!(tier.insert(value, |_| true)))
            })
        });
        for thread in threads {
            thread.join().expect("no thread panics");
        }
        let usage = tier.usage();
        assert_eq!((usage.entries, usage.evictions), (3, 4));
        assert!(usage.used_bytes <= usage.max_bytes);
        let there = (0..7).filter(|n| tier.get(numbered(*n).key().as_bytes()).is_some());
        assert_eq!(there.count(), 3);
    });
}
