use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, map_response};
use axum::routing::{delete, get, post};
use serde_json::Value;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::pages::{DemoSignIn, pages};
use super::state::AppState;
use super::{cached, docs, events, health, metrics, operate};
use crate::http::{bound_head, identify, unshared};

/// The largest body of a request.
pub(super) const BODY_BYTES_MAX: usize = 1 << 20;

pub(super) fn router(app: AppState, demo: Option<DemoSignIn>) -> Router {
    let api = Router::new()
        .route("/dashboard/kpis", get(cached::kpis))
        .route("/dashboard/trends", get(cached::trends))
        .route("/dashboard/alerts", get(cached::alerts))
        .route("/dashboard/insights", get(cached::insights))
        .route("/dashboard/stats", get(cached::stats))
        .route("/dashboard/activity", get(cached::activity))
        .route("/products", get(cached::products))
        .route("/products/{id}", get(cached::product))
        .route("/pricing/trends", get(cached::pricing))
        .route("/sentiment/overview", get(cached::sentiment))
        .route("/forecast/demand", get(cached::forecast))
        .route("/cache", delete(operate::invalidate))
        .route("/cache/metrics", get(operate::metrics))
        .route("/cache/entries", get(operate::entries))
        .route("/cache/entry", get(operate::entry))
        .route("/cache/invalidations", get(operate::invalidations))
        .route("/cache/tenants", get(operate::tenants))
        .route("/cache/history", get(operate::history))
        .route("/events", post(events::receive))
        .route("/events/stream", get(events::stream));
    Router::new()
        .nest("/api/v1", api)
        .merge(pages(demo))
        .route("/docs", get(docs::page))
        .route("/docs.css", get(docs::style))
        .route("/openapi.json", get(docs::document))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .layer(CatchPanicLayer::new())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(bound_head))
        .layer(map_response(unshared))
        .layer(from_fn(identify))
        .with_state(app)
}

/// The OpenAPI description of the service, as `/openapi.json` serves it.
#[must_use]
pub fn openapi() -> Value {
    serde_json::to_value(Api::openapi()).expect("the description is plain data")
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "sellerboard",
        description = "Sellers' dashboards, answered from a cache in which no tenant sees another's data."
    ),
    paths(
        cached::kpis, cached::trends, cached::alerts, cached::insights, cached::stats,
        cached::activity, cached::products, cached::product, cached::pricing, cached::sentiment,
        cached::forecast, operate::paths::invalidate, operate::paths::metrics,
        operate::paths::entries, operate::paths::entry, operate::paths::invalidations,
        operate::paths::tenants, operate::paths::history, events::paths::receive,
        events::paths::stream, health::healthz, health::readyz, metrics::metrics
    ),
    security(("bearer" = [])),
    modifiers(&Bearer)
)]
struct Api;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let http = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(http));
        let signature = ApiKey::Header(ApiKeyValue::with_description(
            "webhook-signature",
            "Standard Webhooks 1.0, with webhook-id and webhook-timestamp",
        ));
        components.add_security_scheme("webhook", SecurityScheme::ApiKey(signature));
    }
}
