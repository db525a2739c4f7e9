use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenantcache::remote::HealthCause;
use tenantcache::{EndpointSnapshot, RequestSnapshot};
use utoipa::ToSchema;

use super::sections::{CoherenceMetrics, LatencyMetrics, Minute, OriginMetrics, Quantiles};
use super::{rfc3339, wall};
use crate::app::caller::Caller;
use crate::app::params::{Params, TEXT_BYTES_MAX};
use crate::app::state::AppState;
use crate::http::{Problem, ProblemDocument};

/// The cache's figures. The first eight have the names and units of the document that the service grew from.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct CacheMetrics {
    /// Reads answered by an entry; a stale hit is a hit.
    hits: u64,
    /// All other reads.
    misses: u64,
    /// Cached reads: hits and misses.
    total_requests: u64,
    /// Hits in a hundred reads, 0 without reads.
    hit_rate_percent: f64,
    /// Memory in use, in 1,048,576 bytes: Redis' while it is up, else the local tier's.
    used_memory_mb: f64,
    /// Its limit, 0 if there is none.
    max_memory_mb: f64,
    /// Used memory in percent of the limit, 0 without a limit.
    memory_usage_percent: f64,
    /// Keys that Redis has evicted since it started.
    redis_evicted_keys: u64,
    /// Reads answered by an entry within grace.
    stale_hits: u64,
    /// Reads answered by another read's load.
    collapsed: u64,
    /// Reads that ended in an error.
    errors: u64,
    /// The memory of each tier.
    tiers: Tiers,
    /// Redis' state.
    redis: RedisState,
    /// Figures by endpoint; empty for one tenant.
    endpoints: BTreeMap<String, EndpointMetrics>,
    /// This node's latency, whatever the scope.
    latency: LatencyMetrics,
    /// How this node and the others agree.
    coherence: CoherenceMetrics,
    /// What is asked of the origin.
    origin: OriginMetrics,
    /// When these figures were taken, RFC 3339.
    at: String,
    /// When this node began to count, RFC 3339.
    started_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Tiers {
    local: LocalTier,
    redis: Option<RedisTier>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct LocalTier {
    entries: usize,
    used_memory_mb: f64,
    max_memory_mb: f64,
    evictions: u64,
    rejections: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct RedisTier {
    used_memory_mb: f64,
    max_memory_mb: f64,
    evicted_keys: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct RedisState {
    /// `up`, `degraded`, `down`, or `none` where no Redis is configured.
    state: &'static str,
    /// Why it is not up, in a word.
    cause: Option<&'static str>,
    /// Since when, RFC 3339.
    since: Option<String>,
    /// Scopes whose invalidation Redis has not confirmed yet.
    pending_invalidations: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct EndpointMetrics {
    hits: u64,
    misses: u64,
    stale_hits: u64,
    hits_local: u64,
    hits_redis: u64,
    collapsed: u64,
    errors: u64,
    origin_loads: u64,
    origin_loads_failed: u64,
    /// How long its reads of the last minute took.
    latency: Quantiles,
    /// How long its loads of the last minute took.
    load_duration: Quantiles,
}

/// Whose figures.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum MetricsOf {
    #[default]
    Node,
    Tenant,
}

/// Hits, misses and memory: of this node, or with `scope=tenant` of one tenant on this node.
#[utoipa::path(
    get, path = "/api/v1/cache/metrics", tag = "cache",
    params(("scope" = inline(Option<MetricsOf>), Query, description = "Default `node`; `tenant`: the caller's tenant alone"),
        ("tenant" = Option<String>, Query, min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.@+-]+$", description = "With `scope=tenant`, another tenant; needs cache:admin")),
    responses(
        (status = 200, body = CacheMetrics, description = "This node's figures since it started"),
        (status = 400, body = ProblemDocument, description = "A parameter is not valid", content_type = "application/problem+json"),
        (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json"),
        (status = 403, body = ProblemDocument, description = "Another tenant", content_type = "application/problem+json"),
    ),
)]
pub(in crate::app) async fn metrics(
    State(app): State<AppState>,
    caller: Caller,
    params: Params<'static>,
) -> Result<Json<CacheMetrics>, Problem> {
    let tenant = caller.tenant_named(params.text("tenant", TEXT_BYTES_MAX)?)?;
    let minute = Minute::until_now(&app);
    let counters = &minute.now.counters;
    Ok(Json(match params.choice("scope", "node or tenant")? {
        MetricsOf::Node => {
            let endpoints = counters.endpoints.iter();
            let endpoints =
                endpoints.map(|(name, counts)| (name.clone(), endpoint(&minute, name, counts)));
            render(&app, &minute, counters.total, endpoints.collect())
        }
        MetricsOf::Tenant => {
            let tenant = app.cache.tenant(&tenant);
            render(&app, &minute, tenant.counters(), BTreeMap::new())
        }
    }))
}

fn render(
    app: &AppState,
    minute: &Minute,
    requests: RequestSnapshot,
    endpoints: BTreeMap<String, EndpointMetrics>,
) -> CacheMetrics {
    let cache = &app.cache;
    let local = cache.local_usage();
    let remote = cache.remote_usage();
    let health = cache.remote_health();
    let up = health.is_some_and(|health| health.state.is_usable());
    let (used, max) = match remote.filter(|_| up) {
        Some(remote) => (remote.used_bytes, remote.max_bytes),
        None => (local.used_bytes, local.max_bytes),
    };
    CacheMetrics {
        hits: requests.hits(),
        misses: requests.misses(),
        total_requests: requests.requests(),
        hit_rate_percent: percent(requests.hits(), requests.requests()),
        used_memory_mb: mebibytes(used),
        max_memory_mb: mebibytes(max),
        memory_usage_percent: percent(used, max),
        redis_evicted_keys: remote.map_or(0, |remote| remote.evicted_keys),
        stale_hits: requests.stale_hits,
        collapsed: requests.collapsed,
        errors: requests.errors,
        tiers: Tiers {
            local: LocalTier {
                entries: local.entries,
                used_memory_mb: mebibytes(local.used_bytes),
                max_memory_mb: mebibytes(local.max_bytes),
                evictions: local.evictions,
                rejections: local.rejections,
            },
            redis: remote.map(|remote| RedisTier {
                used_memory_mb: mebibytes(remote.used_bytes),
                max_memory_mb: mebibytes(remote.max_bytes),
                evicted_keys: remote.evicted_keys,
            }),
        },
        redis: RedisState {
            state: health.map_or("none", |health| health.state.name()),
            cause: health
                .and_then(|health| health.cause)
                .map(HealthCause::name),
            since: health.map(|health| rfc3339(health.since)),
            pending_invalidations: cache.pending_invalidations(),
        },
        endpoints,
        latency: minute.latency(),
        coherence: minute.coherence(app),
        origin: minute.origin(app),
        at: rfc3339(wall()),
        started_at: rfc3339(app.course.started_at()),
    }
}

fn endpoint(minute: &Minute, name: &str, counts: &EndpointSnapshot) -> EndpointMetrics {
    EndpointMetrics {
        hits: counts.requests.hits(),
        misses: counts.requests.misses(),
        stale_hits: counts.requests.stale_hits,
        hits_local: counts.hits_local,
        hits_redis: counts.hits_remote,
        collapsed: counts.requests.collapsed,
        errors: counts.requests.errors,
        origin_loads: counts.loads,
        origin_loads_failed: counts.loads_failed,
        latency: minute.of_endpoint(name),
        load_duration: minute.loads_of(name),
    }
}

/// Two decimals; 0 of 0 is 0.
#[expect(
    clippy::cast_precision_loss,
    reason = "two decimals of a quotient need no 64 bits"
)]
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        (part as f64 / whole as f64 * 10_000.0).round() / 100.0
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "two decimals of a quotient need no 64 bits"
)]
fn mebibytes(bytes: u64) -> f64 {
    (bytes as f64 / 1_048_576.0 * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    #[test]
    fn percentages_have_two_decimals_and_no_nan() {
        let check = |part, whole, expected: f64| {
            assert!(
                (super::percent(part, whole) - expected).abs() < 1e-9,
                "{part} of {whole}"
            );
        };
        check(150, 200, 75.0);
        check(0, 0, 0.0);
        check(1, 3, 33.33);
        check(u64::MAX, u64::MAX, 100.0);
    }
}
