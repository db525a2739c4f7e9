//! What a service says of its cache, as far as it is shown. What is missing in an answer is not shown.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Deserialize;

/// Rates are taken over so many looks, a second apart.
const WINDOW: usize = 10;

/// Everything that is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    pub(super) metrics: Metrics,
    pub(super) rates: Rates,
    pub(super) tenants: Vec<Tenant>,
    pub(super) invalidations: Vec<Invalidation>,
    pub(super) history: History,
}

/// `GET /cache/metrics`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metrics {
    pub(super) at: Option<Timestamp>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) hits: u64,
    pub(super) total_requests: u64,
    pub(super) hit_rate_percent: f64,
    pub(super) stale_hits: u64,
    pub(super) collapsed: u64,
    pub(super) errors: u64,
    pub(super) tiers: Tiers,
    pub(super) redis: Redis,
    pub(super) endpoints: BTreeMap<String, Endpoint>,
    pub(super) latency: Latency,
    pub(super) coherence: Coherence,
    pub(super) origin: Origin,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tiers {
    pub(super) local: LocalTier,
    pub(super) redis: Option<RedisTier>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LocalTier {
    pub(super) entries: u64,
    pub(super) used_memory_mb: f64,
    pub(super) max_memory_mb: f64,
    pub(super) evictions: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RedisTier {
    pub(super) used_memory_mb: f64,
    pub(super) max_memory_mb: f64,
    pub(super) evicted_keys: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Redis {
    pub(super) state: String,
    pub(super) cause: Option<String>,
    pub(super) since: Option<Timestamp>,
    pub(super) pending_invalidations: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Endpoint {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) errors: u64,
    pub(super) origin_loads: u64,
    pub(super) latency: Quantiles,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Latency {
    pub(super) all: Quantiles,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Quantiles {
    pub(super) p50_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Coherence {
    pub(super) lag: Quantiles,
    pub(super) notified: Option<bool>,
    pub(super) fills_refused: u64,
    pub(super) redis_errors: u64,
    pub(super) pending_age: u64,
    pub(super) invalidations: BTreeMap<String, InvalidationCounts>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct InvalidationCounts {
    pub(super) applied: u64,
    pub(super) queued: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Origin {
    pub(super) loads: u64,
    pub(super) loads_failed: u64,
    pub(super) under_way: u64,
    pub(super) waiting: u64,
    pub(super) breaker: String,
}

/// An item of `GET /cache/tenants`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tenant {
    pub(super) id: String,
    pub(super) hits: u64,
    pub(super) total_requests: u64,
    pub(super) errors: u64,
    pub(super) local_bytes: u64,
}

/// An item of `GET /cache/invalidations`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Invalidation {
    pub(super) at: Option<Timestamp>,
    pub(super) tenant: String,
    pub(super) scope: String,
    pub(super) status: String,
    pub(super) cause: String,
}

/// `GET /cache/history`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct History {
    /// Seconds between samples.
    pub(super) interval: u64,
    pub(super) items: Vec<Sample>,
}

/// Counts are totals.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sample {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) origin_loads: u64,
    pub(super) p99_ms: Option<f64>,
    pub(super) redis: String,
}

/// A list of the API.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Items<T> {
    pub(super) items: Vec<T>,
}

/// What happened per second lately; `None` until there are two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) requests: Option<f64>,
    /// Percent of the latest requests, if there were any.
    pub(super) hits_percent: Option<f64>,
    pub(super) loads: Option<f64>,
    pub(super) loads_failed: Option<f64>,
}

/// The latest looks, of which rates are the difference.
#[derive(Debug, Default)]
pub(super) struct Window {
    looks: VecDeque<(f64, [u64; 4])>,
}

impl Window {
    /// Takes figures in that were there at a time in seconds, and says what came of the looks before. A service that counts
    /// from 0 again begins anew.
    pub(super) fn add(&mut self, seconds: f64, metrics: &Metrics) -> Rates {
        let origin = &metrics.origin;
        let now = [
            metrics.total_requests,
            metrics.hits,
            origin.loads,
            origin.loads_failed,
        ];
        if self.looks.back().is_some_and(|(_, last)| now[0] < last[0]) {
            self.looks.clear();
        }
        self.looks.push_back((seconds, now));
        if self.looks.len() > WINDOW + 1 {
            self.looks.pop_front();
        }
        let Some((begun, before)) = self.looks.front().filter(|_| self.looks.len() > 1) else {
            return Rates::default();
        };
        let passed = (seconds - begun).max(1e-3);
        let [requests, hits, loads, failed] =
            std::array::from_fn(|at| real(now[at].saturating_sub(before[at])));
        Rates {
            requests: Some(requests / passed),
            hits_percent: (requests > 0.0).then(|| hits / requests * 100.0),
            loads: Some(loads / passed),
            loads_failed: Some(failed / passed),
        }
    }
}

impl History {
    /// Requests a second between samples.
    pub(super) fn requests(&self) -> Vec<f64> {
        self.differences(|sample| sample.hits + sample.misses)
    }

    /// Loads a second between samples.
    pub(super) fn loads(&self) -> Vec<f64> {
        self.differences(|sample| sample.origin_loads)
    }

    /// Percent of hits between samples; where nobody asked, as before.
    pub(super) fn hit_rates(&self) -> Vec<f64> {
        let mut last = 0.0;
        let hits = self.differences(|sample| sample.hits);
        let rates = hits.into_iter().zip(self.requests());
        rates
            .map(|(hits, requests)| {
                if requests > 0.0 {
                    last = hits / requests * 100.0;
                }
                last
            })
            .collect()
    }

    pub(super) fn p99s(&self) -> Vec<f64> {
        let samples = self.items.iter();
        samples.map(|sample| sample.p99_ms.unwrap_or(0.0)).collect()
    }

    fn differences(&self, count: impl Fn(&Sample) -> u64) -> Vec<f64> {
        let interval = real(self.interval.max(1));
        let pairs = self.items.windows(2);
        pairs
            .map(|pair| real(count(&pair[1]).saturating_sub(count(&pair[0]))) / interval)
            .collect()
    }
}

/// A count as a quantity to divide.
#[expect(
    clippy::cast_precision_loss,
    reason = "a few digits of a rate are shown"
)]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}
