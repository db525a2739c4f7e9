//! The part of a series that repeats.

use crate::numbers::{count, mean};

/// How much higher or lower than its course a series is at each place of the season.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// What the course is multiplied with, by place; 1 on average.
    factors: Vec<f64>,
}

/// What is sold at a place with a smaller share of the course says nothing of the course.
const TELLING_MIN: f64 = 0.1;

impl Profile {
    /// Of a series without a season.
    pub(crate) fn flat() -> Self {
        Self { factors: vec![1.0] }
    }

    /// What can be seen in a history without gaps, or a flat profile if that could be chance.
    pub(crate) fn of(history: &[f64], period: usize) -> Self {
        if period < 2 || history.len() < 2 * period + period / 2 || !is_seasonal(history, period) {
            return Self::flat();
        }
        let course = centred_means(history, period);
        let half = period / 2;
        let mut ratios = vec![Vec::new(); period];
        for (at, course) in course.iter().enumerate() {
            if *course > 0.0 {
                let at = at + half;
                ratios[at % period].push(history[at] / course);
            }
        }
        if ratios.iter().any(Vec::is_empty) {
            return Self::flat();
        }
        let raw: Vec<f64> = ratios
            .iter()
            .map(|ratios| mean(ratios.iter().copied()))
            .collect();
        let level = mean(raw.iter().copied());
        if level <= 0.0 || !level.is_finite() {
            return Self::flat();
        }
        let factors: Vec<f64> = raw.iter().map(|factor| factor / level).collect();
        let errors: Vec<f64> = ratios
            .iter()
            .zip(&raw)
            .map(|(ratios, centre)| error_of_mean(ratios, *centre))
            .collect();
        Self {
            factors: shrunk(&factors, &errors),
        }
    }

    pub(crate) fn factor(&self, at: usize) -> f64 {
        self.factors[at % self.factors.len()]
    }

    /// The history without its season: its course. Where there is next to no demand, the course goes on as it was.
    pub(crate) fn adjusted(&self, history: &[f64]) -> Vec<f64> {
        let tells = |at: usize| self.factor(at) >= TELLING_MIN;
        let first = (0..history.len()).find(|&at| tells(at));
        let mut course = first.map_or(0.0, |at| history[at] / self.factor(at));
        let adjusted = history.iter().enumerate().map(|(at, value)| {
            if tells(at) {
                course = value / self.factor(at);
            }
            course
        });
        adjusted.collect()
    }
}

/// Whether the autocorrelation at the period is above chance with 90 % confidence, given those at shorter lags: the test of the
/// M competitions (Assimakopoulos & Nikolopoulos 2000; Fiorucci et al. 2016).
fn is_seasonal(history: &[f64], period: usize) -> bool {
    let centre = mean(history.iter().copied());
    let deviations: Vec<f64> = history.iter().map(|value| value - centre).collect();
    let square: f64 = deviations
        .iter()
        .map(|deviation| deviation * deviation)
        .sum();
    if square <= 0.0 {
        return false;
    }
    let correlation = |lag: usize| {
        let pairs = deviations.iter().zip(&deviations[lag..]);
        pairs.map(|(then, now)| then * now).sum::<f64>() / square
    };
    let shorter: f64 = (1..period).map(|lag| correlation(lag).powi(2)).sum();
    let chance = 1.645 * ((1.0 + 2.0 * shorter) / count(history.len())).sqrt();
    correlation(period) > chance
}

/// Means over one period around each place that has enough neighbours, the outermost two counted half if the period is even.
fn centred_means(history: &[f64], period: usize) -> Vec<f64> {
    let whole = |window: &[f64]| window.iter().sum::<f64>() / count(period);
    if period % 2 == 1 {
        return history.windows(period).map(whole).collect();
    }
    history
        .windows(period + 1)
        .map(|window| f64::midpoint(whole(&window[1..]), whole(&window[..period])))
        .collect()
}

fn error_of_mean(values: &[f64], centre: f64) -> f64 {
    let square = mean(values.iter().map(|value| (value - centre).powi(2)));
    square / count(values.len().saturating_sub(1).max(1))
}

/// Draws factors towards 1 as far as their differences could be noise: James and Stein's estimator (Miller & Williams 2003).
fn shrunk(factors: &[f64], errors: &[f64]) -> Vec<f64> {
    let places = count(factors.len());
    let noise = mean(errors.iter().copied());
    let spread = factors
        .iter()
        .map(|factor| (factor - 1.0).powi(2))
        .sum::<f64>()
        / (places - 1.0);
    if places < 4.0 || spread <= 0.0 {
        return factors.to_vec();
    }
    let share = (places - 3.0) / (places - 1.0) * (noise / spread).min(1.0);
    factors
        .iter()
        .map(|factor| share + (1.0 - share) * factor)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Profile, shrunk};

    /// Four quarters that are 0.5, 1, 1.5 and 1 of a course of 40.
    fn quarters(years: usize) -> Vec<f64> {
        [20.0, 40.0, 60.0, 40.0].repeat(years)
    }

    #[test]
    fn an_exact_season_is_found_exactly() {
        let profile = Profile::of(&quarters(6), 4);
        for (place, factor) in [0.5, 1.0, 1.5, 1.0].iter().enumerate() {
            assert!((profile.factor(place) - factor).abs() < 1e-9, "{profile:?}");
        }
        assert!(
            profile
                .adjusted(&quarters(6))
                .iter()
                .all(|course| (course - 40.0).abs() < 1e-9)
        );
        let too_short = Profile::of(&quarters(2), 4);
        assert!((too_short.factor(0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn noise_draws_factors_to_one() {
        let factors = [0.5, 1.0, 1.5, 1.0, 1.0];
        assert_eq!(shrunk(&factors, &[0.0; 5]), factors);
        let half = shrunk(&factors, &[0.125; 5]);
        assert!(
            (half[0] - 0.75).abs() < 1e-9 && (half[2] - 1.25).abs() < 1e-9,
            "{half:?}"
        );
        assert_eq!(shrunk(&factors, &[9.0; 5]), [0.75, 1.0, 1.25, 1.0, 1.0]);
    }

    #[test]
    fn a_place_with_next_to_no_demand_does_not_move_the_course() {
        let profile = Profile {
            factors: vec![0.02, 1.48, 1.5],
        };
        assert_eq!(
            profile.adjusted(&[5.0, 148.0, 150.0, 0.0, 148.0, 150.0]),
            [100.0; 6]
        );
    }
}
