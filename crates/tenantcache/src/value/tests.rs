use tenantcache_core::{Endpoint, Incarnation, Key, PolicyTable, Tag, Tags, TenantId};

use super::*;

fn value(lifetime: Lifetime) -> (Key, Value) {
    let (endpoint, tenant) = (
        Endpoint::new("products").unwrap(),
        TenantId::new("tenant-001").unwrap(),
    );
    let key = Key::new(&endpoint, &tenant).param("page", 7).unwrap();
    let facts = Facts {
        stamp: LoadStamp {
            stamp: Stamp {
                incarnation: Incarnation::from_u128(5),
                generation: Generation::from_u64(6),
            },
            sequence: Generation::from_u64(7),
            shared: true,
        },
        loaded_at: Duration::from_secs(8),
        loaded_at_wall_ms: 9,
        lifetime,
        labels: Labels::new(Tags::none(), "application/json"),
        negative: false,
        body_hash: 10,
        endpoint: crate::endpoints::Endpoints::new(PolicyTable::default()).state("products"),
    };
    let value = Value::new(&key, b"a body", facts);
    (key, value)
}

#[test]
fn a_value_gives_back_what_it_was_made_of() {
    let lifetime = Lifetime {
        soft: Duration::from_secs(30 * 24 * 60 * 60),
        hard: Duration::from_secs(60 * 24 * 60 * 60),
    };
    let (key, value) = value(lifetime);
    assert_eq!(value.key(), KeyRef::from(&key));
    assert_eq!(value.key().to_key(), key);
    assert_eq!(value.body(), b"a body");
    assert_eq!(value.lifetime(), lifetime);
    let stamp = value.stamp();
    assert_eq!(stamp.stamp.incarnation.get(), 5);
    assert_eq!((stamp.stamp.generation.get(), stamp.sequence.get()), (6, 7));
    assert!(stamp.shared);
}

/// Whoever still sends a body needs no lock, and no copy.
#[test]
fn a_shared_body_outlives_the_value_and_is_no_copy() {
    let (_, value) = value(Lifetime {
        soft: Duration::ZERO,
        hard: Duration::ZERO,
    });
    let at = value.body().as_ptr();
    let body = value.body_shared();
    drop(value);
    assert_eq!((body.as_ptr(), body.as_ref()), (at, b"a body".as_slice()));
}

#[test]
fn a_stored_entry_gives_back_what_it_was_made_of() {
    let (key, value) = value(Lifetime {
        soft: Duration::ZERO,
        hard: Duration::ZERO,
    });
    let tag = |number| Tag::new(&format!("{number:0length$}", length = Tag::BYTES_MAX)).unwrap();
    for count in [0, 1, 255] {
        let mut stored = value.to_stored(7);
        stored.tags = (0..count).map(tag).collect();
        stored.content_type = "x".repeat(255);
        stored.body_hash = StoredEntry::hash_body(&stored.body);
        let encoded = stored.encode().unwrap();
        let (entry, texts) = StoredEntry::decode_with_texts(&encoded, &key).unwrap();
        let endpoint = Arc::clone(&value.endpoint);
        let read = Value::from_stored(&entry, texts, endpoint, Duration::ZERO, Duration::ZERO);
        assert_eq!((read.key(), read.body()), (value.key(), value.body()));
        assert_eq!(read.labels.tags(), &stored.tags);
    }
}
