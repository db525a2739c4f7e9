//! How far off a forecast may be: from the errors of earlier ones.
//!
//! Errors are divided by how large they usually are that many steps ahead, and their quantiles multiplied with that again: split
//! conformal prediction (Vovk et al. 2005) with a scale for each step. No distribution is assumed.

use crate::{
    numbers::{count, mean, quantile},
    rolling::Paths,
};

/// 80 % and 95 %.
const SHARES: [f64; 2] = [0.8, 0.95];

/// The quantiles of a normal distribution that leave out what is outside: of both ends, and of the upper alone.
const NORMAL: [(f64, f64); 2] = [(1.281_552, 0.841_621), (1.959_964, 1.644_854)];

/// What few errors are trusted with: `docs/numbers.md` says on which series the numbers were chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trust {
    /// Errors many steps ahead overlap, so that there are only as many as the steps fit into the origins: how much wider the bands
    /// are for each time that they fit in less than once, in variance.
    widening: f64,
    /// With so many origins the errors count as much as a normal distribution; with more they count more.
    normal_origins: f64,
}

impl Trust {
    pub(crate) const STEADY: Self = Self {
        widening: 3.0,
        normal_origins: 10.0,
    };

    /// Demand here and there is anything but normal, and its level moves slowly.
    pub(crate) const INTERMITTENT: Self = Self {
        widening: 1.0,
        normal_origins: 0.0,
    };

    /// What is added to the variance of so many steps that were tested from so many origins.
    pub(crate) fn overlap(self, steps: usize, origins: usize) -> f64 {
        self.widening * count(steps) / count(origins.max(1))
    }
}

/// One step: 0 ≤ lower95 ≤ lower80 ≤ mean ≤ upper80 ≤ upper95, finite.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Band {
    /// What is expected.
    pub mean: f64,
    /// The lower end of what holds four of five.
    pub lower80: f64,
    /// Its upper end.
    pub upper80: f64,
    /// The lower end of what holds nineteen of twenty.
    pub lower95: f64,
    /// Its upper end.
    pub upper95: f64,
}

/// The errors of earlier forecasts.
#[derive(Debug)]
pub(crate) struct Errors {
    narrow: Tails,
    wide: Tails,
    /// The mean square of the errors one step ahead, and what each further step adds.
    variance: (f64, f64),
    /// What a step adds to the widening.
    widening: f64,
}

/// Quantiles of errors, in units of their step's scale.
#[derive(Debug)]
struct Tails {
    lower: f64,
    upper: f64,
    /// All that is left out is above this.
    upper_alone: f64,
}

impl Errors {
    /// By origin and by step.
    pub(crate) fn new(errors: &Paths, trust: Trust) -> Self {
        let origins = count(errors.len().max(1));
        let seen = origins / (origins + trust.normal_origins);
        let variance = variance(errors);
        let mut scaled: Vec<f64> = errors
            .iter()
            .flat_map(|path| {
                path.iter()
                    .enumerate()
                    .map(|(step, error)| error / scale(variance, step))
            })
            .filter(|error| error.is_finite())
            .collect();
        scaled.sort_unstable_by(f64::total_cmp);
        Self {
            narrow: Tails::new(&scaled, SHARES[0], NORMAL[0], seen),
            wide: Tails::new(&scaled, SHARES[1], NORMAL[1], seen),
            variance,
            widening: trust.widening / origins,
        }
    }

    pub(crate) fn band(&self, mean: f64, step: usize) -> Band {
        let widening = (1.0 + self.widening * count(step + 1)).sqrt();
        let unit = widening * scale(self.variance, step);
        Band::ordered(
            mean,
            self.narrow.around(mean, unit),
            self.wide.around(mean, unit),
        )
    }
}

impl Tails {
    fn new(sorted: &[f64], share: f64, normal: (f64, f64), seen: f64) -> Self {
        let mirrored: Vec<f64> = sorted.iter().rev().map(|error| -error).collect();
        let mixed = |errors: &[f64], part: f64, normal: f64| {
            seen * quantile(errors, part) + (1.0 - seen) * normal
        };
        let inside = f64::midpoint(1.0, share);
        Self {
            lower: -mixed(&mirrored, inside, normal.0),
            upper: mixed(sorted, inside, normal.0),
            upper_alone: mixed(sorted, share, normal.1),
        }
    }

    /// Nothing is sold less often than never: where the lower end would be below 0, all that is left out is above the upper.
    fn around(&self, mean: f64, unit: f64) -> (f64, f64) {
        let lower = mean + unit * self.lower;
        if lower > 0.0 {
            (lower, mean + unit * self.upper)
        } else {
            (0.0, mean + unit * self.upper_alone)
        }
    }
}

impl Band {
    /// Makes sense of whatever comes: numbers that are not finite become 0, and ends that cross the mean end there.
    pub(crate) fn ordered(mean: f64, narrow: (f64, f64), wide: (f64, f64)) -> Self {
        let mean = sane(mean);
        let (lower80, upper80) = (sane(narrow.0).min(mean), sane(narrow.1).max(mean));
        Self {
            mean,
            lower80,
            upper80,
            lower95: sane(wide.0).min(lower80),
            upper95: sane(wide.1).max(upper80),
        }
    }
}

/// The line through the mean squares of each step's errors, never falling.
fn variance(errors: &Paths) -> (f64, f64) {
    let steps = errors.iter().map(Vec::len).max().unwrap_or(0);
    let squares: Vec<(f64, f64, f64)> = (0..steps)
        .map(|step| {
            let of_step = errors.iter().filter_map(|path| path.get(step));
            let weight = count(of_step.clone().count());
            (
                count(step),
                weight,
                mean(of_step.map(|error| error * error)),
            )
        })
        .collect();
    let weights: f64 = squares.iter().map(|(_, weight, _)| weight).sum();
    if weights <= 0.0 {
        return (0.0, 0.0);
    }
    let middle = squares
        .iter()
        .map(|(step, weight, _)| step * weight)
        .sum::<f64>()
        / weights;
    let centre = squares
        .iter()
        .map(|(_, weight, square)| square * weight)
        .sum::<f64>()
        / weights;
    let both: f64 = squares
        .iter()
        .map(|(step, weight, square)| weight * (step - middle) * (square - centre))
        .sum();
    let own: f64 = squares
        .iter()
        .map(|(step, weight, _)| weight * (step - middle).powi(2))
        .sum();
    let slope = if own > 0.0 {
        (both / own).max(0.0)
    } else {
        0.0
    };
    let start = centre - slope * middle;
    if start > 0.0 {
        return (start, slope);
    }
    // Through the first step's own mean square instead.
    let first = squares.first().map_or(0.0, |(_, _, square)| *square);
    (
        first,
        if middle > 0.0 {
            ((centre - first) / middle).max(0.0)
        } else {
            0.0
        },
    )
}

fn scale((first, growth): (f64, f64), step: usize) -> f64 {
    (first + growth * count(step)).sqrt()
}

/// Finite and at least 0.
fn sane(number: f64) -> f64 {
    if number.is_finite() {
        number.max(0.0)
    } else {
        0.0
    }
}
