use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, Uri};

use super::problem::Problem;

/// The longest path and query of a request, in bytes.
pub const URI_BYTES_MAX: usize = 8 << 10;
/// The most bytes that the names and values of a request's headers have together.
pub const HEAD_BYTES_MAX: usize = 32 << 10;
/// The most headers of a request.
pub const HEADERS_COUNT_MAX: usize = 100;

/// Refuses, inside of [`identify`](super::identify), a request that [`head_problem`] has something against, before anything
/// else looks at it.
pub async fn bound_head(request: Request, next: Next) -> Response {
    match head_problem(request.uri(), request.headers()) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

/// What is wrong with a request whose address is longer than [`URI_BYTES_MAX`] (414), or whose headers are larger than
/// [`HEAD_BYTES_MAX`] or more than [`HEADERS_COUNT_MAX`] (431).
#[must_use]
pub fn head_problem(uri: &Uri, headers: &HeaderMap) -> Option<Problem> {
    let address = uri.path_and_query();
    if address.is_some_and(|address| address.as_str().len() > URI_BYTES_MAX) {
        let detail = format!("the path and query have more than {URI_BYTES_MAX} bytes");
        return Some(Problem::new(StatusCode::URI_TOO_LONG, detail));
    }
    let detail = headers_too_large(headers)?;
    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    Some(Problem::new(status, detail))
}

fn headers_too_large(headers: &HeaderMap) -> Option<String> {
    if headers.len() > HEADERS_COUNT_MAX {
        return Some(format!("there are more than {HEADERS_COUNT_MAX} headers"));
    }
    let sizes = headers.iter();
    let bytes: usize = sizes
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    (bytes > HEAD_BYTES_MAX).then(|| format!("the headers have more than {HEAD_BYTES_MAX} bytes"))
}
