use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use proptest::prelude::*;

use super::StoredEntry;
use crate::{
    DecodeError, Endpoint, Generation, Incarnation, Key, Lifetime, Stamp, Tag, Tags, TenantId,
};

fn key(tenant: &str) -> Key {
    let key = Key::new(
        &Endpoint::new("products").unwrap(),
        &TenantId::new(tenant).unwrap(),
    );
    key.param("limit", 20).unwrap()
}

fn sample() -> StoredEntry {
    let body = Bytes::from_static(br#"{"payload":{"items":[]}}"#);
    StoredEntry {
        key: key("tenant-001"),
        schema: 0,
        stamp: Stamp {
            incarnation: Incarnation::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
            generation: Generation::from_u64(7),
        },
        loaded_at: Duration::from_millis(1_795_000_000_123),
        lifetime: Lifetime {
            soft: Duration::from_secs(600),
            hard: Duration::from_secs(1200),
        },
        tags: [Tag::new("product:123").unwrap()].into_iter().collect(),
        negative: false,
        content_type: "application/json".to_owned(),
        body_hash: StoredEntry::hash_body(&body),
        body,
    }
}

/// Version 1 as it was first written: it stays readable for ever.
const FIXTURE_V1: &str = include_str!("fixture_v1.hex");

#[test]
fn version_1_is_what_it_always_was() {
    let encoded = sample().encode().unwrap();
    let hex: String = encoded.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, FIXTURE_V1.trim());
    assert_eq!(
        StoredEntry::decode(&encoded, &key("tenant-001")),
        Ok(sample())
    );
}

/// Version 2 as it was first written.
const FIXTURE_V2: &str = include_str!("fixture_v2.hex");

#[test]
fn version_2_is_what_it_always_was() {
    let entry = StoredEntry {
        schema: 0xfeed_0123_4567_89ab,
        ..sample()
    };
    let encoded = entry.encode().unwrap();
    let hex: String = encoded.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, FIXTURE_V2.trim());
    assert_eq!(StoredEntry::decode(&encoded, &key("tenant-001")), Ok(entry));
}

#[test]
fn overhead_is_77_bytes_and_8_of_a_schema() {
    let mut entry = sample();
    let texts = entry.key.as_str().len() + entry.content_type.len() + 1 + "product:123".len();
    assert_eq!(entry.encode().unwrap().len(), 77 + texts + entry.body.len());
    entry.schema = 1;
    assert_eq!(entry.encode().unwrap().len(), 85 + texts + entry.body.len());
}

#[test]
fn another_keys_entry_is_foreign() {
    let encoded = sample().encode().unwrap();
    assert_eq!(
        StoredEntry::decode(&encoded, &key("tenant-002")),
        Err(DecodeError::Foreign)
    );
}

#[test]
fn newer_versions_and_other_values_are_told_apart() {
    let mut newer = BytesMut::from(&sample().encode().unwrap()[..]);
    newer[2] = 3;
    let decode =
        |bytes: &[u8]| StoredEntry::decode(&Bytes::copy_from_slice(bytes), &key("tenant-001"));
    assert_eq!(decode(&newer), Err(DecodeError::Newer));
    assert_eq!(decode(b"{\"a\":1}"), Err(DecodeError::NotAnEntry));
    assert_eq!(decode(b""), Err(DecodeError::NotAnEntry));
}

#[test]
fn every_truncation_and_every_flipped_bit_is_a_miss() {
    let entries = [0, 7].map(|schema| StoredEntry { schema, ..sample() });
    entries.iter().for_each(assert_damage_shows);
}

/// As the store keeps an entry until that time.
fn kept_until(entry: &StoredEntry, millis: u64) -> Bytes {
    let half = |part| u32::try_from(part).unwrap();
    let (high, low) = (half(millis >> 32), half(millis & u64::from(u32::MAX)));
    let mut stored = BytesMut::from(&entry.encode().unwrap()[..]);
    for part in [high, low, u32::MAX.wrapping_sub(high).wrapping_sub(low)] {
        stored.put_u32(part);
    }
    stored.freeze()
}

#[test]
fn when_the_store_drops_an_entry_stands_at_its_end() {
    for millis in [0, 1_795_000_600_123, u64::from(u32::MAX), u64::MAX] {
        let stored = kept_until(&sample(), millis);
        assert_eq!(
            StoredEntry::expiry(&stored),
            Some(Duration::from_millis(millis))
        );
        assert_eq!(
            StoredEntry::decode(&stored, &key("tenant-001")),
            Ok(sample())
        );
    }
    assert_eq!(StoredEntry::expiry(&sample().encode().unwrap()), None);
    assert_eq!(StoredEntry::expiry(b""), None);
}

#[test]
fn a_stored_json_answer_takes_113_bytes_beside_key_tags_and_body() {
    let entry = StoredEntry {
        schema: 7,
        tags: Tags::none(),
        ..sample()
    };
    let stored = kept_until(&entry, 1_795_000_600_123).len();
    assert_eq!(stored, 113 + entry.key.as_str().len() + entry.body.len());
}

fn assert_damage_shows(entry: &StoredEntry) {
    let encoded = entry.encode().unwrap();
    for len in 0..encoded.len() {
        assert!(StoredEntry::decode(&encoded.slice(..len), &key("tenant-001")).is_err());
    }
    let encoded = kept_until(entry, 1_795_000_600_123);
    for bit in 0..encoded.len() * 8 {
        let mut damaged = BytesMut::from(&encoded[..]);
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(
            StoredEntry::decode(&damaged.freeze(), &key("tenant-001")).is_err(),
            "bit {bit}"
        );
    }
}

proptest! {
    #[test]
    fn decode_gives_back_what_was_encoded(
        schema in prop_oneof![Just(0), any::<u64>()], incarnation: u128, generation: u64, loaded_at: u64, soft in 0u64..1 << 40, grace in 0u64..1 << 40,
        tags in proptest::option::of(proptest::collection::vec("[a-z]{1,9}:[^\\p{Cc}]{1,20}", 0..300)),
        negative: bool, content_type in "[a-z/]{0,255}", body: Vec<u8>,
    ) {
        let entry = StoredEntry {
            key: key("t"),
            schema,
            stamp: Stamp {
                incarnation: Incarnation::from_u128(incarnation),
                generation: Generation::from_u64(generation),
            },
            loaded_at: Duration::from_millis(loaded_at),
            lifetime: Lifetime {
                soft: Duration::from_millis(soft),
                hard: Duration::from_millis(soft + grace),
            },
            tags: tags.map_or(Tags::Unknown, |tags| tags.iter().map(|t| Tag::new(t).unwrap()).collect()),
            negative,
            content_type,
            body_hash: StoredEntry::hash_body(&body),
            body: body.into(),
        };
        let encoded = entry.encode().unwrap();
        prop_assert_eq!(StoredEntry::decode(&encoded, &key("t")), Ok(entry));
    }

    #[test]
    fn decode_survives_any_bytes(mut bytes: Vec<u8>, version in 0u8..4) {
        let _ = StoredEntry::decode(&Bytes::from(bytes.clone()), &key("t"));
        bytes.splice(0..0, [b't', b'c', version]);
        prop_assert!(StoredEntry::decode(&Bytes::from(bytes), &key("t")).is_err());
    }
}
