use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::request_id::RequestId;
use crate::auth::AuthError;

/// The media type of a problem document.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, as clients may rely on it: the end of the document's `type`, and its `code`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Code {
    /// 400: a parameter or a body is not valid.
    InvalidParameter,
    /// 401: no or no valid token.
    Unauthenticated,
    /// 403: the token does not allow this.
    Forbidden,
    /// 404: no such path or id.
    NotFound,
    /// 405: the path has no such method.
    MethodNotAllowed,
    /// 408: the request did not arrive in time.
    RequestTimeout,
    /// 413: the body is too large.
    PayloadTooLarge,
    /// 414: the address is too long.
    UriTooLong,
    /// 415: the body is of another kind than is taken here.
    UnsupportedMediaType,
    /// 429: too many requests of one tenant.
    RateLimited,
    /// 431: the headers are too large, or too many.
    HeadersTooLarge,
    /// 500: a fault of ours.
    Internal,
    /// 502: the origin failed.
    OriginFailed,
    /// 503: the origin or we cannot take the request now.
    Unavailable,
    /// 504: the origin did not answer in time.
    OriginTimeout,
    /// Any other status.
    Other,
}

/// An error as clients see it (RFC 9457). [`identify`](super::identify) adds the request's id to it.
#[derive(Clone, Debug)]
#[must_use]
pub struct Problem(Box<ProblemDocument>);

/// The body of a [`Problem`].
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem in words.
    title: Cow<'static, str>,
    /// The status of the answer.
    status: u16,
    /// What is wrong with this request. Never an internal message.
    detail: String,
    /// The kind of problem for programs.
    code: Code,
    /// The parameter at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// The request's id, as in `X-Request-Id` and in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Code {
    /// The code that a status stands for.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::InvalidParameter,
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::RequestTimeout,
            413 => Self::PayloadTooLarge,
            414 => Self::UriTooLong,
            415 => Self::UnsupportedMediaType,
            429 => Self::RateLimited,
            431 => Self::HeadersTooLarge,
            500 => Self::Internal,
            502 => Self::OriginFailed,
            503 => Self::Unavailable,
            504 => Self::OriginTimeout,
            _ => Self::Other,
        }
    }

    fn slug(self) -> &'static str {
        match self {
            Self::InvalidParameter => "invalid-parameter",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::RequestTimeout => "request-timeout",
            Self::PayloadTooLarge => "payload-too-large",
            Self::UriTooLong => "uri-too-long",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::RateLimited => "rate-limited",
            Self::HeadersTooLarge => "headers-too-large",
            Self::Internal => "internal",
            Self::OriginFailed => "origin-failed",
            Self::Unavailable => "unavailable",
            Self::OriginTimeout => "origin-timeout",
            Self::Other => "other",
        }
    }
}

impl Problem {
    /// A problem of any status.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let code = Code::of_status(status);
        Self(Box::new(ProblemDocument {
            kind: format!("urn:sellerboard:problem:{}", code.slug()),
            title: Cow::Borrowed(status.canonical_reason().unwrap_or("Error")),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            parameter: None,
            request_id: None,
            headers: Vec::new(),
        }))
    }

    /// 400: the parameter `name` is not valid; `expected` says what would be.
    pub fn invalid_parameter(name: &str, expected: &str) -> Self {
        let detail = format!("parameter {name}: expected {expected}");
        Self::new(StatusCode::BAD_REQUEST, detail).with_parameter(name)
    }

    /// 400: the body or the combination of parameters is not valid.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401 with `WWW-Authenticate`.
    pub fn unauthenticated(error: AuthError) -> Self {
        let problem = Self::new(StatusCode::UNAUTHORIZED, error.to_string());
        match HeaderValue::from_str(&error.www_authenticate()) {
            Ok(value) => problem.with_header(WWW_AUTHENTICATE, value),
            Err(_) => problem.with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        }
    }

    /// 403: the token is good but does not allow this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 404: no such path or id.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 413: the body is larger than `bytes_max`.
    pub fn payload_too_large(bytes_max: usize) -> Self {
        let detail = format!("the body is larger than {bytes_max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// 429 with `Retry-After`.
    pub fn rate_limited(retry_after_seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many requests of this tenant",
        )
        .with_header(RETRY_AFTER, retry_after_seconds.into())
    }

    /// 500: the cause goes to the log, not to the client.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "an internal error; the log has its cause",
        )
    }

    /// 502: the origin answered with an error or with nonsense.
    pub fn origin_failed() -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "the source of the data failed")
    }

    /// 503: the origin cannot be reached, or too much is waiting for it.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// 504: the origin did not answer within the hard time-out.
    pub fn origin_timeout() -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            "the source of the data did not answer in time",
        )
    }

    /// Names the parameter or attribute at fault.
    pub fn with_parameter(mut self, name: &str) -> Self {
        self.0.parameter = Some(name.to_owned());
        self
    }

    /// Sets a header of the answer, in place of one of that name.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.retain(|(known, _)| *known != name);
        self.0.headers.push((name, value));
        self
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(super) fn with_request_id(mut self, id: &RequestId) -> Self {
        self.0.request_id = Some(id.as_str().to_owned());
        self
    }

    /// The document as text, for an answer that is written by hand.
    pub(crate) fn text(self, id: &RequestId) -> String {
        serde_json::to_string(&self.with_request_id(id).0).unwrap_or_default()
    }

    pub(super) fn body<B: From<Vec<u8>>>(&self) -> B {
        serde_json::to_vec(&self.0).unwrap_or_default().into()
    }

    /// The answer. The problem itself goes along in its extensions, where [`identify`](super::identify) finds it.
    pub(crate) fn into_answer<B: From<Vec<u8>>>(self) -> http::Response<B> {
        let mut response = http::Response::new(self.body());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        for (name, value) in &self.0.headers {
            headers.insert(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        Self::unauthenticated(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.into_answer()
    }
}
