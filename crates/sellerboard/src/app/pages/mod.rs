//! The web pages. Their sources are in `web/` as browsers get them: HTML, style sheets and modules, nothing built.
//!
//! A page's HTML is asked for each time; all else stands under an address that changes with the sources ([`assets`]), so
//! that a browser keeps it for good and never mixes two versions.

mod assets;
mod demo;
mod headers;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use assets::{Keep, find, page};
pub(crate) use demo::DEMO_TOKEN_TTL;
pub use demo::DemoSignIn;
use headers::harden;

use super::state::AppState;

/// The pages and what they load. The demo's let people sign in by a click.
pub(super) fn pages(demo: Option<DemoSignIn>) -> Router<AppState> {
    let is_demo = demo.is_some();
    let html = |name: &'static str| get(async move |head: HeaderMap| page(name, is_demo, &head));
    let router = Router::new()
        .route("/", html("index.html"))
        .route("/console", html("console.html"))
        .route("/assets/{version}/{*path}", get(asset));
    let router = match demo {
        Some(demo) => router.merge(demo.router()),
        None => router,
    };
    router.layer(map_response(harden))
}

async fn asset(Path((version, path)): Path<(String, String)>, head: HeaderMap) -> Response {
    match find(&path) {
        // Another version is asked for while nodes are being replaced: what we have will do, but not for long.
        Some(asset) => asset.respond(&head, Keep::for_version(&version)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests;
