use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::caller::Caller;
use crate::app::params::Params;
use crate::app::state::AppState;
use crate::http::{Problem, ProblemDocument};

/// One tenant's reads on this node.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct TenantMetrics {
    /// The tenant.
    id: String,
    hits: u64,
    misses: u64,
    stale_hits: u64,
    errors: u64,
    total_requests: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Tenants {
    items: Vec<TenantMetrics>,
    next_cursor: Option<String>,
}

/// The tenants with the most reads on this node: with cache:admin, else the caller's own.
#[utoipa::path(
    get, path = "/api/v1/cache/tenants", tag = "cache",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Default 100")),
    responses((status = 200, body = Tenants, description = "The list"),
        (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json")),
)]
pub(in crate::app) async fn tenants(
    State(app): State<AppState>,
    caller: Caller,
    params: Params<'static>,
) -> Result<Json<Tenants>, Problem> {
    let limit = usize::try_from(params.number("limit", 1..=1000, 100)?).unwrap_or(100);
    let mut counted = if caller.is_admin() {
        app.cache.tenants()
    } else {
        vec![(caller.tenant().clone(), caller.cache(&app).counters())]
    };
    counted.sort_by_cached_key(|(id, counts)| (Reverse(counts.requests()), id.to_string()));
    let items = counted
        .into_iter()
        .take(limit)
        .map(|(id, counts)| TenantMetrics {
            id: id.to_string(),
            hits: counts.hits(),
            misses: counts.misses(),
            stale_hits: counts.stale_hits,
            errors: counts.errors,
            total_requests: counts.requests(),
        });
    Ok(Json(Tenants {
        items: items.collect(),
        next_cursor: None,
    }))
}
