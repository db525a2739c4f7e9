//! Demand that comes seldom.

use super::Filter;
use crate::numbers::{count, mean};

/// The share by which sizes, intervals and probabilities follow what was seen: the usual one in the literature.
const WEIGHT: f64 = 0.1;

/// The share by which the sum of a stretch moves the level: stretches are few.
const STRETCH_WEIGHT: f64 = 0.3;

fn sizes(history: &[f64]) -> impl Iterator<Item = f64> {
    history.iter().copied().filter(|&units| units > 0.0)
}

/// How many days there are for each one with demand, at least 1.
fn interval(history: &[f64]) -> f64 {
    let sales = count(sizes(history).count());
    if sales > 0.0 {
        count(history.len()) / sales
    } else {
        1.0
    }
}

#[derive(Debug)]
pub(crate) struct Croston {
    size: f64,
    interval: f64,
    since: f64,
}

impl Croston {
    pub(crate) fn fit(history: &[f64]) -> Self {
        Self {
            size: mean(sizes(history)),
            interval: interval(history),
            since: 0.0,
        }
    }
}

impl Filter for Croston {
    fn observe(&mut self, value: f64) {
        self.since += 1.0;
        if value > 0.0 {
            self.size += WEIGHT * (value - self.size);
            self.interval += WEIGHT * (self.since - self.interval);
            self.since = 0.0;
        }
    }

    fn ahead(&self, _steps: usize) -> f64 {
        (1.0 - WEIGHT / 2.0) * self.size / self.interval.max(1.0)
    }
}

#[derive(Debug)]
pub(crate) struct Tsb {
    size: f64,
    probability: f64,
}

impl Tsb {
    pub(crate) fn fit(history: &[f64]) -> Self {
        Self {
            size: mean(sizes(history)),
            probability: 1.0 / interval(history),
        }
    }
}

impl Filter for Tsb {
    fn observe(&mut self, value: f64) {
        let sold = f64::from(u8::from(value > 0.0));
        if value > 0.0 {
            self.size += WEIGHT * (value - self.size);
        }
        self.probability += WEIGHT * (sold - self.probability);
    }

    fn ahead(&self, _steps: usize) -> f64 {
        self.size * self.probability
    }
}

#[derive(Debug)]
pub(crate) struct Aggregated {
    /// In days.
    stretch: f64,
    /// Of one day.
    level: f64,
    sum: f64,
    days: f64,
}

impl Aggregated {
    pub(crate) fn fit(history: &[f64]) -> Self {
        Self {
            stretch: interval(history).ceil(),
            level: mean(history.iter().copied()),
            sum: 0.0,
            days: 0.0,
        }
    }
}

impl Filter for Aggregated {
    fn observe(&mut self, value: f64) {
        self.sum += value;
        self.days += 1.0;
        if self.days >= self.stretch {
            self.level += STRETCH_WEIGHT * (self.sum / self.days - self.level);
            (self.sum, self.days) = (0.0, 0.0);
        }
    }

    fn ahead(&self, _steps: usize) -> f64 {
        self.level
    }
}
