//! The parts of the cache's figures that are about the last minute, and about what is under way.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tenantcache::HistogramSnapshot;
use utoipa::ToSchema;

use super::course::Counted;
use crate::app::latency::{Answered, LatencySnapshot};
use crate::app::state::AppState;

/// How long something took. Durations are in milliseconds, interpolated in buckets whose bounds are 1, 2 and 5 of each
/// power of ten.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Quantiles {
    /// How many were observed.
    count: u64,
    /// Half took at most so long; null if there were none.
    p50_ms: Option<f64>,
    /// All but one in a hundred took at most so long.
    p99_ms: Option<f64>,
}

/// How long cached reads of the last minute took, from a read's being understood until its answer was at hand. Of more than
/// 1,000 hits a second, a sample is timed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct LatencyMetrics {
    /// All of them.
    all: Quantiles,
    /// By how they were answered: `hit_local`, `hit_redis`, `stale_hit`, `miss`, `error`.
    outcomes: BTreeMap<String, Quantiles>,
}

/// How this node and the others agree.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct CoherenceMetrics {
    /// From the application of an invalidation in Redis until it held on this node, in the last minute.
    lag: Quantiles,
    /// Whether Redis tells of other nodes' invalidations; if not, they are heeded within the coherence bound. Null without
    /// Redis.
    notified: Option<bool>,
    /// Changes of tenants' tables that Redis told of.
    notices: u64,
    /// Loaded values that were not stored, since they were invalidated during the load.
    fills_refused: u64,
    /// Entries in Redis that were not taken up, since they were invalidated.
    promotions_refused: u64,
    /// Operations of Redis that failed while it was up.
    redis_errors: u64,
    /// How long the oldest invalidation that Redis has not confirmed has waited, seconds.
    pending_age: u64,
    /// Invalidations by kind of scope.
    invalidations: BTreeMap<&'static str, InvalidationCounts>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct InvalidationCounts {
    applied: u64,
    queued: u64,
}

/// What is asked of the origin.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct OriginMetrics {
    /// Loads begun.
    loads: u64,
    /// Loads that failed or timed out.
    loads_failed: u64,
    /// Loads that were not begun, since too many were under way.
    loads_shed: u64,
    /// Loads at this moment.
    under_way: usize,
    /// Loads that wait for their turn.
    waiting: usize,
    /// `closed`: it is asked; `open`: it fails, and is only probed; `half_open`: a probe is under way.
    breaker: &'static str,
    /// How long the loads of the last minute took.
    duration: Quantiles,
}

/// What was counted up to now, and what of it in the last minute.
#[derive(Debug)]
pub(super) struct Minute {
    pub(super) now: Counted,
    ago: Option<Counted>,
}

impl Minute {
    pub(super) fn until_now(app: &AppState) -> Self {
        Self {
            ago: app.course.lock().minute_ago().cloned(),
            now: Counted::now(app),
        }
    }

    /// How long reads of one endpoint took.
    pub(super) fn of_endpoint(&self, endpoint: &str) -> Quantiles {
        self.reads(|reads| reads.of_endpoint(endpoint))
    }

    /// How long loads of one endpoint took.
    pub(super) fn loads_of(&self, endpoint: &str) -> Quantiles {
        self.between(|counted| {
            let endpoint = counted.counters.endpoints.get(endpoint);
            endpoint.map_or_else(HistogramSnapshot::default, |counts| counts.load_durations)
        })
    }

    pub(super) fn latency(&self) -> LatencyMetrics {
        let of = |answered: Answered| {
            let name = answered.name().to_owned();
            (name, self.reads(|reads| reads.of(answered)))
        };
        LatencyMetrics {
            all: self.reads(LatencySnapshot::all),
            outcomes: Answered::ALL.into_iter().map(of).collect(),
        }
    }

    pub(super) fn coherence(&self, app: &AppState) -> CoherenceMetrics {
        let (cache, counters) = (&app.cache, &self.now.counters);
        let invalidations = counters.invalidations.iter();
        CoherenceMetrics {
            lag: self.between(|counted| counted.counters.lag),
            notified: cache.remote_health().map(|_| cache.is_notified()),
            notices: counters.pushes,
            fills_refused: counters.fills_refused,
            promotions_refused: counters.promotions_refused,
            redis_errors: counters.remote_errors,
            pending_age: cache.pending_age().as_secs(),
            invalidations: invalidations
                .map(|&(scope, applied, queued)| (scope, InvalidationCounts { applied, queued }))
                .collect(),
        }
    }

    pub(super) fn origin(&self, app: &AppState) -> OriginMetrics {
        let counters = &self.now.counters;
        let loads = app.cache.load_usage();
        OriginMetrics {
            loads: counters.endpoints.values().map(|counts| counts.loads).sum(),
            loads_failed: counters
                .endpoints
                .values()
                .map(|counts| counts.loads_failed)
                .sum(),
            loads_shed: counters.loads_shed.iter().map(|(_, count)| count).sum(),
            under_way: loads.under_way,
            waiting: loads.waiting,
            breaker: app.source.breaker(),
            duration: self.between(|counted| counted.counters.load_durations()),
        }
    }

    fn reads(&self, of: impl Fn(&LatencySnapshot) -> HistogramSnapshot) -> Quantiles {
        self.between(|counted| of(&counted.reads))
    }

    fn between(&self, of: impl Fn(&Counted) -> HistogramSnapshot) -> Quantiles {
        let now = of(&self.now);
        Quantiles::of(&match &self.ago {
            Some(ago) => now.since(&of(ago)),
            None => now,
        })
    }
}

impl Quantiles {
    fn of(seen: &HistogramSnapshot) -> Self {
        // To the microsecond.
        let millis = |at: Duration| (at.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            count: seen.count(),
            p50_ms: seen.quantile(0.5).map(millis),
            p99_ms: seen.quantile(0.99).map(millis),
        }
    }
}
