use std::time::Duration;

use proptest::prelude::*;
use redis::Value;
use tenantcache_core::{Generation, Incarnation, Stamp};

use super::seen::Seen;
use super::{ENTRY_BYTES_MAX, Found, Places};

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

fn known(epoch: &str, table: &str) -> Value {
    Value::Array(vec![bulk(epoch), bulk(table)])
}

fn table(incarnation: &str, generation: &str, history: &str) -> Value {
    known("99-5", &format!("{incarnation} {generation} {history}"))
}

/// What is seen in replies of which all but the last five are entries.
fn seen(parts: &[Value], ticket: &str, tables: usize) -> Option<Seen> {
    let (entries, looked) = parts.split_at(parts.len().saturating_sub(5));
    Seen::new(
        entries.to_vec(),
        Value::Array(looked.to_vec()),
        ticket,
        tables,
    )
}

/// Bytes that are kept until 3,500 ms since 1970.
fn kept(bytes: &[u8]) -> Value {
    let check = u32::MAX - 3_500;
    let parts = [
        bytes,
        &0_u32.to_be_bytes(),
        &3_500_u32.to_be_bytes(),
        &check.to_be_bytes(),
    ];
    Value::BulkString(parts.concat())
}

/// One entry, and what a look at one table gives, as they should be.
fn parts() -> [Value; 6] {
    [
        kept(b"an entry"),
        bulk("7"),
        server("master"),
        Value::Array(vec![bulk("2"), bulk("500000")]),
        table(INCARNATION, "3", "abc/99-5"),
        Value::Int(1),
    ]
}

fn found(parts: &[Value]) -> Option<Found> {
    seen(parts, "7", 1).unwrap().find(0, KNOWN, &[0])
}

#[test]
fn a_table_is_the_known_one_only_if_everything_agrees() {
    let Some(Found::Known(_, entries)) = found(&parts()) else {
        panic!("not the known table");
    };
    let entry = entries[0].as_ref().unwrap();
    assert!(entry.bytes.starts_with(b"an entry"));
    assert_eq!(entry.remaining, Some(Duration::from_secs(1)));
    let text = format!("{INCARNATION} 3 abc/99-5");
    let others = [
        (2, server("slave")),
        (2, bulk("")),
        (2, Value::Nil),
        (3, Value::Nil),
        (3, Value::Array(vec![bulk("2"), bulk("soon")])),
        (4, known("100-5", &text)),
        (4, known("99-6", &text)),
        (4, Value::Array(vec![Value::Nil, bulk(&text)])),
        (4, Value::Array(vec![bulk("99-5"), Value::Nil])),
        (4, table(&INCARNATION.replace('0', "1"), "3", "abc/99-5")),
        (4, table(INCARNATION, "4", "abc/99-5")),
        (4, table(INCARNATION, "2", "abc/99-5")),
        (4, table(INCARNATION, "3", "abd/99-5")),
        (4, known("99-5", "")),
        (5, Value::Int(0)),
        (5, Value::Nil),
        (0, Value::Nil),
        (0, bulk("an entry that does not say until when it is kept")),
        (0, kept(&[0; ENTRY_BYTES_MAX])),
    ];
    for (at, other) in others {
        let mut parts = parts();
        parts[at] = other.clone();
        assert!(found(&parts).is_none(), "{at} {other:?}");
    }
}

#[test]
fn an_absent_entry_is_found_to_be_absent() {
    let mut parts = parts();
    parts[0] = bulk("");
    let Some(Found::Known(_, entries)) = found(&parts) else {
        panic!("not the known table");
    };
    assert!(entries[0].is_none());
}

#[test]
fn what_should_be_gone_has_no_time_left() {
    let mut parts = parts();
    parts[3] = Value::Array(vec![bulk("4"), bulk("0")]);
    let Some(Found::Known(_, entries)) = found(&parts) else {
        panic!("not the known table");
    };
    assert_eq!(entries[0].as_ref().unwrap().remaining, Some(Duration::ZERO));
}

#[test]
fn what_is_asked_for_more_than_once_is_read_once() {
    let places = Places::new(["b", "a", "b", "c", "a"].into_iter());
    assert_eq!(places.all, ["b", "a", "c"]);
    assert_eq!(places.of, [0, 1, 0, 2, 1]);
}

#[test]
fn a_reply_to_another_transaction_is_none() {
    assert!(seen(&parts(), "7", 1).is_some());
    assert!(seen(&parts(), "8", 1).is_none());
    assert!(seen(&parts()[..5], "7", 1).is_none());
    assert!(seen(&parts(), "7", 2).is_none());
    assert!(Seen::new(vec![], bulk("7"), "7", 0).is_none());
}

#[test]
fn the_history_is_the_one_that_tables_have() {
    let seen = seen(&parts(), "7", 1).unwrap();
    assert_eq!(seen.epoch(), Some(99));
    let Some(Found::Known(history, _)) = found(&parts()) else {
        panic!("not the known table");
    };
    assert_eq!(history, crate::reply::server_history("abc"));
}

proptest! {
    #[test]
    fn any_reply_is_read_or_refused(
        entries in proptest::collection::vec(crate::reply::tests::value(), 0..3),
        looked in proptest::collection::vec(crate::reply::tests::value(), 3..6),
        tables in 0usize..3,
    ) {
        let looked: Vec<_> = std::iter::once(bulk("7")).chain(looked).collect();
        let places: Vec<_> = (0..entries.len()).collect();
        if let Some(seen) = Seen::new(entries, Value::Array(looked), "7", tables) {
            for table in 0..3 {
                let _ = seen.find(table, KNOWN, &places);
            }
        }
    }
}
