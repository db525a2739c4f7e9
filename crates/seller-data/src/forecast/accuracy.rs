//! How far off a forecast was.

use super::model::{SEASON, average, predict};

/// What is held out at most, in days.
const HOLD_OUT_MAX: usize = 14;

/// The errors of a forecast of days that the model was not shown. Finite, three decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Accuracy {
    /// Symmetric mean absolute percentage error, 0 to 200.
    pub(crate) smape: f64,
    /// Mean absolute error over that of repeating the week before within the shown history.
    pub(crate) mase: Option<f64>,
}

/// Forecasts the last days of a history from those before.
///
/// `None` when fewer than two weeks would be left to learn from.
pub(crate) fn backtest(history: &[f64], horizon: usize) -> Option<Accuracy> {
    let held_out = horizon.min(HOLD_OUT_MAX);
    let shown = history
        .len()
        .checked_sub(held_out)
        .filter(|&shown| shown >= 2 * SEASON)?;
    let (shown, actual) = history.split_at(shown);
    if actual.is_empty() || shown.iter().all(|&units| units == 0.0) {
        return None;
    }
    let forecast = predict(shown, held_out);
    let pairs = || actual.iter().zip(forecast.days.iter().map(|day| day.mean));
    let smape = average(pairs().map(|(actual, mean)| {
        let size = actual.abs() + mean.abs();
        if size > 0.0 {
            200.0 * (actual - mean).abs() / size
        } else {
            0.0
        }
    }));
    let error = average(pairs().map(|(actual, mean)| (actual - mean).abs()));
    let naive = average(
        shown
            .iter()
            .skip(SEASON)
            .zip(shown)
            .map(|(now, then)| (now - then).abs()),
    );
    let mase = (naive > 0.0).then(|| three_decimals(error / naive));
    Some(Accuracy {
        smape: three_decimals(smape),
        mase,
    })
}

fn three_decimals(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
