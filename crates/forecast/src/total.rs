//! How far off the sum of all steps may be: errors of neighbouring days add up where the level was wrong, and cancel where it was
//! noise, so the bands of single days do not tell.

use crate::{
    bands::Trust,
    numbers::{count, mean},
    rolling::Paths,
};

/// The root mean square of what sums over `horizon` steps were off, from errors by origin and by step.
///
/// Where the horizon is long for the origins, it is that of the sums of fewer steps, as if the further ones were off alike.
pub(crate) fn deviation(errors: &Paths, horizon: usize, trust: Trust) -> f64 {
    let steps = horizon.min(errors.len().div_ceil(2));
    if steps == 0 {
        return 0.0;
    }
    let sums: Vec<f64> = errors
        .iter()
        .filter_map(|path| path.get(..steps))
        .map(|path| path.iter().sum())
        .collect();
    let square = mean(sums.iter().map(|sum| sum * sum));
    let widening = 1.0 + trust.overlap(horizon, errors.len());
    let deviation = (square * widening).sqrt() * count(horizon) / count(steps);
    if deviation.is_finite() {
        deviation
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::deviation;
    use crate::bands::Trust;

    #[test]
    fn noise_cancels_and_a_wrong_level_adds_up() {
        let noise: Vec<Vec<f64>> = (0..40_u8)
            .map(|origin| {
                let sign = if origin % 2 == 0 { 1.0 } else { -1.0 };
                (0..4)
                    .map(|step| if step % 2 == 0 { sign } else { -sign })
                    .collect()
            })
            .collect();
        let level = vec![vec![1.0; 4]; 40];
        assert!(deviation(&noise, 4, Trust::STEADY) < 1e-9);
        let off = deviation(&level, 4, Trust::STEADY);
        assert!((off - 4.0 * 1.3_f64.sqrt()).abs() < 1e-9, "{off}");
        // Eight steps are never seen whole: two times four.
        let twice = deviation(&vec![vec![1.0; 4]; 8], 8, Trust::STEADY);
        assert!((twice - 8.0 * 4.0_f64.sqrt()).abs() < 1e-9, "{twice}");
        assert!(deviation(&Vec::new(), 4, Trust::STEADY) < 1e-9);
    }
}
