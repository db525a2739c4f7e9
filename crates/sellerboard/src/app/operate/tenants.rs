use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenantcache::clock::{Clock, SystemClock};
use tenantcache::{Cache, TenantOrder, TenantShare};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::app::caller::Caller;
use crate::app::params::Params;
use crate::app::state::AppState;
use crate::http::{Problem, ProblemDocument};

/// The most tenants that are told of.
const COUNT_MAX: usize = 1_000;
/// For so long a list is given again: all tenants are walked for it, however many ask.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// One tenant's reads on this node, and what it takes of the local tier.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct TenantMetrics {
    /// The tenant.
    id: String,
    hits: u64,
    misses: u64,
    stale_hits: u64,
    errors: u64,
    /// Since the node saw the tenant first.
    total_requests: u64,
    /// Its entries in this node's local tier.
    local_entries: u64,
    /// The bytes they are charged.
    local_bytes: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Tenants {
    items: Vec<TenantMetrics>,
    next_cursor: Option<String>,
}

/// The tenants with the most reads, and those with the most bytes, as they were lately.
#[derive(Debug, Default)]
pub(in crate::app) struct TopTenants {
    by_bytes: Mutex<Option<Kept>>,
    by_requests: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    at: Duration,
    shares: Arc<[TenantShare]>,
}

impl TopTenants {
    /// Walks all tenants, on a thread where that is in nobody's way; whoever asks meanwhile waits for the same list.
    async fn of(&self, cache: &Cache, order: TenantOrder) -> Result<Arc<[TenantShare]>, Problem> {
        let kept = match order {
            TenantOrder::Bytes => &self.by_bytes,
            _ => &self.by_requests,
        };
        let mut kept = kept.lock().await;
        let now = SystemClock::default().monotonic();
        if let Some(kept) = kept.as_ref()
            && now.saturating_sub(kept.at) < KEPT_FOR
        {
            return Ok(Arc::clone(&kept.shares));
        }
        let cache = cache.clone();
        let walk = tokio::task::spawn_blocking(move || cache.top_tenants(order, COUNT_MAX));
        let shares: Arc<[_]> = walk.await.map_err(|_| Problem::internal())?.into();
        *kept = Some(Kept {
            at: now,
            shares: Arc::clone(&shares),
        });
        Ok(shares)
    }
}

/// What stands first.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    Bytes,
    #[default]
    Requests,
}

/// The tenants with the most reads or bytes on this node: with cache:admin, else the caller's own.
#[utoipa::path(
    get, path = "/api/v1/cache/tenants", tag = "cache",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Default 100"),
        ("order" = inline(Option<Order>), Query, description = "`requests`, the default, or `bytes`: by what they take of the local tier")),
    responses((status = 200, body = Tenants, description = "The list, at most a second old"),
        (status = 400, body = ProblemDocument, description = "A parameter is not valid", content_type = "application/problem+json"),
        (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json")),
)]
pub(in crate::app) async fn tenants(
    State(app): State<AppState>,
    caller: Caller,
    params: Params<'static>,
) -> Result<Json<Tenants>, Problem> {
    let limit = usize::try_from(params.number("limit", 1..=1000, 100)?).unwrap_or(COUNT_MAX);
    let order = match params.choice("order", "requests or bytes")? {
        Order::Bytes => TenantOrder::Bytes,
        Order::Requests => TenantOrder::Requests,
    };
    let items = if caller.is_admin() {
        let shares = app.top_tenants.of(&app.cache, order).await?;
        shares.iter().take(limit).map(TenantMetrics::of).collect()
    } else {
        vec![TenantMetrics::of(&caller.cache(&app).share())]
    };
    Ok(Json(Tenants {
        items,
        next_cursor: None,
    }))
}

impl TenantMetrics {
    fn of(share: &TenantShare) -> Self {
        let counts = &share.requests;
        Self {
            id: share.id.to_string(),
            hits: counts.hits(),
            misses: counts.misses(),
            stale_hits: counts.stale_hits,
            errors: counts.errors,
            total_requests: counts.requests(),
            local_entries: share.usage.entries,
            local_bytes: share.usage.bytes,
        }
    }
}
