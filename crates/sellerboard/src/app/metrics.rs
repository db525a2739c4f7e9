//! Prometheus' view, rendered from the same counters as the JSON one. The tenant is never a label.

mod exposition;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use tenantcache::remote::HealthState;
use tenantcache::{Cache, CounterSnapshot, HistogramSnapshot, RequestSnapshot};
use tenantcache_redis::EventStream;

use exposition::Exposition;

use super::latency::{Answered, Latencies};
use super::source::{Origin, OriginCollector};
use super::state::AppState;
use super::stream::StreamCollector;
use crate::http::Problem;

/// What is exposed at `/metrics`.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    events_rejected: Arc<AtomicU64>,
}

#[derive(Debug)]
struct CacheCollector {
    cache: Cache,
    events_rejected: Arc<AtomicU64>,
    latencies: Arc<Latencies>,
}

/// A series: its labels and its value.
type Series<V> = (Vec<(&'static str, String)>, V);

impl Metrics {
    pub(super) fn new(
        cache: Cache,
        stream: Option<Arc<EventStream>>,
        origin: Arc<Origin>,
        latencies: Arc<Latencies>,
    ) -> Self {
        let mut registry = Registry::default();
        let loads = OriginCollector::new(cache.clone(), origin);
        registry.register_collector(Box::new(loads));
        if let Some(stream) = stream {
            registry.register_collector(Box::new(StreamCollector::new(stream)));
        }
        let events_rejected = Arc::new(AtomicU64::new(0));
        registry.register_collector(Box::new(CacheCollector {
            cache,
            events_rejected: Arc::clone(&events_rejected),
            latencies,
        }));
        Self {
            registry,
            events_rejected,
        }
    }

    /// Counts a request with events that was not accepted.
    pub(super) fn event_rejected(&self) {
        self.events_rejected.fetch_add(1, Ordering::Relaxed);
    }
}

/// The text that Prometheus scrapes: OpenMetrics if the request accepts it, else Prometheus' own.
#[utoipa::path(
    get, path = "/metrics", operation_id = "prometheus", tag = "operation", security(()),
    responses((status = 200, description = "All metrics", content(
        (String = "text/plain"), (String = "application/openmetrics-text")))),
)]
pub(super) async fn metrics(
    State(app): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut text = String::new();
    encode(&mut text, &app.metrics.registry).map_err(|_| Problem::internal())?;
    let exposition = Exposition::accepted(&headers);
    let headers = [(CONTENT_TYPE, exposition.content_type()), (VARY, "Accept")];
    Ok((headers, exposition.of(text)).into_response())
}

impl Collector for CacheCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let counters = self.cache.counters();
        let endpoints = &counters.endpoints;
        let by_outcome = endpoints.iter().flat_map(|(endpoint, counts)| {
            outcomes(counts.requests).map(|(outcome, count)| {
                (
                    vec![
                        ("endpoint", endpoint.clone()),
                        ("outcome", outcome.to_owned()),
                    ],
                    count,
                )
            })
        });
        counter(
            &mut encoder,
            "tenantcache_requests",
            "Cached reads",
            by_outcome,
        )?;
        counter(
            &mut encoder,
            "sellerboard_log_lines_dropped",
            "Lines of the log that were not written, since its reader was slow",
            [(Vec::new(), crate::logging::dropped_count())],
        )?;
        let hits = endpoints.iter().flat_map(|(endpoint, counts)| {
            [("local", counts.hits_local), ("redis", counts.hits_remote)].map(|(tier, count)| {
                (
                    vec![("endpoint", endpoint.clone()), ("tier", tier.to_owned())],
                    count,
                )
            })
        });
        counter(
            &mut encoder,
            "tenantcache_hits",
            "Hits, stale ones included, by the tier that had the entry",
            hits,
        )?;
        let errors = endpoints.iter().map(|(endpoint, counts)| {
            let labels = vec![("endpoint", endpoint.clone())];
            (labels, counts.requests.errors)
        });
        counter(
            &mut encoder,
            "tenantcache_errors",
            "Cached reads that ended in an error; each is a miss too",
            errors,
        )?;
        let loads = endpoints.iter().flat_map(|(endpoint, counts)| {
            let ok = counts.loads.saturating_sub(counts.loads_failed);
            [("ok", ok), ("failed", counts.loads_failed)].map(|(outcome, count)| {
                (
                    vec![
                        ("endpoint", endpoint.clone()),
                        ("outcome", outcome.to_owned()),
                    ],
                    count,
                )
            })
        });
        counter(
            &mut encoder,
            "tenantcache_origin_loads",
            "Loads from the origin",
            loads,
        )?;
        let invalidations = counters
            .invalidations
            .iter()
            .flat_map(|(scope, applied, queued)| {
                [("applied", *applied), ("queued", *queued)].map(|(outcome, count)| {
                    (
                        vec![
                            ("scope", (*scope).to_owned()),
                            ("outcome", outcome.to_owned()),
                        ],
                        count,
                    )
                })
            });
        counter(
            &mut encoder,
            "tenantcache_invalidations",
            "Invalidations",
            invalidations,
        )?;
        let unusable = counters.unusable_entries.iter();
        let unusable = unusable.map(|(why, count)| (vec![("reason", (*why).to_owned())], *count));
        counter(
            &mut encoder,
            "tenantcache_unusable_entries",
            "Entries in Redis that could not be used",
            unusable,
        )?;
        for (name, help, count) in [
            (
                "tenantcache_collapsed",
                "Reads answered by another read's load",
                counters.total.collapsed,
            ),
            (
                "tenantcache_fills_refused",
                "Loaded values not stored, since they were invalidated during the load",
                counters.fills_refused,
            ),
            (
                "tenantcache_promotions_refused",
                "Entries in Redis not taken up, since they were invalidated",
                counters.promotions_refused,
            ),
            (
                "tenantcache_remote_errors",
                "Operations of Redis that failed while it was up",
                counters.remote_errors,
            ),
            (
                "tenantcache_lease_waits",
                "Looks whether another node has filled an entry that it loads",
                counters.lease_waits,
            ),
            (
                "tenantcache_misdirected_replies",
                "Replies of Redis that were meant for another request",
                counters.misdirected_replies,
            ),
            (
                "tenantcache_notices",
                "Changes of known tenants' tables that Redis told of",
                counters.pushes,
            ),
        ] {
            counter(&mut encoder, name, help, [(Vec::new(), count)])?;
        }
        let made = counters.tables_made.iter();
        counter(
            &mut encoder,
            "tenantcache_tables_made",
            "Generation tables made in Redis, by reason; lost: this node had known another",
            made.map(|(why, count)| (vec![("reason", (*why).to_owned())], *count)),
        )?;
        histogram(
            &mut encoder,
            "tenantcache_coherence_lag",
            "From the application of an invalidation in Redis until it holds on this node",
            [(Vec::new(), counters.lag)],
        )?;
        let latencies = self.latencies.snapshot();
        histogram(
            &mut encoder,
            "tenantcache_request_duration",
            "From a cached read's being understood until its answer is at hand; of many hits a sample",
            Answered::ALL.map(|answered| {
                let labels = vec![("outcome", answered.name().to_owned())];
                (labels, latencies.of(answered))
            }),
        )?;
        histogram(
            &mut encoder,
            "tenantcache_origin_load_duration",
            "How long loads from the origin took, whatever came of them",
            [(Vec::new(), counters.load_durations())],
        )?;
        self.encode_events(&mut encoder, &counters)?;
        self.encode_tiers(&mut encoder)
    }
}

impl CacheCollector {
    /// Kinds are those of the rules, and `other`: what a sender writes is never a label.
    fn encode_events(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        counters: &CounterSnapshot,
    ) -> fmt::Result {
        let series = |kind: &str, outcome: &str, count| {
            let labels = vec![("kind", kind.to_owned()), ("outcome", outcome.to_owned())];
            (labels, count)
        };
        let published = counters
            .event_kinds
            .iter()
            .flat_map(|(kind, matched, not)| {
                [
                    series(kind, "matched", *matched),
                    series(kind, "unmatched", *not),
                ]
            });
        let rejected = self.events_rejected.load(Ordering::Relaxed);
        let rejected = series("other", "rejected", rejected);
        counter(
            encoder,
            "tenantcache_events",
            "Events published on this node, and requests with events that were rejected",
            published.chain([rejected]),
        )
    }

    fn encode_tiers(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let local = self.cache.local_usage();
        let remote = self.cache.remote_usage();
        let tiers = |value: fn(u64, u64) -> u64| {
            let redis = remote.map(|usage| ("redis", value(usage.used_bytes, usage.max_bytes)));
            let local = ("local", value(local.used_bytes, local.max_bytes));
            let tiers = [Some(local), redis].into_iter().flatten();
            tiers
                .map(|(tier, value)| (vec![("tier", tier.to_owned())], value))
                .collect::<Vec<_>>()
        };
        let bytes = Some(&Unit::Bytes);
        gauge(
            encoder,
            "tenantcache_tier",
            "Memory in use",
            bytes,
            tiers(|used, _| used),
        )?;
        gauge(
            encoder,
            "tenantcache_tier_limit",
            "Memory limit, 0 if there is none",
            bytes,
            tiers(|_, max| max),
        )?;
        let evictions = [
            Some(("local", local.evictions)),
            remote.map(|usage| ("redis", usage.evicted_keys)),
        ];
        let evictions = evictions.into_iter().flatten();
        let evictions = evictions.map(|(tier, count)| (vec![("tier", tier.to_owned())], count));
        counter(
            encoder,
            "tenantcache_evictions",
            "Entries evicted to make room",
            evictions,
        )?;
        let entries = u64::try_from(local.entries).unwrap_or(u64::MAX);
        gauge(
            encoder,
            "tenantcache_local_entries",
            "Entries in the local tier",
            None,
            [(Vec::new(), entries)],
        )?;
        let pending = u64::try_from(self.cache.pending_invalidations()).unwrap_or(u64::MAX);
        gauge(
            encoder,
            "tenantcache_pending_invalidations",
            "Scopes that Redis has not confirmed",
            None,
            [(Vec::new(), pending)],
        )?;
        let age = self.cache.pending_age().as_secs();
        gauge(
            encoder,
            "tenantcache_pending_age",
            "How long the oldest of them has waited",
            Some(&Unit::Seconds),
            [(Vec::new(), age)],
        )?;
        let unconfirmed = u64::try_from(self.cache.unconfirmed_mirrors()).unwrap_or(u64::MAX);
        gauge(
            encoder,
            "tenantcache_unconfirmed_mirrors",
            "Tenants whose table has changed, or may have, and was not read since",
            None,
            [(Vec::new(), unconfirmed)],
        )?;
        let notified = self.cache.remote_health().is_some();
        let notified = notified.then(|| u64::from(self.cache.is_notified()));
        gauge(
            encoder,
            "tenantcache_redis_tracking",
            "Whether Redis tells of changes; without, they are heeded within the coherence bound",
            None,
            notified.map(|on| (Vec::new(), on)),
        )?;
        let up = self
            .cache
            .remote_health()
            .map(|health| u64::from(health.state.is_usable()));
        gauge(
            encoder,
            "tenantcache_redis_up",
            "Whether Redis is used",
            None,
            up.map(|up| (Vec::new(), up)),
        )?;
        let states = self.cache.remote_health().map(|health| {
            HealthState::ALL.map(|state| {
                let labels = vec![("state", state.name().to_owned())];
                (labels, u64::from(state == health.state))
            })
        });
        gauge(
            encoder,
            "tenantcache_redis_state",
            "The state of Redis: 1 for the one it is in",
            None,
            states.into_iter().flatten(),
        )
    }
}

fn outcomes(requests: RequestSnapshot) -> [(&'static str, u64); 5] {
    [
        ("hit", requests.fresh_hits),
        ("stale_hit", requests.stale_hits),
        ("miss", requests.loaded),
        ("reload", requests.reloads),
        ("bypass", requests.bypasses),
    ]
}

/// Writes a histogram of durations, in seconds.
fn histogram(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    series: impl IntoIterator<Item = Series<HistogramSnapshot>>,
) -> fmt::Result {
    let kind = MetricType::Histogram;
    let mut family = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), kind)?;
    for (labels, seen) in series {
        let (sum, count) = (seen.sum().as_secs_f64(), seen.count());
        let buckets = seen.buckets();
        if labels.is_empty() {
            // As a family it would be written with empty braces.
            family.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        } else {
            let mut one = family.encode_family(&labels)?;
            one.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        }
    }
    Ok(())
}

pub(super) fn counter(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    series: impl IntoIterator<Item = Series<u64>>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in series {
        ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

pub(super) fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    series: impl IntoIterator<Item = Series<u64>>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
    for (labels, value) in series {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}
