//! The spans of this crate. Names and attributes follow OpenTelemetry's conventions for HTTP.

use http::{HeaderMap, Method, StatusCode};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tenantcache::{Answer, Error, Source};
use tracing::field::Empty;
use tracing::{Span, trace_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// A request to us, in the trace that its `traceparent` names, if it has one. `route` is the path as it is registered, without
/// what the caller put into it.
pub(crate) fn request(method: &Method, route: Option<&str>, headers: &HeaderMap) -> Span {
    let span = trace_span!(
        target: "traces",
        "request",
        otel.kind = "server",
        otel.name = name(method, route),
        otel.status_code = Empty,
        http.request.method = known(method),
        http.route = route,
        http.response.status_code = Empty,
        cache.outcome = Empty,
        cache.source = Empty,
    );
    if !span.is_disabled() {
        let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // Fails for a span that nobody collects only.
        let _collected = span.set_parent(caller);
    }
    span
}

/// Notes what a request was answered.
pub(crate) fn answered(span: &Span, status: StatusCode) {
    note_status(span, status, status.is_server_error());
}

/// A look into the cache, and what follows from it.
pub(crate) fn read(endpoint: &str) -> Span {
    trace_span!(
        target: "traces",
        "cache",
        otel.status_code = Empty,
        cache.endpoint = endpoint,
        cache.outcome = Empty,
        cache.source = Empty,
    )
}

/// Notes what the cache answered.
pub(crate) fn cached(span: &Span, answer: Result<&Answer, &Error>) {
    if span.is_disabled() {
        return;
    }
    match answer {
        Ok(answer) => {
            let outcome = answer.outcome();
            span.record("cache.outcome", outcome.status.name());
            span.record("cache.source", source_name(outcome.source));
        }
        Err(_) => {
            span.record("otel.status_code", "ERROR");
        }
    }
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::Local => "local",
        Source::Remote => "redis",
        _ => "origin",
    }
}

/// A call of the origin.
pub(crate) fn call() -> Span {
    trace_span!(
        target: "traces",
        "origin",
        otel.kind = "client",
        otel.name = "GET",
        otel.status_code = Empty,
        http.request.method = "GET",
        http.response.status_code = Empty,
    )
}

/// Notes what the origin answered; `None` if it did not.
pub(crate) fn called(span: &Span, status: Option<StatusCode>) {
    match status {
        // To a client, each is an error; what is not there is none to us.
        Some(status) => {
            let is_error = status.as_u16() >= 400 && status != StatusCode::NOT_FOUND;
            note_status(span, status, is_error);
        }
        None => {
            span.record("otel.status_code", "ERROR");
        }
    }
}

/// Puts the span's place in its trace into a request's headers.
pub(crate) fn inject(span: &Span, headers: &mut HeaderMap) {
    if !span.is_disabled() {
        let propagator = TraceContextPropagator::new();
        propagator.inject_context(&span.context(), &mut HeaderInjector(headers));
    }
}

fn note_status(span: &Span, status: StatusCode, is_error: bool) {
    span.record("http.response.status_code", status.as_u16());
    if is_error {
        span.record("otel.status_code", "ERROR");
    }
}

fn name(method: &Method, route: Option<&str>) -> String {
    match route {
        Some(route) => format!("{} {route}", known(method)),
        None => known(method).to_owned(),
    }
}

/// A method that callers made up is none of a span's few names.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "DELETE" => "DELETE",
        "GET" => "GET",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        "POST" => "POST",
        "PUT" => "PUT",
        _ => "_OTHER",
    }
}
