//! Errors as RFC 9457 `application/problem+json`.

use std::fmt::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use seller_data::ErrorKind;
use serde::Serialize;

/// What went wrong, for the client. It travels in the response's extensions; the body is written where the
/// request's id is known, by [`Problem::body`].
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    parameter: Option<String>,
}

#[derive(Debug, Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    request_id: &'a str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            parameter: None,
        }
    }

    /// 400: a parameter, header or field has no usable value.
    pub(crate) fn invalid(parameter: &str, detail: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            detail: format!("invalid {parameter}: {detail}"),
            parameter: Some(parameter.to_owned()),
        }
    }

    pub(crate) fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this path has other methods: see Allow",
        )
    }

    /// The response with its body, under the request's id.
    pub(crate) fn body(&self, request_id: &str) -> Response {
        let body = Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            parameter: self.parameter.as_deref(),
            request_id,
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let content_type = HeaderValue::from_static("application/problem+json");
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<seller_data::Error> for Problem {
    fn from(error: seller_data::Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidParameter => Self {
                status: StatusCode::BAD_REQUEST,
                detail: error.to_string(),
                parameter: error.parameter().map(str::to_owned),
            },
            ErrorKind::NotFound => Self::not_found(&error.to_string()),
            ErrorKind::Unavailable => {
                tracing::warn!(error = chain(&error), "the store is unavailable");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the store is unavailable")
            }
            _ => {
                tracing::error!(error = chain(&error), "the store failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the store failed")
            }
        }
    }
}

/// An error with its sources, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
