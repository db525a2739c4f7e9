//! Simple exponential smoothing.

use super::{Filter, squared_error};
use crate::{numbers::mean, search::least_between};

/// How many values the level starts from.
const START: usize = 4;

/// Of demand that comes seldom: one sale must not move the level far.
const SLOW: f64 = 0.1;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Smoothing {
    pub(crate) weight: f64,
    pub(crate) level: f64,
}

impl Smoothing {
    pub(crate) fn fit(history: &[f64]) -> Self {
        let level = mean(history.iter().take(START).copied());
        let start = |weight| Self { weight, level };
        start(least_between(0.02, 0.99, |weight| {
            squared_error(start(weight), history)
        }))
    }

    pub(crate) fn slow(history: &[f64]) -> Self {
        Self {
            weight: SLOW,
            level: mean(history.iter().copied()),
        }
    }
}

impl Filter for Smoothing {
    fn observe(&mut self, value: f64) {
        self.level += self.weight * (value - self.level);
    }

    fn ahead(&self, _steps: usize) -> f64 {
        self.level
    }
}
