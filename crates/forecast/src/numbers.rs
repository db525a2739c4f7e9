//! Small sums.

/// The mean; 0 of nothing.
pub(crate) fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut items) = (0.0, 0.0);
    for number in numbers {
        sum += number;
        items += 1.0;
    }
    if items > 0.0 { sum / items } else { 0.0 }
}

/// The share `part` of sorted numbers is below it; the next greater one between two, as conformal prediction asks for. 0 of nothing.
pub(crate) fn quantile(sorted: &[f64], part: f64) -> f64 {
    let rank = (part * (count(sorted.len()) + 1.0)).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and the length"
    )]
    let rank = rank.clamp(1.0, count(sorted.len()).max(1.0)) as usize;
    sorted.get(rank - 1).copied().unwrap_or(0.0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "lengths of series are far below 2^53"
)]
pub(crate) fn count(length: usize) -> f64 {
    length as f64
}

/// Start and slope of the straight line through a series, by least squares.
pub(crate) fn line(series: &[f64]) -> (f64, f64) {
    let centre = mean(series.iter().copied());
    let middle = (count(series.len()) - 1.0) / 2.0;
    let (mut both, mut square) = (0.0, 0.0);
    for (at, value) in series.iter().enumerate() {
        let distance = count(at) - middle;
        both += distance * (value - centre);
        square += distance * distance;
    }
    let slope = if square > 0.0 { both / square } else { 0.0 };
    (centre - slope * middle, slope)
}
