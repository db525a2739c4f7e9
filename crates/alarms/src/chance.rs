//! Probabilities of tails, all by the incomplete beta function.

use statrs::function::beta::checked_beta_reg;

/// Greater counts are taken as this many. The continued fraction of `statrs` ends after 140 steps, which is exact up to some
/// thousand events.
const EVENTS_MAX: f64 = 1_000.0;

/// That a count with a negative binomial distribution reaches `least`. Its variance is at least 1.05 times its mean.
pub(crate) fn count_reaches(least: f64, mean: f64, variance: f64) -> f64 {
    if least <= 0.0 {
        return 1.0;
    }
    if mean <= 0.0 {
        return 0.0;
    }
    let unit = (mean / EVENTS_MAX)
        .max(least / (10.0 * EVENTS_MAX))
        .max(1.0);
    let (least, mean, variance) = (least / unit, mean / unit, variance / unit.powi(2));
    let variance = variance.max(1.05 * mean);
    let size = mean * mean / (variance - mean);
    regularised(least, size, 1.0 - mean / variance)
}

/// The probability that at least `events` of `all` happen by chance where each does with probability `share`.
///
/// Greater counts than a thousand are taken as a thousand: trade is never so independent that more would tell more.
#[must_use]
pub fn binomial_reaches(events: f64, all: f64, share: f64) -> f64 {
    if events <= 0.0 {
        return 1.0;
    }
    let unit = (all / EVENTS_MAX).max(1.0);
    regularised(events / unit, (all - events) / unit + 1.0, share)
}

/// That Student's t with `freedom` degrees of freedom is above `t`.
pub(crate) fn student_above(t: f64, freedom: f64) -> f64 {
    let both = regularised(freedom / 2.0, 0.5, freedom / (freedom + t * t));
    if t > 0.0 {
        both / 2.0
    } else {
        1.0 - both / 2.0
    }
}

/// 0 where it is not defined: nothing is said rather than something wrong.
fn regularised(a: f64, b: f64, x: f64) -> f64 {
    checked_beta_reg(a, b, x).map_or(0.0, |share| share.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::{binomial_reaches, count_reaches, student_above};

    fn close(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-4, "{left} is not {right}");
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        close(student_above(2.764, 10.0), 0.01);
        close(student_above(-1.812, 10.0), 0.95);
        // 1 - 0.9^10, and 56 of 1024.
        close(binomial_reaches(1.0, 10.0, 0.1), 0.651_32);
        close(binomial_reaches(8.0, 10.0, 0.5), 56.0 / 1024.0);
        // Geometric with mean 1 and variance 2: each further one with probability 1/2.
        close(count_reaches(3.0, 1.0, 2.0), 0.125);
        close(count_reaches(0.0, 1.0, 2.0), 1.0);
        close(count_reaches(1.0, 0.0, 0.0), 0.0);
    }

    #[test]
    fn large_counts_have_tails_too() {
        // Near its mean a large count is as good as normal.
        let half = count_reaches(1e6, 1e6, 1e10);
        assert!((half - 0.5).abs() < 0.02, "{half}");
        assert!(count_reaches(1.3e6, 1e6, 1e10) < 0.01);
        assert!(count_reaches(1e12, 1e3, 1e6) < 1e-6);
        assert!(binomial_reaches(60_000.0, 100_000.0, 0.5) < 1e-6);
    }
}
