//! Demand to expect, with bands that were measured and methods that were chosen by their errors.
//!
//! [`forecast`] takes a history of one number per day (or week, or month) and gives a [`Band`] for each step after it:
//!
//! 1. Days of the week without trade are left out, and forecast as 0. Gaps are filled with the week before.
//! 2. What came before a lasting jump of the level is left out.
//! 3. The season, if there is one, is divided out.
//! 4. All candidates forecast the newest third of the history, from every origin in it, without having seen it. Combined are the
//!    two that are hard to beat on average and the one that had the least squared error. Choosing a single one is worse: on the
//!    M3 competition's monthly series by 5 % (`docs/numbers.md`).
//! 5. The errors of that combination on those days give the bands.
//!
//! Nothing is random, and nothing depends on anything but the arguments.

#![forbid(unsafe_code)]

mod backtest;
mod bands;
mod forecast;
mod method;
mod numbers;
mod open;
mod rolling;
mod search;
mod season;
mod shift;
mod short;
mod total;

pub use backtest::Backtest;
pub use bands::Band;
pub use forecast::{Forecast, HISTORY_MAX, Note, SHORT_MAX, forecast};
pub use method::Method;

#[cfg(test)]
mod tests;
