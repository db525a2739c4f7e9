//! What was, again.

use std::{cell::OnceCell, collections::VecDeque};

use super::Filter;
use crate::numbers::mean;

/// The last values, over and over.
#[derive(Debug)]
pub(crate) struct Repeat {
    length: usize,
    values: VecDeque<f64>,
}

impl Repeat {
    pub(crate) fn new(length: usize) -> Self {
        let length = length.max(1);
        Self {
            length,
            values: VecDeque::with_capacity(length + 1),
        }
    }
}

impl Filter for Repeat {
    fn observe(&mut self, value: f64) {
        self.values.push_back(value);
        if self.values.len() > self.length {
            self.values.pop_front();
        }
    }

    fn ahead(&self, steps: usize) -> f64 {
        let at = steps.saturating_sub(1) % self.values.len().max(1);
        self.values.get(at).copied().unwrap_or(0.0)
    }
}

/// The mean of the last values.
#[derive(Debug)]
pub(crate) struct Recent {
    values: Repeat,
    /// Of those values, once it was asked for: many steps are, of few of the days observed.
    mean: OnceCell<f64>,
}

impl Recent {
    pub(crate) fn new(length: usize) -> Self {
        Self {
            values: Repeat::new(length),
            mean: OnceCell::new(),
        }
    }
}

impl Filter for Recent {
    fn observe(&mut self, value: f64) {
        self.values.observe(value);
        self.mean.take();
    }

    fn ahead(&self, _steps: usize) -> f64 {
        *self
            .mean
            .get_or_init(|| mean(self.values.values.iter().copied()))
    }
}
