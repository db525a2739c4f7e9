//! The methods, as filters: each observes one value after the other, and says at any time what is ahead.

mod damped;
mod intermittent;
mod simple;
mod smoothing;
mod theta;

use damped::Damped;
use intermittent::{Aggregated, Croston, Tsb};
use simple::{Recent, Repeat};
use smoothing::Smoothing;
use theta::Theta;

/// One with its parameters set.
pub(crate) trait Filter {
    fn observe(&mut self, value: f64);

    /// What is expected `steps` after what was observed last, 1 for the next. Without an observation: whatever it starts from.
    fn ahead(&self, steps: usize) -> f64;
}

/// A way to forecast a series that has no season, or was freed of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// Sums over stretches of the usual interval between sales, smoothed: ADIDA (Nikolopoulos et al. 2011).
    Aggregated,
    /// Sizes and intervals smoothed apart, corrected for bias: Croston (1972) in the form of Syntetos and Boylan (2005).
    Croston,
    /// A level and a trend that fades: Gardner and McKenzie (1985).
    Damped,
    /// A level and a trend: Holt (1957).
    Holt,
    /// The mean of the last third.
    Mean,
    /// The last value.
    Naive,
    /// The values one season ago.
    SeasonalNaive,
    /// A level that follows each value by a tenth of the difference.
    SlowSmoothing,
    /// A level that follows each value by the share that fitted best: Brown (1956).
    Smoothing,
    /// Half of the long trend on a smoothed level: Assimakopoulos and Nikolopoulos (2000).
    Theta,
    /// Sizes and the probability of a sale smoothed apart: Teunter, Syntetos and Babai (2011).
    Tsb,
}

impl Method {
    /// For demand that comes every day or nearly.
    pub(crate) const STEADY: [Self; 7] = [
        Self::Damped,
        Self::Theta,
        Self::Smoothing,
        Self::Holt,
        Self::SeasonalNaive,
        Self::Naive,
        Self::Mean,
    ];

    /// For demand with many days without any.
    pub(crate) const INTERMITTENT: [Self; 5] = [
        Self::Mean,
        Self::SlowSmoothing,
        Self::Aggregated,
        Self::Tsb,
        Self::Croston,
    ];

    /// As in the documentation and in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Aggregated => "adida",
            Self::Croston => "croston-sba",
            Self::Damped => "damped-trend",
            Self::Holt => "holt",
            Self::Mean => "mean",
            Self::Naive => "naive",
            Self::SeasonalNaive => "seasonal-naive",
            Self::SlowSmoothing => "slow-smoothing",
            Self::Smoothing => "smoothing",
            Self::Theta => "theta",
            Self::Tsb => "tsb",
        }
    }

    /// Its parameters set to what suits a history best; nothing is observed yet.
    pub(crate) fn fit(self, history: &[f64], period: usize) -> Box<dyn Filter> {
        match self {
            Self::Aggregated => Box::new(Aggregated::fit(history)),
            Self::Croston => Box::new(Croston::fit(history)),
            Self::Damped => Box::new(Damped::fit(history)),
            Self::Holt => Box::new(Damped::fit_lasting(history)),
            Self::Mean => Box::new(Recent::new(history.len() / 3)),
            Self::Naive => Box::new(Repeat::new(1)),
            Self::SeasonalNaive => Box::new(Repeat::new(period)),
            Self::SlowSmoothing => Box::new(Smoothing::slow(history)),
            Self::Smoothing => Box::new(Smoothing::fit(history)),
            Self::Theta => Box::new(Theta::fit(history)),
            Self::Tsb => Box::new(Tsb::fit(history)),
        }
    }
}

/// Of all forecasts one step ahead.
fn squared_error(mut filter: impl Filter, history: &[f64]) -> f64 {
    let mut sum = 0.0;
    for &value in history {
        sum += (value - filter.ahead(1)).powi(2);
        filter.observe(value);
    }
    sum
}
