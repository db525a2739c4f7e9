use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tenantcache::remote::{Health, HealthState};
use tenantcache::{CounterSnapshot, HistogramSnapshot, RequestSnapshot};

use super::wall;
use crate::app::latency::LatencySnapshot;
use crate::app::state::AppState;

/// How often, and how long, figures are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resolution {
    pub(super) interval: Duration,
    samples_max: usize,
}

/// The last hour.
pub(super) const FINE: Resolution = Resolution {
    interval: Duration::from_secs(10),
    samples_max: 360,
};
/// The last day.
pub(super) const COARSE: Resolution = Resolution {
    interval: Duration::from_secs(60),
    samples_max: 1_440,
};
/// What is said of latency now is that of the last so many fine intervals: a minute.
const WINDOW: usize = 6;
const REDIS_CHANGES_MAX: usize = 200;
const SECOND: Duration = Duration::from_secs(1);

/// The course of this node's figures, sampled into two rings of fixed length: 1,800 samples of 232 bytes and seven
/// sets of histograms of 30 KB, under 700 KB in all.
#[derive(Debug)]
pub(in crate::app) struct Course {
    rings: Mutex<Rings>,
    started_at: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Rings {
    fine: VecDeque<Moment>,
    coarse: VecDeque<Moment>,
    /// What had been counted at the end of the last intervals, oldest first.
    counted: VecDeque<Counted>,
    redis_changes: VecDeque<Health>,
}

/// Figures at one moment. Counts are totals; quantiles are of the interval that ended then.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moment {
    pub(super) at_millis: i64,
    pub(super) requests: RequestSnapshot,
    pub(super) loads: u64,
    pub(super) loads_failed: u64,
    pub(super) p50_micros: Option<u32>,
    pub(super) p99_micros: Option<u32>,
    pub(super) lag_p99_micros: Option<u32>,
    pub(super) invalidations: u64,
    pub(super) fills_refused: u64,
    pub(super) local_bytes: u64,
    pub(super) local_evictions: u64,
    pub(super) redis_bytes: Option<u64>,
    pub(super) redis_evictions: u64,
    pub(super) redis: Option<HealthState>,
    pub(super) pending: usize,
}

/// What this node has counted up to one moment.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) reads: LatencySnapshot,
    pub(super) counters: CounterSnapshot,
}

impl Counted {
    pub(super) fn now(app: &AppState) -> Self {
        Self {
            reads: app.latencies.snapshot(),
            counters: app.cache.counters(),
        }
    }
}

impl Course {
    /// The course of a node that starts now.
    pub(in crate::app) fn begin() -> Self {
        Self {
            rings: Mutex::default(),
            started_at: wall(),
        }
    }

    /// When the node started, since 1970.
    pub(super) fn started_at(&self) -> Duration {
        self.started_at
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock()
    }
}

impl Rings {
    pub(super) fn moments(&self, resolution: Resolution) -> impl Iterator<Item = &Moment> {
        let ring = if resolution == FINE {
            &self.fine
        } else {
            &self.coarse
        };
        ring.iter()
    }

    pub(super) fn redis_changes(&self) -> impl Iterator<Item = &Health> {
        self.redis_changes.iter()
    }

    /// What had been counted a minute ago, or when the node started.
    pub(super) fn minute_ago(&self) -> Option<&Counted> {
        self.counted.front()
    }

    fn note_redis(&mut self, health: Health) {
        push(&mut self.redis_changes, health, REDIS_CHANGES_MAX);
    }

    /// Keeps the figures of the fine interval that ends now, and of the coarse one if that ends, too.
    fn note(&mut self, figures: Moment, counted: Counted, ends_coarse: bool) {
        let since = |earlier: Option<&Counted>| {
            let mut moment = figures;
            if let Some(earlier) = earlier {
                moment.set_quantiles(
                    &counted.reads.since(&earlier.reads).all(),
                    &counted.counters.lag.since(&earlier.counters.lag),
                );
            }
            moment
        };
        let fine = since(self.counted.back());
        let coarse = since(self.counted.front());
        push(&mut self.fine, fine, FINE.samples_max);
        if ends_coarse {
            push(&mut self.coarse, coarse, COARSE.samples_max);
        }
        push(&mut self.counted, counted, WINDOW);
    }
}

impl Moment {
    fn take(app: &AppState, counters: &CounterSnapshot) -> Self {
        let cache = &app.cache;
        let health = cache.remote_health();
        let up = health.is_some_and(|health| health.state.is_usable());
        let (local, redis) = (cache.local_usage(), cache.remote_usage());
        let sum = |figure: fn(&tenantcache::EndpointSnapshot) -> u64| {
            counters.endpoints.values().map(figure).sum()
        };
        let invalidations = counters.invalidations.iter();
        Self {
            at_millis: i64::try_from(wall().as_millis()).unwrap_or(i64::MAX),
            requests: counters.total,
            loads: sum(|endpoint| endpoint.loads),
            loads_failed: sum(|endpoint| endpoint.loads_failed),
            invalidations: invalidations
                .map(|(_, applied, queued)| applied + queued)
                .sum(),
            fills_refused: counters.fills_refused,
            local_bytes: local.used_bytes,
            local_evictions: local.evictions,
            redis_bytes: redis.filter(|_| up).map(|usage| usage.used_bytes),
            redis_evictions: redis.map_or(0, |usage| usage.evicted_keys),
            redis: health.map(|health| health.state),
            pending: cache.pending_invalidations(),
            ..Self::default()
        }
    }

    fn set_quantiles(&mut self, reads: &HistogramSnapshot, lag: &HistogramSnapshot) {
        let micros = |seen: &HistogramSnapshot, quantile| {
            let at = seen.quantile(quantile)?;
            u32::try_from(at.as_micros()).ok()
        };
        self.p50_micros = micros(reads, 0.5);
        self.p99_micros = micros(reads, 0.99);
        self.lag_p99_micros = micros(lag, 0.99);
    }
}

fn push<T>(ring: &mut VecDeque<T>, item: T, count_max: usize) {
    if ring.len() == count_max {
        ring.pop_front();
    }
    ring.push_back(item);
}

/// Notes figures at intervals, and each change of Redis' state, until it is dropped.
pub(in crate::app) async fn sample(app: AppState) {
    tokio::join!(sample_figures(&app), follow_redis(&app));
}

async fn sample_figures(app: &AppState) {
    let mut interval = tokio::time::interval(SECOND);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut hits_before = 0;
    for second in 0_u64.. {
        interval.tick().await;
        let hits = app.cache.counters().total.hits();
        app.latencies.adapt(hits.saturating_sub(hits_before));
        hits_before = hits;
        if second.is_multiple_of(FINE.interval.as_secs()) {
            let counted = Counted::now(app);
            let figures = Moment::take(app, &counted.counters);
            let ends_coarse = second.is_multiple_of(COARSE.interval.as_secs());
            app.course.lock().note(figures, counted, ends_coarse);
            app.limits.forget_quiet();
        }
    }
}

async fn follow_redis(app: &AppState) {
    let Some(mut health) = app.cache.remote_health_changes() else {
        return;
    };
    loop {
        let now = *health.borrow_and_update();
        app.course.lock().note_redis(now);
        if health.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::latency::Latencies;

    fn counted() -> Counted {
        Counted {
            reads: Latencies::default().snapshot(),
            counters: CounterSnapshot::default(),
        }
    }

    fn moment(at_millis: i64) -> Moment {
        Moment {
            at_millis,
            ..Moment::default()
        }
    }

    #[test]
    fn both_rings_are_bounded_and_keep_the_latest() {
        let (mut rings, counted) = (Rings::default(), counted());
        for second in 0..9_000 {
            rings.note(moment(second), counted.clone(), second % 6 == 0);
        }
        let check = |resolution: Resolution, interval: i64| {
            let times: Vec<_> = rings.moments(resolution).map(|m| m.at_millis).collect();
            assert_eq!(times.len(), resolution.samples_max);
            assert!(times.is_sorted());
            assert_eq!(times[1] - times[0], interval);
        };
        check(FINE, 1);
        check(COARSE, 6);
        assert_eq!(rings.counted.len(), WINDOW);
        assert!(size_of::<Moment>() <= 232, "{}", size_of::<Moment>());
    }

    #[test]
    fn changes_of_redis_are_bounded_and_keep_the_latest() {
        let mut rings = Rings::default();
        for second in 0..1_000 {
            rings.note_redis(Health {
                state: HealthState::Down,
                since: Duration::from_secs(second),
                cause: None,
            });
        }
        assert_eq!(rings.redis_changes().count(), REDIS_CHANGES_MAX);
        let last = rings.redis_changes().last().unwrap();
        assert_eq!(last.since, Duration::from_secs(999));
    }
}
