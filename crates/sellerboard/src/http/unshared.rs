use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, VARY};

/// Keeps answers out of caches that stand in front of the service, unless they say themselves how they may be kept: even an
/// answer that there is no such thing is one tenant's.
pub async fn unshared(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if !headers.contains_key(VARY) {
        headers.insert(VARY, HeaderValue::from_static("Authorization"));
    }
    response
}
