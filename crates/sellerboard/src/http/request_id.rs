use std::fmt;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::{Instrument as _, Span};

use super::hex::{HEX_U64_BYTES, hex};
use super::problem::{PROBLEM_JSON, Problem};
use crate::traces;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const BYTES_MAX: usize = 64;

/// The id of one request: 1 to 64 bytes of `A–Z a–z 0–9 - _ .`.
///
/// Handlers find it in the request's extensions.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct RequestId {
    /// Zeros after the id.
    bytes: [u8; BYTES_MAX],
    len: usize,
}

impl RequestId {
    /// A new id: 128 bits of a generator that is seeded at random in each thread, in hexadecimal. It identifies a request;
    /// it is no secret.
    #[must_use]
    pub fn random() -> Self {
        let mut id = [0; 2 * HEX_U64_BYTES];
        for half in id.chunks_exact_mut(HEX_U64_BYTES) {
            half.copy_from_slice(&hex(fastrand::u64(..)));
        }
        Self::new(&id)
    }

    /// The caller's own id, if it sent exactly one that is safe to log and to repeat.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(&X_REQUEST_ID).iter();
        let id = values.next()?.as_bytes();
        let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        if values.next().is_some() || id.is_empty() || id.len() > BYTES_MAX || !id.iter().all(sane)
        {
            return None;
        }
        Some(Self::new(id))
    }

    /// The caller's own id if it is sane, else a random one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::from_headers(headers).unwrap_or_else(Self::random)
    }

    /// What log lines of the request stand in.
    pub(crate) fn span(&self) -> Span {
        tracing::info_span!("request", request_id = %self)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("an id is ASCII")
    }

    /// `id` has at most [`BYTES_MAX`] bytes, all ASCII.
    fn new(id: &[u8]) -> Self {
        let mut bytes = [0; BYTES_MAX];
        bytes[..id.len()].copy_from_slice(id);
        Self {
            bytes,
            len: id.len(),
        }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestId").field(&self.as_str()).finish()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The outermost middleware (`axum::middleware::from_fn(identify)`).
///
/// 1. Begins the request's span, for those who collect [traces](crate::traces).
/// 2. Gives the request an id: the caller's `X-Request-Id` if it is sane, else a random one.
/// 3. Puts it into the request's extensions, into the log span and into the answer's `X-Request-Id`.
/// 4. Makes every error a problem document with that id: those of handlers, and the bare 404, 405, 413 and 415 of
///    the router, whose other headers (`Allow`) stay.
pub async fn identify(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id);
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map(MatchedPath::as_str);
    let trace = traces::request(request.method(), route, request.headers());
    let answered = next.run(request).instrument(id.span());
    let mut response = answered.instrument(trace.clone()).await;
    traces::answered(&trace, response.status());
    complete(&mut response, &id);
    response
}

/// Gives an answer its request's id, and an error its document.
pub(crate) fn complete<B: From<Vec<u8>>>(response: &mut http::Response<B>, id: &RequestId) {
    explain(response, id);
    if let Ok(value) = HeaderValue::from_bytes(id.as_bytes()) {
        response.headers_mut().insert(X_REQUEST_ID.clone(), value);
    }
}

fn explain<B: From<Vec<u8>>>(response: &mut http::Response<B>, id: &RequestId) {
    let status = response.status();
    if status.is_success() || status.is_redirection() {
        return;
    }
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
