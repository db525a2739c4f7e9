//! A level and a trend.

use super::{Filter, squared_error};
use crate::{
    numbers::{count, line},
    search::least_of_three,
};

/// How many values level and trend start from.
const START: usize = 10;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Damped {
    weight: f64,
    trend_weight: f64,
    /// What is left of the trend after a step: 1 if it lasts.
    fading: f64,
    level: f64,
    trend: f64,
}

impl Damped {
    pub(crate) fn fit(history: &[f64]) -> Self {
        Self::fit_with(history, |share| 0.8 + 0.18 * share)
    }

    /// With a trend that does not fade.
    pub(crate) fn fit_lasting(history: &[f64]) -> Self {
        Self::fit_with(history, |_| 1.0)
    }

    fn fit_with(history: &[f64], fading: impl Fn(f64) -> f64) -> Self {
        let (level, trend) = line(&history[..history.len().min(START)]);
        let start = |[weight, share, fade]: [f64; 3]| {
            let weight = 0.01 + 0.98 * weight;
            Self {
                weight,
                trend_weight: share * weight,
                fading: fading(fade),
                level: level - trend,
                trend,
            }
        };
        start(least_of_three(&grid(), |point| {
            squared_error(start(point), history)
        }))
    }
}

fn grid() -> Vec<[f64; 3]> {
    let mut grid = Vec::new();
    for weight in [0.1, 0.3, 0.6, 0.9] {
        for share in [0.02, 0.1, 0.3] {
            grid.push([weight, share, 0.3]);
            grid.push([weight, share, 0.9]);
        }
    }
    grid
}

impl Filter for Damped {
    fn observe(&mut self, value: f64) {
        let expected = self.ahead(1);
        let error = value - expected;
        self.level = expected + self.weight * error;
        self.trend = self.fading * self.trend + self.trend_weight * error;
    }

    fn ahead(&self, steps: usize) -> f64 {
        let trends = if self.fading < 1.0 {
            let left = self.fading.powi(i32::try_from(steps).unwrap_or(i32::MAX));
            self.fading * (1.0 - left) / (1.0 - self.fading)
        } else {
            count(steps)
        };
        self.level + trends * self.trend
    }
}
