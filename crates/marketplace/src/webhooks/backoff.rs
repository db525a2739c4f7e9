//! How long to wait before another attempt.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Half to all of the doubled wait, so that tenants which failed together do not come back together.
const JITTER_LEAST: f64 = 0.5;

/// The wait after so many failures in a row, at least one.
pub(super) fn wait(range: &RangeInclusive<Duration>, failures: u32) -> Duration {
    let (least, most) = (*range.start(), *range.end());
    let doubled = least
        .saturating_mul(2_u32.saturating_pow(failures))
        .min(most);
    let part = JITTER_LEAST + (1.0 - JITTER_LEAST) * fastrand::f64();
    doubled.mul_f64(part).max(least).min(most.max(least))
}

#[cfg(test)]
mod tests {
    use super::{Duration, wait};

    #[test]
    fn waits_double_from_the_least_to_the_most() {
        let range = Duration::from_millis(100)..=Duration::from_secs(5);
        for failures in [1, 2, 3, 5, 8, 100, u32::MAX] {
            let expected = (0.1 * 2_f64.powf(f64::from(failures))).min(5.0);
            for _ in 0..100 {
                let waited = wait(&range, failures).as_secs_f64();
                assert!((0.1..=5.0).contains(&waited), "{waited}");
                assert!(waited <= expected + 1e-6 && waited >= expected / 2.0 - 1e-6);
            }
        }
        let drawn: Vec<_> = (0..10).map(|_| wait(&range, 4)).collect();
        assert!(drawn.iter().any(|wait| *wait != drawn[0]), "{drawn:?}");
    }
}
