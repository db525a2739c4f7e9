use std::fmt::Write as _;
use std::time::Duration;

use axum::http::header::{AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use tenantcache::{Answer, Key, Outcome, Source, Status};

use crate::http::{HEX_U64_BYTES, Problem, hex};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// Room for all of a Cache-Status but its key.
const CACHE_STATUS_BYTES: usize = 96;
/// The media type of what is cached, for all that we load ourselves.
const JSON: &str = "application/json";

/// The response to a cached read: the bytes as they are cached, or 304 if the client has them. The request's headers are
/// used up: their memory becomes the response's.
pub(super) fn respond(answer: &Answer, request: HeaderMap) -> Response<Bytes> {
    let mut response = if answer.is_missing() {
        Problem::not_found("no such product").into_answer()
    } else {
        found(answer, request)
    };
    let headers = response.headers_mut();
    headers.insert(AGE, answer.age().as_secs().into());
    add_cache_headers(headers, cache_status(answer));
    response
}

fn found(answer: &Answer, request: HeaderMap) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    let etag = etag(answer.body_hash());
    if matches_etag(&request, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = answer.body_shared();
    }
    let mut headers = request;
    headers.clear();
    if let Ok(etag) = HeaderValue::from_bytes(&etag) {
        headers.insert(ETAG, etag);
    }
    if let Some(content_type) = content_type(answer.content_type()) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    *response.headers_mut() = headers;
    response
}

/// A strong tag of the body with that hash.
fn etag(body_hash: u64) -> [u8; HEX_U64_BYTES + 2] {
    let mut etag = [b'"'; HEX_U64_BYTES + 2];
    etag[1..=HEX_U64_BYTES].copy_from_slice(&hex(body_hash));
    etag
}

fn content_type(text: &str) -> Option<HeaderValue> {
    match text {
        JSON => Some(HeaderValue::from_static(JSON)),
        other => HeaderValue::from_str(other).ok(),
    }
}

/// The response to a cached read that failed.
pub(super) fn respond_failed(problem: Problem, key: &Key) -> axum::response::Response {
    let mut response = problem.into_response();
    let status = format!("tenantcache; fwd=miss; key=\"{key}\"; detail=origin-error");
    add_cache_headers(response.headers_mut(), status);
    response
}

fn add_cache_headers(headers: &mut HeaderMap, status: String) {
    // Browsers must ask us each time: we are the cache.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("Authorization"));
    if let Ok(status) = HeaderValue::try_from(status) {
        headers.insert(CACHE_STATUS, status);
    }
}

/// What the cache did, as RFC 9211 says it.
fn cache_status(answer: &Answer) -> String {
    let outcome = answer.outcome();
    let did = match outcome.status {
        Status::Bypass => return "tenantcache; fwd=bypass".to_owned(),
        Status::Hit | Status::StaleHit => "hit",
        Status::Reload => "fwd=request",
        _ => "fwd=miss",
    };
    let key = answer.key().as_str();
    let mut text = String::with_capacity(CACHE_STATUS_BYTES + key.len());
    text.push_str("tenantcache; ");
    text.push_str(did);
    if outcome.stored {
        text.push_str("; stored");
    }
    if outcome.collapsed && !outcome.status.is_hit() {
        text.push_str("; collapsed");
    }
    let ttl = ttl_seconds(answer.soft_ttl(), answer.age());
    let _infallible = write!(text, "; ttl={ttl}; key=\"");
    text.push_str(key);
    text.push_str("\"; detail=");
    text.push_str(detail(outcome));
    text
}

/// Where the answer is from, or why not from where it should be.
fn detail(outcome: Outcome) -> &'static str {
    match outcome.source {
        _ if outcome.load_failed => "origin-error",
        Source::Local => "local",
        Source::Remote => "redis",
        _ if outcome.remote_down => "redis-down",
        _ => "origin",
    }
}

/// Whole seconds for which the answer is fresh yet; below zero as soon as it is stale.
fn ttl_seconds(soft: Duration, age: Duration) -> i64 {
    let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX - 1);
    if age < soft {
        seconds(soft - age)
    } else {
        -1 - seconds(age - soft)
    }
}

/// Whether the client has this representation already (RFC 9110 §13.1.2, weak comparison).
pub(super) fn matches_etag(request: &HeaderMap, etag: &[u8]) -> bool {
    let listed = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    listed
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|candidate| {
            let strong = candidate.strip_prefix("W/").unwrap_or(candidate);
            candidate == "*" || strong.as_bytes() == etag
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ttl_turns_negative_when_the_answer_is_stale() {
        let check = |soft, age, expected| {
            let millis = Duration::from_millis;
            assert_eq!(
                ttl_seconds(millis(soft), millis(age)),
                expected,
                "{soft} {age}"
            );
        };
        check(300_000, 0, 300);
        check(300_000, 500, 299);
        check(300_000, 299_999, 0);
        check(300_000, 300_000, -1);
        check(300_000, 301_500, -2);
    }

    #[test]
    fn etags_are_compared_weakly_and_in_lists() {
        let check = |header: &'static str, expected| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(header));
            assert_eq!(matches_etag(&headers, b"\"a\""), expected, "{header}");
        };
        check("\"a\"", true);
        check("W/\"a\"", true);
        check("\"b\", \"a\"", true);
        check("*", true);
        check("\"b\"", false);
        check("a", false);
        assert!(!matches_etag(&HeaderMap::new(), b"\"a\""));
    }
}
