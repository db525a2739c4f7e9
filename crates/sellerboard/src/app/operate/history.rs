use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenantcache::remote::{Health, HealthCause};
use utoipa::ToSchema;

use super::course::{COARSE, FINE, Moment};
use super::rfc3339;
use crate::app::caller::Caller;
use crate::app::params::{Params, TEXT_BYTES_MAX};
use crate::app::state::AppState;
use crate::http::{Problem, ProblemDocument};

/// Figures at one moment. Counts are totals since the node started; of two samples, the difference is what came between.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Sample {
    /// When, RFC 3339.
    at: String,
    hits: u64,
    misses: u64,
    stale_hits: u64,
    collapsed: u64,
    errors: u64,
    origin_loads: u64,
    origin_loads_failed: u64,
    /// Half of the reads since the sample before took at most so long, ms; null if there were none.
    p50_ms: Option<f64>,
    /// All but one in a hundred took at most so long, ms.
    p99_ms: Option<f64>,
    /// All but one in a hundred invalidations since the sample before held on this node within, ms; null if there were none.
    lag_p99_ms: Option<f64>,
    invalidations: u64,
    fills_refused: u64,
    local_bytes: u64,
    local_evictions: u64,
    /// Null while Redis is down, or where there is none.
    redis_bytes: Option<u64>,
    redis_evictions: u64,
    /// `up`, `degraded`, `down` or `none`.
    redis: &'static str,
    pending_invalidations: usize,
}

/// A change of Redis' state, as this node saw it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct RedisChange {
    /// When, RFC 3339.
    at: String,
    /// `up`, `degraded` or `down`.
    state: &'static str,
    /// Why it is not up, in a word.
    cause: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Samples {
    /// Seconds between samples.
    interval: u64,
    /// Oldest first.
    items: Vec<Sample>,
    /// The latest changes of Redis' state, oldest first, 200 at most; the first is the state at the start.
    redis_changes: Vec<RedisChange>,
}

/// How far back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Range {
    Day,
    #[default]
    Hour,
}

/// The course of this node's figures over the last hour, or the last day.
#[utoipa::path(
    get, path = "/api/v1/cache/history", tag = "cache",
    params(("range" = inline(Option<Range>), Query, description = "`hour` (a sample every 10 s, the default) or `day` (every minute)"),
        ("since" = Option<String>, Query, format = DateTime, description = "Only samples later than this moment, RFC 3339")),
    responses((status = 200, body = Samples, description = "Samples, oldest first"),
        (status = 400, body = ProblemDocument, description = "A parameter is not valid", content_type = "application/problem+json"),
        (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json")),
)]
pub(in crate::app) async fn history(
    State(app): State<AppState>,
    _caller: Caller,
    params: Params<'static>,
) -> Result<Json<Samples>, Problem> {
    let resolution = match params.choice("range", "hour or day")? {
        Range::Day => COARSE,
        Range::Hour => FINE,
    };
    let since = params.text("since", TEXT_BYTES_MAX)?.map(moment);
    let since = since.transpose()?.unwrap_or(i64::MIN);
    let course = app.course.lock();
    Ok(Json(Samples {
        interval: resolution.interval.as_secs(),
        items: course
            .moments(resolution)
            .filter(|moment| moment.at_millis > since)
            .map(Sample::of)
            .collect(),
        redis_changes: course.redis_changes().map(RedisChange::of).collect(),
    }))
}

/// Milliseconds since 1970.
fn moment(text: &str) -> Result<i64, Problem> {
    let parsed = text.parse::<jiff::Timestamp>();
    parsed
        .map(jiff::Timestamp::as_millisecond)
        .map_err(|_| Problem::invalid_parameter("since", "a moment such as 2026-01-31T12:00:00Z"))
}

impl Sample {
    fn of(moment: &Moment) -> Self {
        let millis = |micros: Option<u32>| micros.map(|micros| f64::from(micros) / 1_000.0);
        Self {
            at: jiff::Timestamp::from_millisecond(moment.at_millis)
                .map_or_else(|_| String::new(), |at| at.to_string()),
            hits: moment.requests.hits(),
            misses: moment.requests.misses(),
            stale_hits: moment.requests.stale_hits,
            collapsed: moment.requests.collapsed,
            errors: moment.requests.errors,
            origin_loads: moment.loads,
            origin_loads_failed: moment.loads_failed,
            p50_ms: millis(moment.p50_micros),
            p99_ms: millis(moment.p99_micros),
            lag_p99_ms: millis(moment.lag_p99_micros),
            invalidations: moment.invalidations,
            fills_refused: moment.fills_refused,
            local_bytes: moment.local_bytes,
            local_evictions: moment.local_evictions,
            redis_bytes: moment.redis_bytes,
            redis_evictions: moment.redis_evictions,
            redis: moment.redis.map_or("none", |state| state.name()),
            pending_invalidations: moment.pending,
        }
    }
}

impl RedisChange {
    fn of(health: &Health) -> Self {
        Self {
            at: rfc3339(health.since),
            state: health.state.name(),
            cause: health.cause.map(HealthCause::name),
        }
    }
}
