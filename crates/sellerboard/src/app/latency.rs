//! How long cached reads take, by endpoint and by how they were answered.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tenantcache::clock::{Clock, SystemClock};
use tenantcache::{Answer, Error, Histogram, HistogramSnapshot, Source};

use super::read::ENDPOINT_NAMES;

/// About how many hits before the router are timed in a second; of more, one in so many stands for the rest.
const TIMED_PER_SECOND: u64 = 1_000;
/// At least one hit in so many is timed.
const STRIDE_MAX: u64 = 1_024;

/// How a read was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    Error,
    HitLocal,
    HitRedis,
    Miss,
    StaleHit,
}

impl Answered {
    pub(super) const ALL: [Self; 5] = [
        Self::Error,
        Self::HitLocal,
        Self::HitRedis,
        Self::Miss,
        Self::StaleHit,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::HitLocal => "hit_local",
            Self::HitRedis => "hit_redis",
            Self::Miss => "miss",
            Self::StaleHit => "stale_hit",
        }
    }

    fn by(answer: Result<&Answer, &Error>) -> Self {
        use tenantcache::Status;
        let Ok(answer) = answer else {
            return Self::Error;
        };
        let outcome = answer.outcome();
        match (outcome.status, outcome.source) {
            (Status::Hit, Source::Remote) => Self::HitRedis,
            (Status::Hit, _) => Self::HitLocal,
            (Status::StaleHit, _) => Self::StaleHit,
            _ => Self::Miss,
        }
    }
}

type Table<T> = [[T; Answered::ALL.len()]; ENDPOINT_NAMES.len()];

/// The durations of cached reads since the service started, from the moment a read is known until its answer is.
///
/// Reading the clock twice would be a noticeable part of a hit's cost. So hits that are answered before the router are all
/// timed only while there are few; beyond about 1,000 a second one in 2, 4, 8 … is, chosen by chance, and counts as
/// so many. Counters are not in shards by thread: what is timed is rare enough. They take 10 KB.
#[derive(Debug)]
pub(super) struct Latencies {
    durations: Table<Histogram>,
    /// One hit in so many is timed; a power of two.
    stride: AtomicU32,
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            durations: Table::default(),
            stride: AtomicU32::new(1),
        }
    }
}

impl Latencies {
    /// Chooses how many hits are timed from now on, by how many came in the last second.
    pub(super) fn adapt(&self, hits: u64) {
        let stride = (hits / TIMED_PER_SECOND).clamp(1, STRIDE_MAX);
        let stride = u32::try_from(stride.next_power_of_two()).unwrap_or(1);
        self.stride.store(stride, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> LatencySnapshot {
        let of_endpoint =
            |row: &[Histogram; Answered::ALL.len()]| row.each_ref().map(Histogram::snapshot);
        LatencySnapshot(Box::new(self.durations.each_ref().map(of_endpoint)))
    }

    fn observe(&self, endpoint: &str, answered: Answered, took: Duration, count: u64) {
        let row = ENDPOINT_NAMES.iter().position(|name| *name == endpoint);
        let row = row.map(|row| &self.durations[row]);
        if let Some(row) = row {
            row[answered as usize].observe_many(took, count);
        }
    }

    /// For how many hits the next one stands, if it is to be timed.
    fn draw(&self) -> Option<u32> {
        let stride = self.stride.load(Ordering::Relaxed);
        let drawn = stride == 1 || fastrand::u32(..) & (stride - 1) == 0;
        drawn.then_some(stride)
    }
}

/// Durations at one moment, or between two.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LatencySnapshot(Box<Table<HistogramSnapshot>>);

impl LatencySnapshot {
    /// Of all reads.
    pub(super) fn all(&self) -> HistogramSnapshot {
        sum(self.0.iter().flatten())
    }

    /// Of the reads of one endpoint.
    pub(super) fn of_endpoint(&self, endpoint: &str) -> HistogramSnapshot {
        let rows = ENDPOINT_NAMES.iter().zip(self.0.iter());
        sum(rows
            .filter(|(name, _)| **name == endpoint)
            .flat_map(|(_, row)| row))
    }

    /// Of the reads that were answered so.
    pub(super) fn of(&self, answered: Answered) -> HistogramSnapshot {
        sum(self.0.iter().map(|row| &row[answered as usize]))
    }

    /// What came since an earlier moment.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        let pairs = since.0.iter_mut().flatten().zip(earlier.0.iter().flatten());
        for (now, before) in pairs {
            *now = now.since(before);
        }
        since
    }
}

fn sum<'a>(parts: impl Iterator<Item = &'a HistogramSnapshot>) -> HistogramSnapshot {
    parts.fold(HistogramSnapshot::default(), |sum, part| sum.and(part))
}

/// Takes the time of one read, for the figures and for the log, if anybody reads that there.
#[derive(Debug)]
pub(super) struct Stopwatch {
    begun: Option<Duration>,
    /// How many reads this one stands for in the figures.
    stands_for: u32,
    is_logged: bool,
}

impl Stopwatch {
    /// For a read that is timed whatever it is.
    pub(super) fn start() -> Self {
        Self::standing_for(1)
    }

    /// For what may be a hit at hand.
    pub(super) fn start_if_drawn(latencies: &Latencies) -> Self {
        Self::standing_for(latencies.draw().unwrap_or(0))
    }

    fn standing_for(stands_for: u32) -> Self {
        let is_logged = tracing::enabled!(tracing::Level::DEBUG);
        let is_timed = is_logged || stands_for > 0;
        Self {
            begun: is_timed.then(|| SystemClock::default().monotonic()),
            stands_for,
            is_logged,
        }
    }

    pub(super) fn stop(
        self,
        latencies: &Latencies,
        endpoint: &str,
        answer: Result<&Answer, &Error>,
    ) {
        let Some(begun) = self.begun else { return };
        let took = SystemClock::default().monotonic().saturating_sub(begun);
        if self.stands_for > 0 {
            let answered = Answered::by(answer);
            latencies.observe(endpoint, answered, took, u64::from(self.stands_for));
        }
        if self.is_logged {
            tracing::debug!("Response time: {took:.1?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_hits_are_all_timed_and_of_many_some_stand_for_the_rest() {
        let latencies = Latencies::default();
        assert!((0..100).all(|_| latencies.draw() == Some(1)));
        latencies.adapt(64_000);
        let drawn: Vec<_> = (0..64_000).filter_map(|_| latencies.draw()).collect();
        assert!(drawn.iter().all(|stride| *stride == 64));
        // 1,000 are expected; a deviation of ten sigmas is no chance.
        assert!((700..1_300).contains(&drawn.len()), "{}", drawn.len());
        latencies.adapt(10_000_000);
        assert_eq!(latencies.stride.load(Ordering::Relaxed), 1_024);
        latencies.adapt(3);
        assert_eq!(latencies.draw(), Some(1));
    }

    #[test]
    fn durations_are_kept_by_endpoint_and_outcome() {
        let latencies = Latencies::default();
        let before = latencies.snapshot();
        let micros = Duration::from_micros;
        latencies.observe("products", Answered::HitLocal, micros(3), 8);
        latencies.observe("products", Answered::Miss, micros(600_000), 1);
        latencies.observe("dashboard_kpis", Answered::HitLocal, micros(4), 1);
        latencies.observe("unheard of", Answered::Miss, micros(4), 1);
        let seen = latencies.snapshot().since(&before);
        assert_eq!(seen.all().count(), 10);
        assert_eq!(seen.of_endpoint("products").count(), 9);
        assert_eq!(seen.of(Answered::HitLocal).count(), 9);
        assert_eq!(seen.of(Answered::Miss).sum(), micros(600_000));
        assert_eq!(latencies.snapshot().since(&latencies.snapshot()), before);
    }
}
