//! Histories too short to test anything on.

use crate::{
    bands::Band,
    numbers::{count, mean},
};

/// Student's t for 80 % and 95 %, by degrees of freedom, from 1 on.
const T: [(f64, f64); 12] = [
    (3.078, 12.706),
    (1.886, 4.303),
    (1.638, 3.182),
    (1.533, 2.776),
    (1.476, 2.571),
    (1.440, 2.447),
    (1.415, 2.365),
    (1.397, 2.306),
    (1.383, 2.262),
    (1.372, 2.228),
    (1.363, 2.201),
    (1.356, 2.179),
];

/// The mean, with the bands of a normal distribution whose spread is not known.
pub(crate) fn band(history: &[f64]) -> Band {
    let (centre, variance) = moments(history);
    let error = (variance * (1.0 + 1.0 / count(history.len().max(1)))).sqrt();
    let (narrow, wide) = T[history.len().saturating_sub(2).min(T.len() - 1)];
    let ends = |t: f64| (centre - t * error, centre + t * error);
    Band::ordered(centre, ends(narrow), ends(wide))
}

/// How far off the sum of `horizon` days may be.
pub(crate) fn deviation(history: &[f64], horizon: usize) -> f64 {
    let (_, variance) = moments(history);
    let (days, horizon) = (count(history.len().max(1)), count(horizon));
    (variance * horizon * (1.0 + horizon / days)).sqrt()
}

/// Mean and variance, which is at least that of chance arrivals (Poisson).
fn moments(history: &[f64]) -> (f64, f64) {
    let centre = mean(history.iter().copied());
    let days = count(history.len().max(1));
    let square: f64 = history.iter().map(|units| (units - centre).powi(2)).sum();
    (centre, (square / (days - 1.0).max(1.0)).max(centre))
}
