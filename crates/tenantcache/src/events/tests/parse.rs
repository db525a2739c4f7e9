use proptest::prelude::*;
use serde_json::{Value, json};

use super::{event, tenant};
use crate::events::{Event, EventError};

fn good() -> Value {
    json!({
        "specversion": "1.0", "id": "e-1", "source": "/shop", "type": "product.updated",
        "tenantid": "tenant-001", "subject": "101",
        "time": "2026-11-23T10:00:00Z", "datacontenttype": "application/json", "traceparent": "x",
        "data": {"id": "another", "tenantid": "tenant-002", "deep": [[[{}]]]},
    })
}

fn with(name: &str, value: Value) -> Vec<u8> {
    let mut document = good();
    document[name] = value;
    document.to_string().into_bytes()
}

fn refused(json: &[u8]) -> EventError {
    Event::from_json(json).unwrap_err()
}

#[test]
fn structured_json_is_read_and_what_it_carries_is_ignored() {
    let expected = event("product.updated", Some("101"));
    let read = Event::from_json(good().to_string().as_bytes()).unwrap();
    assert_eq!(read, expected);
    assert_eq!(
        (read.id(), read.source(), read.kind(), read.subject()),
        ("e-1", "/shop", "product.updated", Some("101"))
    );
    assert_eq!(
        Event::from_json(expected.to_json().as_bytes()),
        Ok(expected)
    );
    let without = event("product.updated", None);
    assert_eq!(
        Event::from_json(&with("subject", Value::Null)),
        Ok(without.clone())
    );
    assert_eq!(Event::from_json(without.to_json().as_bytes()), Ok(without));
}

#[test]
fn an_attribute_that_is_wrong_is_named() {
    let long = "x".repeat(Event::ATTRIBUTE_BYTES_MAX + 1);
    for name in ["specversion", "id", "source", "type", "tenantid", "subject"] {
        let bad = [
            json!(""),
            json!(1),
            json!(-1.5),
            json!(true),
            json!([]),
            json!({"a": 1}),
            json!("a\nb"),
            json!(long),
        ];
        for value in bad {
            let error = refused(&with(name, value));
            assert_eq!(
                (error.attribute(), error.index()),
                (Some(name), None),
                "{error}"
            );
        }
        if name != "subject" {
            assert_eq!(refused(&with(name, Value::Null)).attribute(), Some(name));
        }
    }
    let longest = "x".repeat(Event::ATTRIBUTE_BYTES_MAX);
    assert!(Event::from_json(&with("subject", json!(longest))).is_ok());
    assert_eq!(
        refused(&with("tenantid", json!("a:b"))).attribute(),
        Some("tenantid")
    );
    assert_eq!(
        refused(&with("specversion", json!("0.3"))).attribute(),
        Some("specversion")
    );
    assert_eq!(
        refused(&with("id", json!(""))).to_string(),
        "the attribute `id` must not be empty"
    );
}

/// Two readers could take two different values for the truth.
#[test]
fn a_repeated_attribute_is_refused() {
    let text = good().to_string();
    let twice = text.replacen('{', r#"{"tenantid":"tenant-002","#, 1);
    assert_eq!(refused(twice.as_bytes()).attribute(), Some("tenantid"));
    // Whoever sees only the last would not see it as absent.
    let escaped = text.replacen('{', r#"{"tenanti\u0064":"tenant-002","#, 1);
    assert_eq!(refused(escaped.as_bytes()).attribute(), Some("tenantid"));
}

#[test]
fn what_is_no_object_is_no_event() {
    for bad in [
        "",
        "{",
        "[]",
        "1",
        "null",
        "\"a\"",
        "true",
        "[{}]",
        "{} {}",
        "{\"id\":\"\\ud800\"}",
    ] {
        assert_eq!(refused(bad.as_bytes()).attribute(), None, "{bad}");
    }
    let deep = "[".repeat(500_000);
    let nested = format!("{{\"data\":{deep}");
    assert_eq!(refused(nested.as_bytes()).attribute(), None);
    assert_eq!(refused(deep.as_bytes()).attribute(), None);
    assert_eq!(refused(b"{\"id\":\"\xff\"}").attribute(), None);
}

#[test]
fn a_batch_is_read_whole_or_not_at_all() {
    let batch =
        |events: &[Value]| Event::batch_from_json(Value::from(events).to_string().as_bytes());
    assert_eq!(batch(&[]), Ok(Vec::new()));
    assert_eq!(
        batch(&vec![good(); Event::BATCH_MAX]).unwrap().len(),
        Event::BATCH_MAX
    );
    let error = batch(&vec![good(); Event::BATCH_MAX + 1]).unwrap_err();
    assert_eq!((error.attribute(), error.index()), (None, None));
    let error = batch(&[
        good(),
        good(),
        json!({"specversion": "1.0", "tenantid": "a"}),
    ])
    .unwrap_err();
    assert_eq!((error.attribute(), error.index()), (Some("id"), Some(2)));
    let error = batch(&[good(), json!("an event")]).unwrap_err();
    assert_eq!((error.attribute(), error.index()), (None, Some(1)));
    for bad in [good(), json!(1), json!("[]"), Value::Null] {
        assert!(Event::batch_from_json(bad.to_string().as_bytes()).is_err());
    }
}

fn binary(more: &[(&str, &[u8])]) -> Result<Event, EventError> {
    let mut headers: Vec<(&str, &[u8])> = vec![
        ("ce-specversion", b"1.0"),
        ("CE-ID", b"e-1"),
        ("ce-source", b"/shop"),
        ("ce-type", b"product.updated"),
        ("ce-tenantid", b"tenant-001"),
        ("ce-traceparent", b"\xff"),
        ("id", b"not this"),
    ];
    headers.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
    headers.extend(more);
    Event::from_attributes(headers)
}

#[test]
fn headers_are_unquoted_and_percent_decoded_once() {
    let subject = |value: &[u8]| {
        let event = binary(&[("ce-subject", value)]);
        event.map(|event| event.subject().map(str::to_owned))
    };
    for (value, expected) in [
        ("101", "101"),
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("100%2525", "100%25"),
        ("%31%30%31", "101"),
        (r#""a \"b\" \\ %20c""#, "a \"b\" \\  c"),
        ("\"", "\""),
        ("caf\u{e9}", "caf\u{e9}"),
    ] {
        assert_eq!(
            subject(value.as_bytes()),
            Ok(Some(expected.to_owned())),
            "{value}"
        );
    }
    let long = b"%41".repeat(Event::ATTRIBUTE_BYTES_MAX + 1);
    for bad in [
        &b""[..],
        b"%",
        b"%4",
        b"%zz",
        b"%FF",
        b"\xff",
        b"a%0Ab",
        b"%00",
        b"\"\"",
        &long,
    ] {
        let error = subject(bad).unwrap_err();
        assert_eq!(error.attribute(), Some("subject"), "{error}");
    }
    assert!(subject(&b"%41".repeat(Event::ATTRIBUTE_BYTES_MAX)).is_ok());
    let twice: [(&str, &[u8]); 2] = [("ce-subject", b"1"), ("ce-subject", b"1")];
    assert_eq!(binary(&twice).unwrap_err().attribute(), Some("subject"));
    assert_eq!(
        binary(&[("ce-source", b"")]).unwrap_err().attribute(),
        Some("source")
    );
    assert_eq!(
        Event::from_attributes([]).unwrap_err().attribute(),
        Some("specversion")
    );
}

#[test]
fn a_new_event_keeps_the_same_bounds() {
    let tenant = tenant("tenant-001");
    let new = |id: &str, source: &str, kind: &str| {
        Event::new(id, source, kind, &tenant).map_err(|error| error.attribute())
    };
    assert_eq!(new("", "s", "k"), Err(Some("id")));
    assert_eq!(new("i", "a\0b", "k"), Err(Some("source")));
    assert_eq!(new("i", "s", &"k".repeat(1_025)), Err(Some("type")));
    let error = new("i", "s", "k").unwrap().with_subject("").unwrap_err();
    assert_eq!(error.attribute(), Some("subject"));
}

/// Pieces that make almost-events more often than chance would.
fn fragments() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"id\"",
        "\"type\"",
        "\"tenantid\"",
        "\"specversion\"",
        "\"1.0\"",
        "\"source\"",
        "\"subject\"",
        "null",
        "1e999",
        "\"\\u0000\"",
        "\"tenant-001\"",
        " ",
        "true",
        "\"",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_an_event_or_refused(bytes: Vec<u8>) {
        let _ = Event::from_json(&bytes);
        let _ = Event::batch_from_json(&bytes);
        let _ = binary(&[("ce-subject", &bytes)]);
    }

    #[test]
    fn any_fragments_are_an_event_or_refused(text in fragments()) {
        let _ = Event::from_json(text.as_bytes());
        let _ = Event::batch_from_json(text.as_bytes());
    }

    #[test]
    fn what_is_written_is_read_again(id in "\\PC{1,40}", kind in "\\PC{1,40}", subject in "\\PC{1,40}") {
        let event = Event::new(&id, "/shop", &kind, &tenant("t")).unwrap().with_subject(&subject).unwrap();
        prop_assert_eq!(Event::from_json(event.to_json().as_bytes()), Ok(event.clone()));
        let batch = format!("[{0},{0}]", event.to_json());
        prop_assert_eq!(Event::batch_from_json(batch.as_bytes()), Ok(vec![event; 2]));
    }
}
