use std::collections::VecDeque;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use parking_lot::Mutex;
use serde::Serialize;
use tenantcache::Cache;
use utoipa::ToSchema;

use super::{rfc3339, wall};
use crate::app::caller::Caller;
use crate::app::state::AppState;
use crate::http::ProblemDocument;

/// How often the figures are noted.
const INTERVAL: Duration = Duration::from_secs(5);
/// An hour of them.
const SAMPLES_MAX: usize = 720;

/// The course of this node's figures over the last hour.
#[derive(Debug, Default)]
pub(in crate::app) struct History {
    samples: Mutex<VecDeque<Sample>>,
}

/// Figures at one moment. Counts are totals since the node started.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::app) struct Sample {
    /// When, RFC 3339.
    at: String,
    hits: u64,
    misses: u64,
    stale_hits: u64,
    errors: u64,
    origin_loads: u64,
    local_bytes: u64,
    redis_bytes: Option<u64>,
    /// `up`, `down` or `none`.
    redis: &'static str,
    pending_invalidations: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Samples {
    /// Seconds between samples.
    interval: u64,
    /// Oldest first, an hour at most.
    items: Vec<Sample>,
}

/// The course of this node's figures over the last hour.
#[utoipa::path(
    get, path = "/api/v1/cache/history", tag = "cache",
    responses((status = 200, body = Samples, description = "Samples, oldest first"),
        (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json")),
)]
pub(in crate::app) async fn history(State(app): State<AppState>, _caller: Caller) -> Json<Samples> {
    let items = app.history.samples.lock().iter().cloned().collect();
    Json(Samples {
        interval: INTERVAL.as_secs(),
        items,
    })
}

/// Notes figures at intervals, until it is dropped.
pub(in crate::app) async fn sample(app: AppState) {
    let mut interval = tokio::time::interval(INTERVAL);
    loop {
        interval.tick().await;
        let sample = take(&app.cache);
        let mut samples = app.history.samples.lock();
        if samples.len() == SAMPLES_MAX {
            samples.pop_front();
        }
        samples.push_back(sample);
        drop(samples);
        app.limits.forget_quiet();
    }
}

fn take(cache: &Cache) -> Sample {
    let counters = cache.counters();
    let health = cache.remote_health();
    let up = health.is_some_and(|health| health.state.is_usable());
    Sample {
        at: rfc3339(wall()),
        hits: counters.total.hits(),
        misses: counters.total.misses(),
        stale_hits: counters.total.stale_hits,
        errors: counters.total.errors,
        origin_loads: counters
            .endpoints
            .values()
            .map(|endpoint| endpoint.loads)
            .sum(),
        local_bytes: cache.local_usage().used_bytes,
        redis_bytes: cache
            .remote_usage()
            .filter(|_| up)
            .map(|usage| usage.used_bytes),
        redis: health.map_or("none", |health| health.state.name()),
        pending_invalidations: cache.pending_invalidations(),
    }
}
