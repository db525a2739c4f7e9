use proptest::prelude::*;
use redis::Value;
use tenantcache::remote::RemoteErrorKind;

use super::Belief;

const BELIEF: Belief<'static> = Belief {
    ticket: "7",
    heed_epoch: &|_| true,
};

pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        Just(Value::Okay),
        any::<i64>().prop_map(Value::Int),
        any::<Vec<u8>>().prop_map(Value::BulkString),
        "[a-z0-9:]{0,8}".prop_map(Value::SimpleString),
        "[int]|_h|_for|0123/7-89|taken|held|another|0|7|[0-9a-f]{32}"
            .prop_map(|text| Value::BulkString(text.into_bytes())),
    ];
    leaf.prop_recursive(3, 32, 8, |inner| {
        proptest::collection::vec(inner, 0..8).prop_map(Value::Array)
    })
}

proptest! {
    #[test]
    fn any_reply_is_read_or_refused(reply in value(), count in 0usize..4) {
        if let Ok(read) = super::read(reply.clone(), count, BELIEF) {
            prop_assert_eq!(read.entries.len(), count);
        }
        let _ = super::claimed(reply.clone(), BELIEF);
        let _ = super::epoch(reply.clone(), BELIEF);
        let _ = super::table(reply, BELIEF);
    }
}

#[test]
fn an_absent_entry_is_not_an_unreadable_one() {
    let bulk = |text: &str| Value::BulkString(text.as_bytes().to_vec());
    let table = Value::Array(vec![
        bulk("i"),
        bulk("0123456789abcdef0123456789abcdef"),
        bulk("n"),
        bulk("3"),
        bulk("_h"),
        bulk("0123/7-89"),
        bulk("_for"),
        bulk("7"),
    ]);
    let read = |parts: &[Value]| {
        super::read(
            Value::Array([std::slice::from_ref(&table), parts].concat()),
            parts.len() / 2,
            BELIEF,
        )
    };
    assert!(read(&[Value::Nil, Value::Int(-2)]).unwrap().entries[0].is_none());
    assert!(read(&[bulk("x"), Value::Int(5)]).unwrap().entries[0].is_some());
    assert!(read(&[Value::Okay, Value::Int(5)]).is_err());
    assert!(read(&[bulk("x"), Value::Nil]).is_err());
}

#[test]
fn a_reply_to_another_call_is_misdirected() {
    let bulk = |text: &str| Value::BulkString(text.as_bytes().to_vec());
    let table = |ticket| Value::Array(vec![bulk("_for"), bulk(ticket), bulk("n"), bulk("?")]);
    let kind = |table: Value| {
        let read = super::read(Value::Array(vec![table]), 0, BELIEF);
        read.unwrap_err().kind()
    };
    assert_eq!(kind(table("7")), RemoteErrorKind::Unreadable);
    for other in [table("8"), Value::Nil, Value::Array(Vec::new())] {
        assert_eq!(kind(other), RemoteErrorKind::Misdirected);
    }
    let one = |ticket| super::one(Value::Array(vec![bulk(ticket), Value::Int(1)]), BELIEF);
    assert_eq!(one("7").unwrap(), Value::Int(1));
    assert_eq!(one("8").unwrap_err().kind(), RemoteErrorKind::Misdirected);
    assert_eq!(
        super::one(Value::Int(1), BELIEF).unwrap_err().kind(),
        RemoteErrorKind::Misdirected
    );
}
