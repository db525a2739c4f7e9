//! The models, from the most to the least demanding of history.

use augurs::{
    Fit, Predict,
    ets::{AutoETS, trend::AutoETSTrendModel},
    mstl::MSTLModel,
};

/// Demand of shops repeats by the week.
pub(super) const SEASON: usize = 7;

/// What MSTL and ETS need to find a week and a course.
const MSTL_MIN: usize = 4 * SEASON;

/// With a greater share of idle days, a course found is an accident.
const IDLE_MAX_PERCENT: usize = 70;

/// How much history the mean of an irregular demand looks at, in days.
const MEAN_SPAN: usize = 56;

/// Half the width of the bands in standard deviations: 80 % and 95 % of a normal distribution.
const WIDTHS: (f64, f64) = (1.281_552, 1.959_964);

/// A forecast and the model that made it.
#[derive(Clone, Debug)]
pub(crate) struct Forecast {
    pub(crate) model: &'static str,
    pub(crate) days: Vec<Band>,
}

/// One day: 0 ≤ lower95 ≤ lower80 ≤ mean ≤ upper80 ≤ upper95, three decimals, finite.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Band {
    pub(crate) mean: f64,
    pub(crate) lower80: f64,
    pub(crate) upper80: f64,
    pub(crate) lower95: f64,
    pub(crate) upper95: f64,
}

impl Band {
    /// Half-widths that make no sense count as zero.
    fn around(mean: f64, half80: f64, half95: f64) -> Self {
        let half80 = sane(half80);
        let half95 = sane(half95).max(half80);
        Self {
            mean: sane(mean),
            lower80: sane(mean - half80),
            upper80: sane(mean + half80),
            lower95: sane(mean - half95),
            upper95: sane(mean + half95),
        }
    }
}

/// Forecasts `horizon` days after a history of one value per day. Takes milliseconds to tenths of
/// a second: not for an async thread.
pub(crate) fn predict(history: &[f64], horizon: usize) -> Forecast {
    let idle = history.iter().filter(|&&units| units == 0.0).count();
    if idle == history.len() {
        return Forecast {
            model: "none",
            days: vec![Band::default(); horizon],
        };
    }
    // ETS searches long, and in vain, for the course of a constant series.
    let is_constant = history
        .windows(2)
        .all(|pair| pair[0].total_cmp(&pair[1]).is_eq());
    let is_irregular = idle * 100 > history.len() * IDLE_MAX_PERCENT;
    if history.len() < 2 * SEASON || is_constant || is_irregular {
        return mean(history, horizon);
    }
    if history.len() < MSTL_MIN {
        return seasonal_naive(history, horizon);
    }
    mstl_ets(history, horizon).unwrap_or_else(|| seasonal_naive(history, horizon))
}

fn mstl_ets(history: &[f64], horizon: usize) -> Option<Forecast> {
    let trend = AutoETSTrendModel::from(AutoETS::non_seasonal());
    let fitted = MSTLModel::new(vec![SEASON], trend).fit(history).ok()?;
    let narrow = fitted.predict(horizon, 0.80).ok()?;
    let wide = fitted.predict(horizon, 0.95).ok()?;
    let shown = fitted.predict_in_sample(None).ok()?;
    let spread = deviation(
        history
            .iter()
            .zip(&shown.point)
            .map(|(actual, fit)| actual - fit),
    );
    let (narrow_bands, wide_bands) = (narrow.intervals?, wide.intervals?);
    let mut days = Vec::with_capacity(horizon);
    for day in 0..horizon {
        let mean = *narrow.point.get(day)?;
        if !mean.is_finite() {
            return None;
        }
        // The bands of the trend model leave out what neither trend nor week explains.
        let half80 = (narrow_bands.upper.get(day)? - mean).max(WIDTHS.0 * spread);
        let half95 = (wide_bands.upper.get(day)? - mean).max(WIDTHS.1 * spread);
        days.push(Band::around(mean, half80, half95));
    }
    Some(Forecast {
        model: "mstl-ets",
        days,
    })
}

fn seasonal_naive(history: &[f64], horizon: usize) -> Forecast {
    let week = &history[history.len() - SEASON..];
    let spread = deviation(
        history
            .iter()
            .skip(SEASON)
            .zip(history)
            .map(|(now, then)| now - then),
    );
    let mut weeks = 0.0;
    let mut days = Vec::with_capacity(horizon);
    for day in 0..horizon {
        if day % SEASON == 0 {
            weeks += 1.0;
        }
        let wide = spread * f64::sqrt(weeks);
        days.push(Band::around(
            week[day % SEASON],
            WIDTHS.0 * wide,
            WIDTHS.1 * wide,
        ));
    }
    Forecast {
        model: "seasonal-naive",
        days,
    }
}

fn mean(history: &[f64], horizon: usize) -> Forecast {
    let recent = &history[history.len().saturating_sub(MEAN_SPAN)..];
    let mean = average(recent.iter().copied());
    let spread = deviation(recent.iter().map(|units| units - mean));
    let band = Band::around(mean, WIDTHS.0 * spread, WIDTHS.1 * spread);
    Forecast {
        model: "mean",
        days: vec![band; horizon],
    }
}

/// The root of the mean square.
fn deviation(errors: impl Iterator<Item = f64>) -> f64 {
    sane(
        average(
            errors
                .filter(|error| error.is_finite())
                .map(|error| error * error),
        )
        .sqrt(),
    )
}

/// The mean; 0 of nothing.
pub(super) fn average(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for number in numbers {
        sum += number;
        count += 1.0;
    }
    if count > 0.0 { sum / count } else { 0.0 }
}

/// Finite, at least 0, three decimals.
fn sane(number: f64) -> f64 {
    if number.is_finite() {
        (number.clamp(0.0, 1e12) * 1000.0).round() / 1000.0
    } else {
        0.0
    }
}
