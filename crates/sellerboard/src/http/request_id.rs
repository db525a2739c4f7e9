use std::fmt;
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Instrument as _;

use super::problem::{PROBLEM_JSON, Problem};

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const BYTES_MAX: usize = 64;
const RANDOM_BYTES: usize = 16;

/// The id of one request: 1 to 64 bytes of `A–Z a–z 0–9 - _ .`.
///
/// Handlers find it in the request's extensions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// A new id of 128 random bits, in hexadecimal.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0_u8; RANDOM_BYTES];
        // Without a source of randomness the id is still well formed; it identifies, it does not protect.
        let _ = getrandom::fill(&mut bytes);
        Self(format!("{:032x}", u128::from_be_bytes(bytes)).into())
    }

    /// The caller's own id, if it sent exactly one that is safe to log and to repeat.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(&X_REQUEST_ID).iter();
        let id = values.next()?.to_str().ok()?;
        let sane = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if values.next().is_some() || id.is_empty() || id.len() > BYTES_MAX || !id.bytes().all(sane)
        {
            return None;
        }
        Some(Self(id.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The outermost middleware (`axum::middleware::from_fn(identify)`).
///
/// 1. Gives the request an id: the caller's `X-Request-Id` if it is sane, else a random one.
/// 2. Puts it into the request's extensions, into the log span and into the answer's `X-Request-Id`.
/// 3. Makes every error a problem document with that id: those of handlers, and the bare 404, 405, 413 and 415 of
///    the router, whose other headers (`Allow`) stay.
pub async fn identify(mut request: Request, next: Next) -> Response {
    let id = RequestId::from_headers(request.headers()).unwrap_or_else(RequestId::random);
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", request_id = %id);
    let mut response = next.run(request).instrument(span).await;
    explain(&mut response, &id);
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(X_REQUEST_ID.clone(), value);
    }
    response
}

fn explain(response: &mut Response, id: &RequestId) {
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if status.is_client_error() || status.is_server_error() => {
            Problem::new(status, detail_of(status))
        }
        None => return,
    };
    *response.body_mut() = problem.with_request_id(id).body();
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
}

fn detail_of(status: http::StatusCode) -> &'static str {
    match status.as_u16() {
        404 => "no such path",
        405 => "the path has no such method; the Allow header names those it has",
        408 => "the request did not arrive in time",
        413 => "the body is too large",
        414 => "the path and query are too long",
        415 => "the body is not of a kind that is taken here",
        431 => "the headers are too large, or too many",
        _ if status.is_server_error() => "an internal error; the log has its cause",
        _ => "the request is not valid",
    }
}
