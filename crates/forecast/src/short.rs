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

/// The mean, with the bands of a normal distribution whose spread is not known; it is at least that of chance arrivals (Poisson).
pub(crate) fn band(history: &[f64]) -> Band {
    let centre = mean(history.iter().copied());
    let days = count(history.len().max(1));
    let square: f64 = history.iter().map(|units| (units - centre).powi(2)).sum();
    let variance = (square / (days - 1.0).max(1.0)).max(centre);
    let error = (variance * (1.0 + 1.0 / days)).sqrt();
    let (narrow, wide) = T[history.len().saturating_sub(2).min(T.len() - 1)];
    let ends = |t: f64| (centre - t * error, centre + t * error);
    Band::ordered(centre, ends(narrow), ends(wide))
}
