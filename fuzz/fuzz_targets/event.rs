//! Any bytes are an event, a batch, a header of one, or refused; what is read is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenantcache::events::{Event, Rule, Rules};

fuzz_target!(|bytes: &[u8]| {
    let rule = Rule::new().with_tag("product:{subject}".parse().expect("it is a template"));
    let rules = Rules::new()
        .with("product.*", rule)
        .expect("it is a family");
    let check = |event: Event| {
        assert!(rules.scopes(&event).len() <= 1);
        assert_eq!(Event::from_json(event.to_json().as_bytes()), Ok(event));
    };
    if let Ok(event) = Event::from_json(bytes) {
        check(event);
    }
    if let Ok(events) = Event::batch_from_json(bytes) {
        assert!(events.len() <= Event::BATCH_MAX);
        events.into_iter().for_each(check);
    }
    let headers = [
        ("ce-specversion", &b"1.0"[..]),
        ("ce-id", b"1"),
        ("ce-source", b"/"),
        ("ce-type", b"product.updated"),
        ("ce-tenantid", b"tenant-001"),
        ("ce-subject", bytes),
    ];
    if let Ok(event) = Event::from_attributes(headers) {
        check(event);
    }
});
