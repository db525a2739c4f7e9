//! Forecasts of daily demand.
//!
//! Weekly seasonality is taken out by MSTL and the rest extrapolated by the best of the
//! non-seasonal ETS models. Shorter histories repeat the last week or give their mean. Demand is
//! never below zero, and neither is a forecast.

mod accuracy;
mod model;

pub(crate) use accuracy::backtest;
pub(crate) use model::{Band, predict};

#[cfg(test)]
mod tests;
