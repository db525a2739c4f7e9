//! What the fuzz targets call.

use bytes::Bytes;
use redis::Value;
use tenantcache_core::{Key, StoredEntry};

use crate::reply::{self, Belief};
use crate::stream;

/// The ticket that a reply must carry.
pub const TICKET: &str = "7";

/// Reads bytes of a connection as a reply to every script. An entry of another key than `key` never comes of it.
pub fn reply(bytes: &[u8], key: &Key) {
    let Ok(value) = redis::parse_redis_value(bytes) else {
        return;
    };
    let belief = Belief {
        ticket: TICKET,
        heed_epoch: &|began| began > 0,
    };
    for count in 0..3 {
        let Ok(read) = reply::read(value.clone(), count, belief) else {
            continue;
        };
        assert_eq!(read.entries.len(), count);
        for entry in read.entries.into_iter().flatten() {
            check(&entry.bytes, key);
        }
    }
    if let Ok(tenantcache::remote::Claimed {
        lease: tenantcache::remote::Lease::Another(entry),
        ..
    }) = reply::claimed(value.clone(), belief)
    {
        check(&entry.bytes, key);
    }
    let _ = reply::table(value.clone(), belief);
    let _ = reply::epoch(value.clone(), belief);
    if let Value::SimpleString(text) = &value {
        let _ = reply::history(text);
    }
    stream::fuzz(&value);
}

fn check(bytes: &Bytes, key: &Key) {
    if let Ok(entry) = StoredEntry::decode(bytes, key) {
        assert_eq!(entry.key, *key);
    }
}
