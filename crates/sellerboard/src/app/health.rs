use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::state::AppState;

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthReport {
    /// `ok`.
    status: &'static str,
    /// `up`, `degraded`, `down` or `none`. The service is ready without Redis.
    redis: &'static str,
}

/// Whether the process is alive.
#[utoipa::path(
    get, path = "/healthz", tag = "operation", security(()),
    responses((status = 200, body = HealthReport, description = "It is")),
)]
pub(super) async fn healthz(State(app): State<AppState>) -> Json<HealthReport> {
    report(&app)
}

/// Whether the service takes requests.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", security(()),
    responses((status = 200, body = HealthReport, description = "It does")),
)]
pub(super) async fn readyz(State(app): State<AppState>) -> Json<HealthReport> {
    report(&app)
}

fn report(app: &AppState) -> Json<HealthReport> {
    let health = app.cache.remote_health();
    let redis = health.map_or("none", |health| health.state.name());
    Json(HealthReport {
        status: "ok",
        redis,
    })
}
