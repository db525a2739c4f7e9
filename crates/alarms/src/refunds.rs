use crate::{Thresholds, chance::binomial_reaches};

/// How much more often than before something comes back at least: less is no news.
const FACTOR_MIN: f64 = 1.5;

/// Fewer that came back are accidents.
const RETURNED_MIN: f64 = 5.0;

/// Orders of a span.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Returns {
    /// How many were sold.
    pub sold: f64,
    /// How many came back.
    pub returned: f64,
}

/// More comes back than before.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RefundRise {
    /// In per cent of what was sold.
    pub share_percent: f64,
    /// The share before.
    pub share_before_percent: f64,
    /// The probability that such a rise comes by chance.
    pub chance: f64,
}

/// Whether a greater share comes back now than before: the exact conditional test of two Poisson rates (Przyborowski & Wilenski
/// 1940), so that few cases say little.
#[must_use]
pub fn refund_rise(now: Returns, before: Returns, thresholds: &Thresholds) -> Option<RefundRise> {
    if now.sold <= 0.0 || before.sold <= 0.0 || now.returned < RETURNED_MIN {
        return None;
    }
    let share = |returns: Returns| 100.0 * returns.returned / returns.sold;
    let (share_percent, share_before_percent) = (share(now), share(before));
    let all = now.returned + before.returned;
    let chance = binomial_reaches(now.returned, all, now.sold / (now.sold + before.sold));
    let is_told = share_percent >= thresholds.refund_share_percent
        && share_percent >= FACTOR_MIN * share_before_percent
        && thresholds.is_sure(chance);
    is_told.then_some(RefundRise {
        share_percent,
        share_before_percent,
        chance,
    })
}

#[cfg(test)]
mod tests {
    use super::{Returns, refund_rise};
    use crate::Thresholds;

    fn told(now: (f64, f64), before: (f64, f64)) -> bool {
        let returns = |(returned, sold)| Returns { sold, returned };
        refund_rise(returns(now), returns(before), &Thresholds::default()).is_some()
    }

    #[test]
    fn one_of_two_is_no_rise_and_forty_of_four_hundred_are() {
        assert!(!told((1.0, 2.0), (2.0, 300.0)));
        assert!(!told((5.0, 60.0), (9.0, 180.0)), "as likely as not");
        assert!(told((40.0, 400.0), (30.0, 1200.0)));
        assert!(!told((40.0, 400.0), (120.0, 1200.0)), "no change");
        assert!(!told((40.0, 4000.0), (10.0, 12_000.0)), "still rare");
        assert!(!told((0.0, 0.0), (0.0, 0.0)));
        assert!(told((20.0, 100.0), (0.0, 300.0)));
    }

    #[test]
    fn the_chance_is_that_of_the_exact_test() {
        let now = Returns {
            sold: 100.0,
            returned: 8.0,
        };
        let before = Returns {
            sold: 100.0,
            returned: 2.0,
        };
        let mut thresholds = Thresholds {
            confidence_percent: 90.0,
            ..Thresholds::default()
        };
        let rise = refund_rise(now, before, &thresholds).unwrap();
        // 56 of 1024: at least eight of ten, each as likely before as now.
        assert!((rise.chance - 56.0 / 1024.0).abs() < 1e-9, "{rise:?}");
        thresholds.confidence_percent = 95.0;
        assert_eq!(refund_rise(now, before, &thresholds), None);
    }
}
