//! An event as CloudEvents 1.0 writes it, in structured mode.

use seller_data::outbox::OutboxEvent;
use serde::Serialize;
use serde_json::Value;

/// The `Content-Type` of [`body`].
pub(super) const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The `source` of every event.
const SOURCE: &str = "/marketplace";

#[derive(Debug, Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'static str,
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    time: &'a str,
    tenantid: &'a str,
    datacontenttype: &'static str,
    data: &'a Value,
}

/// The body that tells an event: the same bytes at every attempt.
pub(super) fn body(event: &OutboxEvent) -> Vec<u8> {
    let envelope = CloudEvent {
        specversion: "1.0",
        id: &event.id,
        source: SOURCE,
        r#type: &event.kind,
        // CloudEvents allow neither; an event without its subject is better than a refused one.
        subject: Some(event.subject.as_str())
            .filter(|subject| !subject.is_empty() && !subject.chars().any(char::is_control)),
        time: &event.time,
        tenantid: &event.tenant,
        datacontenttype: "application/json",
        data: &event.data,
    };
    serde_json::to_vec(&envelope).expect("strings and a JSON value always serialise")
}
