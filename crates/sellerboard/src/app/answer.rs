use std::time::Duration;

use axum::body::Body;
use axum::http::header::{AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tenantcache::{Answer, Key, Outcome, Source, Status};

use crate::http::Problem;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// The response to a cached read: the bytes as they are cached, or 304 if the client has them.
pub(super) fn respond(answer: &Answer, request: &HeaderMap) -> Response {
    let etag = format!("\"{:016x}\"", answer.body_hash());
    let mut response = if answer.is_missing() {
        Problem::not_found("no such product").into_response()
    } else if matches_etag(request, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(answer.body().clone()))
    };
    let headers = response.headers_mut();
    if !answer.is_missing() {
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            headers.insert(ETAG, etag);
        }
        if let Ok(content_type) = HeaderValue::from_str(answer.content_type()) {
            headers.insert(CONTENT_TYPE, content_type);
        }
    }
    headers.insert(AGE, answer.age().as_secs().into());
    add_cache_headers(headers, &cache_status(answer));
    response
}

/// The response to a cached read that failed.
pub(super) fn respond_failed(problem: Problem, key: &Key) -> Response {
    let mut response = problem.into_response();
    let status = format!("tenantcache; fwd=miss; key=\"{key}\"; detail=origin-error");
    add_cache_headers(response.headers_mut(), &status);
    response
}

fn add_cache_headers(headers: &mut HeaderMap, status: &str) {
    // Browsers must ask us each time: we are the cache.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("Authorization"));
    if let Ok(status) = HeaderValue::from_str(status) {
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
    let stored = if outcome.stored { "; stored" } else { "" };
    let collapsed = if outcome.collapsed && !outcome.status.is_hit() {
        "; collapsed"
    } else {
        ""
    };
    let ttl = ttl_seconds(answer.soft_ttl(), answer.age());
    let (key, detail) = (answer.key(), detail(outcome));
    format!("tenantcache; {did}{stored}{collapsed}; ttl={ttl}; key=\"{key}\"; detail={detail}")
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
fn matches_etag(request: &HeaderMap, etag: &str) -> bool {
    let listed = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    listed
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|candidate| {
            candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == etag
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
            assert_eq!(matches_etag(&headers, "\"a\""), expected, "{header}");
        };
        check("\"a\"", true);
        check("W/\"a\"", true);
        check("\"b\", \"a\"", true);
        check("*", true);
        check("\"b\"", false);
        check("a", false);
        assert!(!matches_etag(&HeaderMap::new(), "\"a\""));
    }
}
