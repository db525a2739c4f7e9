use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tenantcache_core::{DecodeError, Scope};

use crate::endpoints::Endpoints;
use crate::histogram::{Histogram, HistogramSnapshot};
use crate::remote::{Made, RemoteError, RemoteErrorKind};
use crate::sharded::Sharded;
use crate::{Answer, Error, Source, Status};

/// Where events are counted that have no rule.
const NO_RULE: &str = "other";

/// Why tables are made.
const TABLES_MADE: [&str; 4] = ["lost", "new", "history", "unreadable"];

/// What one cache counts beside the requests of tenants and endpoints. Counters wrap at 2⁶⁴, and sums of them stop there.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    invalidations: [[AtomicU64; 2]; Scope::NAMES.len()],
    unusable_entries: [AtomicU64; DecodeError::NAMES.len()],
    /// By the name of the rule, so there are no more of them than rules: how many matched, how many did not.
    events: Mutex<BTreeMap<String, (u64, u64)>>,
    pub(crate) fills_refused: AtomicU64,
    pub(crate) promotions_refused: AtomicU64,
    pub(crate) remote_errors: AtomicU64,
    pub(crate) lag: Histogram,
    pub(crate) lease_waits: AtomicU64,
    misdirected_replies: AtomicU64,
    pub(crate) pushes: AtomicU64,
    tables_made: [AtomicU64; TABLES_MADE.len()],
}

/// Counts of requests.
#[derive(Debug, Default)]
pub(crate) struct RequestCounters {
    statuses: [AtomicU64; Status::NAMES.len()],
    collapsed: AtomicU64,
    errors: AtomicU64,
}

/// Counts of one endpoint.
#[derive(Debug, Default)]
pub(crate) struct EndpointCounters(Sharded<EndpointShard>);

#[derive(Debug, Default)]
struct EndpointShard {
    requests: RequestCounters,
    hits_remote: AtomicU64,
    loads: AtomicU64,
    loads_failed: AtomicU64,
    load_durations: Histogram,
}

impl Counters {
    pub(crate) fn invalidated(&self, scopes: &[Scope], applied: bool) {
        for scope in scopes {
            let index = Scope::NAMES.iter().position(|name| *name == scope.name());
            let index = index.expect("every scope's name is listed");
            self.invalidations[index][usize::from(applied)].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts an event by the name of its rule, if there is one, and by whether there was anything to invalidate.
    pub(crate) fn event(&self, rule: Option<String>, matched: bool) {
        let mut events = self.events.lock();
        let rule = rule.unwrap_or_else(|| NO_RULE.to_owned());
        let (matches, others) = events.entry(rule).or_default();
        let count = if matched { matches } else { others };
        *count = count.wrapping_add(1);
    }

    pub(crate) fn unusable(&self, error: DecodeError) {
        let index = DecodeError::NAMES
            .iter()
            .position(|name| *name == error.name());
        let index = index.expect("every error's name is listed");
        self.unusable_entries[index].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an operation of the remote tier that failed while the tier was up.
    pub(crate) fn remote_failed(&self, error: &RemoteError) {
        if error.kind() != RemoteErrorKind::Down {
            self.remote_errors.fetch_add(1, Ordering::Relaxed);
        }
        if error.kind() == RemoteErrorKind::Misdirected {
            self.misdirected_replies.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a table that was made, and whether this node had known another in its place.
    pub(crate) fn table_made(&self, made: Made, was_known: bool) {
        let index = match made {
            Made::Missing if was_known => 0,
            Made::Missing => 1,
            Made::OtherHistory => 2,
            Made::Unreadable => 3,
        };
        self.tables_made[index].fetch_add(1, Ordering::Relaxed);
    }

    /// These counts and those of the endpoints.
    pub(crate) fn snapshot(&self, endpoints: &Endpoints) -> CounterSnapshot {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (endpoints, total) = endpoints.snapshot();
        let events = self.events.lock().clone();
        CounterSnapshot {
            total,
            endpoints,
            invalidations: Scope::NAMES
                .into_iter()
                .zip(&self.invalidations)
                .map(|(name, [queued, applied])| (name, get(applied), get(queued)))
                .collect(),
            unusable_entries: DecodeError::NAMES
                .into_iter()
                .zip(self.unusable_entries.iter().map(get))
                .collect(),
            events: events
                .values()
                .map(|(matched, not)| matched.saturating_add(*not))
                .fold(0, u64::saturating_add),
            events_unmatched: events
                .values()
                .map(|(_, not)| *not)
                .fold(0, u64::saturating_add),
            event_kinds: events
                .into_iter()
                .map(|(rule, (matched, not))| (rule, matched, not))
                .collect(),
            fills_refused: get(&self.fills_refused),
            promotions_refused: get(&self.promotions_refused),
            remote_errors: get(&self.remote_errors),
            lag: self.lag.snapshot(),
            lease_waits: get(&self.lease_waits),
            misdirected_replies: get(&self.misdirected_replies),
            loads_shed: Vec::new(),
            pushes: get(&self.pushes),
            tables_made: TABLES_MADE
                .into_iter()
                .zip(self.tables_made.iter().map(get))
                .collect(),
        }
    }
}

impl RequestCounters {
    /// Counts a fresh hit.
    pub(crate) fn hit(&self) {
        self.statuses[status_index(Status::Hit)].fetch_add(1, Ordering::Relaxed);
    }

    fn set(&self, count: u64) {
        let others = [&self.collapsed, &self.errors];
        for counter in self.statuses.iter().chain(others) {
            counter.store(count, Ordering::Relaxed);
        }
    }

    pub(crate) fn record(&self, answer: Result<&Answer, &Error>) {
        match answer {
            Ok(answer) => {
                let outcome = answer.outcome();
                self.statuses[status_index(outcome.status)].fetch_add(1, Ordering::Relaxed);
                if outcome.collapsed {
                    self.collapsed.fetch_add(1, Ordering::Relaxed);
                }
            }
            // A request that ended in an error found no usable entry.
            Err(_) => {
                self.statuses[status_index(Status::Miss)].fetch_add(1, Ordering::Relaxed);
                self.errors.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Counts a look-up without a loader that found nothing.
    pub(crate) fn record_absent(&self) {
        self.statuses[status_index(Status::Miss)].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> RequestSnapshot {
        let get = |status: Status| self.statuses[status_index(status)].load(Ordering::Relaxed);
        RequestSnapshot {
            fresh_hits: get(Status::Hit),
            stale_hits: get(Status::StaleHit),
            loaded: get(Status::Miss),
            reloads: get(Status::Reload),
            bypasses: get(Status::Bypass),
            collapsed: self.collapsed.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
        }
    }
}

impl EndpointCounters {
    pub(crate) fn hit(&self) {
        self.0.own().requests.hit();
    }

    pub(crate) fn record(&self, answer: Result<&Answer, &Error>) {
        let own = self.0.own();
        own.requests.record(answer);
        if answer.is_ok_and(|answer| answer.outcome().source == Source::Remote) {
            own.hits_remote.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn record_absent(&self) {
        self.0.own().requests.record_absent();
    }

    pub(crate) fn load_begun(&self) {
        self.0.own().loads.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts how long a load took, whatever came of it.
    pub(crate) fn load_ended(&self, took: Duration) {
        self.0.own().load_durations.observe(took);
    }

    pub(crate) fn load_failed(&self) {
        self.0.own().loads_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_requests(&self, count: u64) {
        let counts = std::iter::once(count).chain(std::iter::repeat(0));
        for (shard, count) in self.0.iter().zip(counts) {
            shard.requests.set(count);
        }
    }

    pub(crate) fn snapshot(&self) -> EndpointSnapshot {
        let sum = |counter: fn(&EndpointShard) -> &AtomicU64| {
            let counts = self.0.iter().map(counter);
            counts.fold(0_u64, |sum, count| {
                sum.wrapping_add(count.load(Ordering::Relaxed))
            })
        };
        let hits_remote = sum(|shard| &shard.hits_remote);
        let shards = self.0.iter().map(|shard| shard.requests.snapshot());
        let requests = shards.fold(RequestSnapshot::default(), |sum, shard| {
            sum.combined(shard, u64::wrapping_add)
        });
        EndpointSnapshot {
            requests,
            // Whatever hits has its value from one of the two tiers.
            hits_local: requests.hits().saturating_sub(hits_remote),
            hits_remote,
            loads: sum(|shard| &shard.loads),
            loads_failed: sum(|shard| &shard.loads_failed),
            load_durations: self
                .0
                .iter()
                .fold(HistogramSnapshot::default(), |sum, shard| {
                    sum.and(&shard.load_durations.snapshot())
                }),
        }
    }
}

/// The variants stand in the order of [`Status::NAMES`].
fn status_index(status: Status) -> usize {
    status as usize
}

/// Counts of requests at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestSnapshot {
    /// Requests answered by a fresh entry.
    pub fresh_hits: u64,
    /// Requests answered by an entry within grace.
    pub stale_hits: u64,
    /// Requests for which no usable entry was found, those that then failed included.
    pub loaded: u64,
    /// Requests whose caller wanted a new value.
    pub reloads: u64,
    /// Requests while the cache was switched off.
    pub bypasses: u64,
    /// Requests that were answered by another caller's load or look-up.
    pub collapsed: u64,
    /// Requests that ended in an error.
    pub errors: u64,
}

impl RequestSnapshot {
    /// Requests answered by an entry. A stale hit is a hit.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.fresh_hits.saturating_add(self.stale_hits)
    }

    /// All other requests: loaded, reloaded, bypassed.
    #[must_use]
    pub fn misses(&self) -> u64 {
        let others = self.reloads.saturating_add(self.bypasses);
        self.loaded.saturating_add(others)
    }

    pub(crate) fn combined(self, other: Self, add: fn(u64, u64) -> u64) -> Self {
        Self {
            fresh_hits: add(self.fresh_hits, other.fresh_hits),
            stale_hits: add(self.stale_hits, other.stale_hits),
            loaded: add(self.loaded, other.loaded),
            reloads: add(self.reloads, other.reloads),
            bypasses: add(self.bypasses, other.bypasses),
            collapsed: add(self.collapsed, other.collapsed),
            errors: add(self.errors, other.errors),
        }
    }

    /// All requests: hits and misses.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.hits().saturating_add(self.misses())
    }
}

/// Counts of one endpoint at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointSnapshot {
    /// Its requests.
    pub requests: RequestSnapshot,
    /// Hits in the local tier.
    pub hits_local: u64,
    /// Hits in the remote tier.
    pub hits_remote: u64,
    /// Loads begun, refreshes included.
    pub loads: u64,
    /// Loads that failed or timed out.
    pub loads_failed: u64,
    /// How long the loader took, whatever came of it. Loads that were abandoned with their runtime are not among them.
    pub load_durations: HistogramSnapshot,
}

/// Everything a cache counts, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CounterSnapshot {
    /// All requests.
    pub total: RequestSnapshot,
    /// Requests and loads by endpoint.
    pub endpoints: BTreeMap<String, EndpointSnapshot>,
    /// For each kind of scope: its name, how many were applied, how many were queued.
    pub invalidations: Vec<(&'static str, u64, u64)>,
    /// Stored entries that could not be used, by reason.
    pub unusable_entries: Vec<(&'static str, u64)>,
    /// Events published.
    pub events: u64,
    /// Events among them for which there is no rule, or an empty one.
    pub events_unmatched: u64,
    /// For each rule that events were for: its name (`other` for events without one), how many of them invalidated
    /// something, how many did not.
    pub event_kinds: Vec<(String, u64, u64)>,
    /// Fills that the remote tier refused, since something was invalidated during the load.
    pub fills_refused: u64,
    /// Entries of the remote tier that were not taken up, since they were invalidated.
    pub promotions_refused: u64,
    /// Operations of the remote tier that failed.
    pub remote_errors: u64,
    /// How long invalidations, of this node and of others, took from their application in the remote tier until they held
    /// here. At most: the time that the news was on its way is counted in full.
    pub lag: HistogramSnapshot,
    /// Loads that were not begun, since too many were under way: why, and how many. `deadline`: their turn did not come in
    /// time; `queue`: too many were waiting; `stale`: they would have had to wait, while a stale value could be served;
    /// `tenant_queue`: too many of their tenant were waiting.
    pub loads_shed: Vec<(&'static str, u64)>,
    /// Looks whether another node, which holds a key's lease, has filled it.
    pub lease_waits: u64,
    /// Replies of the remote tier that were meant for another request, and were dropped.
    pub misdirected_replies: u64,
    /// Changes of known tenants' tables that the remote tier told of.
    pub pushes: u64,
    /// Tables that were made: why, and how many. `lost`: this node had known another, which was evicted, flushed or has
    /// expired; `new`; `history`: the server was failed over or restarted; `unreadable`.
    pub tables_made: Vec<(&'static str, u64)>,
}

impl CounterSnapshot {
    /// How long the loads of all endpoints took.
    #[must_use]
    pub fn load_durations(&self) -> HistogramSnapshot {
        let endpoints = self.endpoints.values();
        endpoints.fold(HistogramSnapshot::default(), |sum, endpoint| {
            sum.and(&endpoint.load_durations)
        })
    }
}
