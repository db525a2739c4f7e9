//! What a request carries, by its media type (the HTTP binding of CloudEvents 1.0).

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use tenantcache::events::{Event, EventError};

use crate::http::Problem;

const STRUCTURED: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";
/// Every other media type that starts so is an encoding that is not taken here, such as XML.
const ANY_CLOUDEVENTS: &str = "application/cloudevents";
/// A header that every binary-mode message has.
const BINARY: &str = "ce-specversion";

/// The events of a request: all of them, or the problem of the first that is none.
pub(super) fn events(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Event>, Problem> {
    let kind = media_type(headers)?;
    let events = match kind.as_str() {
        STRUCTURED => Event::from_json(body).map(|event| vec![event]),
        BATCH => Event::batch_from_json(body),
        other if !other.starts_with(ANY_CLOUDEVENTS) && headers.contains_key(BINARY) => {
            let headers = headers.iter();
            let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
            Event::from_attributes(headers).map(|event| vec![event])
        }
        _ => {
            return Err(Problem::bad_request(format!(
                "the request is no CloudEvent: send {STRUCTURED} or {BATCH}, or the attributes as ce- headers"
            )));
        }
    };
    events.map_err(|error| problem(&error))
}

fn problem(error: &EventError) -> Problem {
    let problem = Problem::bad_request(error.to_string());
    match error.attribute() {
        Some(attribute) => problem.with_parameter(attribute),
        None => problem,
    }
}

/// The media type in lower case, without its parameters; empty if there is none.
fn media_type(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let first = values.next().map_or(Some(""), |value| value.to_str().ok());
    match (first, values.next()) {
        (Some(text), None) => {
            let kind = text.split(';').next().unwrap_or_default();
            Ok(kind.trim().to_ascii_lowercase())
        }
        _ => Err(Problem::bad_request("Content-Type is repeated or not text")),
    }
}
