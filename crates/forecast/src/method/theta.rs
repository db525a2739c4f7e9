//! Theta, in the form that Hyndman and Billah (2003) showed it to have: smoothing with half of the long trend.

use super::{Filter, smoothing::Smoothing};
use crate::{
    numbers::{count, line},
    search::least_between,
};

#[derive(Debug)]
pub(crate) struct Theta {
    smoothing: Smoothing,
    /// The share of the level that is still what it started from.
    left: f64,
    observed: f64,
    sum: f64,
    /// The sum of values times how many came before.
    moment: f64,
}

impl Theta {
    pub(crate) fn fit(history: &[f64]) -> Self {
        let (start, slope) = line(history);
        let level = f64::midpoint(start, history.first().copied().unwrap_or(0.0));
        let begin = |weight| Smoothing { weight, level };
        let cost = |weight: f64| {
            let mut smoothing = begin(weight);
            let (mut sum, mut left) = (0.0, 1.0);
            for &value in history {
                let lag = (1.0 - left) / weight;
                sum += (value - smoothing.level - slope / 2.0 * lag).powi(2);
                smoothing.observe(value);
                left *= 1.0 - weight;
            }
            sum
        };
        Self {
            smoothing: begin(least_between(0.02, 0.99, cost)),
            left: 1.0,
            observed: 0.0,
            sum: 0.0,
            moment: 0.0,
        }
    }

    /// Of the straight line through everything observed.
    fn slope(&self) -> f64 {
        let n = self.observed;
        if n < 2.0 {
            return 0.0;
        }
        (self.moment - self.sum * (n - 1.0) / 2.0) * 12.0 / (n * (n * n - 1.0))
    }
}

impl Filter for Theta {
    fn observe(&mut self, value: f64) {
        self.smoothing.observe(value);
        self.left *= 1.0 - self.smoothing.weight;
        self.moment += self.observed * value;
        self.sum += value;
        self.observed += 1.0;
    }

    fn ahead(&self, steps: usize) -> f64 {
        let weight = self.smoothing.weight;
        // How far a smoothed level is behind a trend.
        let lag = (1.0 - self.left) / weight;
        self.smoothing.level + self.slope() / 2.0 * (count(steps) - 1.0 + lag)
    }
}
