use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::nanos::Nanos;

/// Upper bounds of the buckets, in microseconds: 1, 2 and 5 of each power of ten, up to ten seconds.
const BOUNDS_MICROS: [u64; 22] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000,
    200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000,
];

/// How often which durations were observed, in buckets that end at 1, 2 and 5 of each power of ten, from 1 µs to 10 s.
///
/// It takes 192 bytes. An observation raises two counters, which wrap at 2⁶⁴, and allocates nothing.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS_MICROS.len() + 1],
    sum_nanos: AtomicU64,
}

impl Histogram {
    /// Counts a duration.
    pub fn observe(&self, duration: Duration) {
        self.observe_many(duration, 1);
    }

    /// Counts a duration `count` times, as one that stands for so many.
    pub fn observe_many(&self, duration: Duration, count: u64) {
        let bounds = BOUNDS_MICROS.map(Duration::from_micros);
        let at = bounds.partition_point(|bound| *bound < duration);
        self.buckets[at].fetch_add(count, Ordering::Relaxed);
        let nanos = Nanos::from(duration).get().wrapping_mul(count);
        self.sum_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The counts at this moment.
    #[must_use]
    pub fn snapshot(&self) -> HistogramSnapshot {
        HistogramSnapshot {
            counts: self
                .buckets
                .each_ref()
                .map(|count| count.load(Ordering::Relaxed)),
            sum: Duration::from_nanos(self.sum_nanos.load(Ordering::Relaxed)),
        }
    }
}

/// The counts of a [`Histogram`] at one moment, or what came between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistogramSnapshot {
    counts: [u64; BOUNDS_MICROS.len() + 1],
    sum: Duration,
}

impl HistogramSnapshot {
    /// How many durations were observed.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The sum of all of them.
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// Upper bounds in seconds, each with the count of its own bucket; the last bound is infinite.
    #[must_use]
    pub fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = BOUNDS_MICROS.map(|micros| Duration::from_micros(micros).as_secs_f64());
        let bounds = bounds.into_iter().chain([f64::INFINITY]);
        bounds.zip(self.counts).collect()
    }

    /// The duration that `quantile` of the observations (0 to 1) do not exceed, taken to be spread evenly within a bucket;
    /// 10 s for what is longer. `None` if nothing was observed.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "an estimate within a bucket needs no 64 bits"
    )]
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let wanted = self.count() as f64 * quantile.clamp(0.0, 1.0);
        let mut below = 0.0;
        for (at, count) in self.counts.iter().enumerate().filter(|(_, n)| **n > 0) {
            let count = *count as f64;
            if below + count >= wanted {
                let bound = |at: Option<usize>| at.and_then(|at| BOUNDS_MICROS.get(at).copied());
                let from = Duration::from_micros(bound(at.checked_sub(1)).unwrap_or(0));
                let to = bound(Some(at)).map_or(from, Duration::from_micros);
                return Some(from + (to - from).mul_f64((wanted - below).max(0.0) / count));
            }
            below += count;
        }
        None
    }

    /// What was observed since an earlier snapshot of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = *self;
        for (count, before) in since.counts.iter_mut().zip(earlier.counts) {
            *count = count.wrapping_sub(before);
        }
        since.sum = self.sum.saturating_sub(earlier.sum);
        since
    }

    /// What this and the other have observed.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = *self;
        for (count, more) in both.counts.iter_mut().zip(other.counts) {
            *count = count.wrapping_add(more);
        }
        both.sum = self.sum.saturating_add(other.sum);
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn quantiles_lie_in_the_bucket_of_their_observation() {
        let histogram = Histogram::default();
        assert_eq!(histogram.snapshot().quantile(0.5), None);
        histogram.observe_many(micros(3), 98);
        histogram.observe(micros(700));
        histogram.observe(Duration::from_secs(60));
        let seen = histogram.snapshot();
        assert_eq!(seen.count(), 100);
        assert_eq!(seen.sum(), micros(98 * 3 + 700) + Duration::from_secs(60));
        let check = |quantile, from, to| {
            let found = seen.quantile(quantile).unwrap();
            assert!(micros(from) < found && found <= micros(to), "{found:?}");
        };
        check(0.5, 2, 5);
        check(0.99, 500, 1_000);
        assert_eq!(seen.quantile(1.0), Some(Duration::from_secs(10)));
        assert_eq!(seen.quantile(0.0), Some(micros(2)));
    }

    #[test]
    fn a_bound_belongs_to_its_bucket_and_each_is_counted_once() {
        let histogram = Histogram::default();
        histogram.observe(micros(1));
        histogram.observe(Duration::from_nanos(1_001));
        let buckets = histogram.snapshot().buckets();
        assert_eq!((buckets[0], buckets[1]), ((1e-6, 1), (2e-6, 1)));
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, 0)));
    }

    #[test]
    fn what_came_between_two_snapshots_is_their_difference() {
        let histogram = Histogram::default();
        histogram.observe(micros(10));
        let before = histogram.snapshot();
        histogram.observe_many(micros(40), 3);
        let between = histogram.snapshot().since(&before);
        assert_eq!((between.count(), between.sum()), (3, micros(120)));
        assert_eq!(between.and(&before), histogram.snapshot());
    }
}
