//! How far off a forecast would have been.

use crate::{
    numbers::mean,
    rolling::{Paths, Trial},
};

/// The errors of the same methods on the newest part of the history, which they were not shown. Finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backtest {
    /// Symmetric mean absolute percentage error, 0 to 200; 0 where nothing was expected and nothing came.
    pub smape: f64,
    /// Mean absolute error over that of repeating the season before within the days that were shown; `None` when those repeat
    /// themselves exactly.
    pub mase: Option<f64>,
    /// How many days a forecast was made from.
    pub origins: usize,
}

impl Backtest {
    pub(crate) fn new(trial: &Trial<'_>, paths: &Paths) -> Self {
        let errors = trial.errors(paths);
        let pairs = paths.iter().flatten().zip(errors.iter().flatten());
        let smape = mean(pairs.map(|(said, error)| {
            let size = said.abs() + (said + error).abs();
            if size > 0.0 {
                200.0 * error.abs() / size
            } else {
                0.0
            }
        }));
        let error = mean(errors.iter().flatten().map(|error| error.abs()));
        let naive = trial.naive_error();
        Self {
            smape: if smape.is_finite() {
                smape.min(200.0)
            } else {
                200.0
            },
            mase: (naive > 0.0)
                .then(|| error / naive)
                .filter(|mase| mase.is_finite()),
            origins: trial.origins(),
        }
    }
}
