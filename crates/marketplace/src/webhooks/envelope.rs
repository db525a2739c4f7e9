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
    subject: &'a str,
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
        subject: &event.subject,
        time: &event.time,
        tenantid: &event.tenant,
        datacontenttype: "application/json",
        data: &event.data,
    };
    serde_json::to_vec(&envelope).expect("strings and a JSON value always serialise")
}
