use proptest::prelude::*;
use redis::Value;
use tenantcache_core::{Generation, Incarnation, Stamp};

use super::seen::Seen;
use super::{ENTRY_BYTES_MAX, Found};

const INCARNATION: &str = "0123456789abcdef0123456789abcdef";
const KNOWN: Stamp = Stamp {
    incarnation: Incarnation::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
    generation: Generation::from_u64(3),
};

fn bulk(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

fn server(role: &str) -> Value {
    bulk(&format!(
        "# Replication\r\nrole:{role}\r\nmaster_replid:abc\r\nmaster_replid2:000\r\n"
    ))
}

fn table(incarnation: &str, generation: &str, history: &str) -> Value {
    Value::Array(vec![bulk(incarnation), bulk(generation), bulk(history)])
}

fn reply(parts: &[Value]) -> Value {
    Value::Array(parts.to_vec())
}

/// The reply to a look at one table and one entry, as it should be.
fn parts() -> [Value; 6] {
    [
        bulk("7"),
        server("master"),
        bulk("99-5"),
        table(INCARNATION, "3", "abc/99-5"),
        bulk("an entry"),
        Value::Int(1_000),
    ]
}

fn found(parts: &[Value]) -> Option<Found> {
    let seen = Seen::new(reply(parts), "7", 1, 1).unwrap();
    seen.find(0, KNOWN, [0].into_iter())
}

#[test]
fn a_table_is_the_known_one_only_if_everything_agrees() {
    assert!(matches!(
        found(&parts()),
        Some(Found::Known(_, entries)) if entries[0].as_ref().unwrap().bytes == "an entry"
    ));
    let others = [
        (1, server("slave")),
        (1, bulk("")),
        (1, Value::Nil),
        (2, bulk("100-5")),
        (2, bulk("99-6")),
        (2, Value::Nil),
        (3, table(&INCARNATION.replace('0', "1"), "3", "abc/99-5")),
        (3, table(INCARNATION, "4", "abc/99-5")),
        (3, table(INCARNATION, "2", "abc/99-5")),
        (3, table(INCARNATION, "3", "abd/99-5")),
        (3, Value::Array(vec![Value::Nil, Value::Nil, Value::Nil])),
        (3, Value::Nil),
        (4, Value::Nil),
        (4, Value::BulkString(vec![0; ENTRY_BYTES_MAX])),
        (5, bulk("soon")),
    ];
    for (at, other) in others {
        let mut parts = parts();
        parts[at] = other.clone();
        // An absent entry is found to be absent.
        let is_left_to_the_script = found(&parts).is_none();
        assert!(
            is_left_to_the_script || at == 4 && other == Value::Nil,
            "{at} {other:?}"
        );
    }
}

#[test]
fn a_reply_to_another_transaction_is_none() {
    let of = |parts: &[Value], ticket| Seen::new(reply(parts), ticket, 1, 1);
    assert!(of(&parts(), "7").is_some());
    assert!(of(&parts(), "8").is_none());
    assert!(of(&parts()[..5], "7").is_none());
    assert!(Seen::new(reply(&parts()), "7", 2, 1).is_none());
    assert!(Seen::new(bulk("7"), "7", 0, 0).is_none());
}

#[test]
fn the_history_is_the_one_that_tables_have() {
    let seen = Seen::new(reply(&parts()), "7", 1, 1).unwrap();
    assert_eq!(seen.epoch(), Some(99));
    let Some(Found::Known(history, _)) = found(&parts()) else {
        panic!("not the known table");
    };
    assert_eq!(history, crate::reply::server_history("abc"));
}

proptest! {
    #[test]
    fn any_reply_is_read_or_refused(
        parts in proptest::collection::vec(crate::reply::tests::value(), 0..8),
        tables in 0usize..3,
        entries in 0usize..3,
    ) {
        let parts: Vec<_> = std::iter::once(bulk("7")).chain(parts).collect();
        if let Some(seen) = Seen::new(reply(&parts), "7", tables, entries) {
            for table in 0..3 {
                let _ = seen.find(table, KNOWN, 0..entries);
            }
        }
    }
}
