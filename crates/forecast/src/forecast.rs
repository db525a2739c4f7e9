//! From a history to bands.

use crate::{
    backtest::Backtest,
    bands::{Band, Errors, Trust},
    method::Method,
    numbers::{count, mean},
    open::Openings,
    rolling::{Trial, averaged},
    season::Profile,
    shift::level_begin,
    short, total,
};

/// How much of a history is looked at: its newest values.
pub const HISTORY_MAX: usize = 3_000;

/// With so many days or fewer nothing can be tested, and the mean is all there is.
pub const SHORT_MAX: usize = 13;

/// What is asked for at most.
const HORIZON_MAX: usize = 366;

/// More than so much is not demand, and would overflow sums of squares.
const UNITS_MAX: f64 = 1e12;

/// From so many open days for each with demand on, demand is intermittent (Syntetos, Boylan & Croston 2005).
const INTERVAL_MIN: f64 = 1.32;

/// A forecast, what made it, and how good that was.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// What is averaged. Empty when nothing was sold; [`Method::Mean`] alone for a short history.
    pub methods: Vec<Method>,
    /// One for each step.
    pub bands: Vec<Band>,
    /// How far off the sum of all steps may be: the root mean square of what such sums were off.
    pub deviation: f64,
    /// `None` for a history that is too short to hide a part of it.
    pub backtest: Option<Backtest>,
    /// What is to be known of it.
    pub notes: Vec<Note>,
}

/// Something that a reader of a forecast should be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Note {
    /// Nothing is sold on many days: the mean says what to expect in sum, not on one day.
    Intermittent,
    /// The level jumped, and what was before was left out.
    LevelShift,
    /// Nothing was sold in all of the history.
    NoDemand,
    /// There are [`SHORT_MAX`] days or fewer: the bands are a guess.
    ShortHistory,
}

impl Note {
    /// As in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Intermittent => "intermittent",
            Self::LevelShift => "level-shift",
            Self::NoDemand => "no-demand",
            Self::ShortHistory => "short-history",
        }
    }
}

/// Forecasts `horizon` steps (1 to 366) after a history that may repeat itself every `period` steps (1 for none).
///
/// A number that is not finite is a gap; one below 0 counts as 0. Takes some milliseconds for two years of days, most of it to fit
/// candidates: not for an async thread.
#[must_use]
pub fn forecast(history: &[f64], period: usize, horizon: usize) -> Forecast {
    let newest = &history[history.len().saturating_sub(HISTORY_MAX)..];
    let (period, horizon) = (period.max(1), horizon.clamp(1, HORIZON_MAX));
    let cleaned = cleaned(newest, period);
    let openings = Openings::of(&cleaned, period);
    let kept = openings.kept(&cleaned);
    let steps = openings.steps(horizon);
    let open_steps = steps.iter().flatten().count().max(1);
    let mut forecast = of_open_days(&kept, openings.period(period), open_steps);
    let band = |step: &Option<usize>| {
        step.and_then(|step| forecast.bands.get(step).copied())
            .unwrap_or_default()
    };
    forecast.bands = steps.iter().map(band).collect();
    forecast
}

fn of_open_days(history: &[f64], period: usize, horizon: usize) -> Forecast {
    let sold = history.iter().filter(|&&units| units > 0.0).count();
    if sold == 0 {
        return Forecast {
            methods: Vec::new(),
            bands: vec![Band::default(); horizon],
            deviation: 0.0,
            backtest: None,
            notes: if history.len() > SHORT_MAX {
                vec![Note::NoDemand]
            } else {
                vec![Note::NoDemand, Note::ShortHistory]
            },
        };
    }
    if history.len() <= SHORT_MAX {
        return Forecast {
            methods: vec![Method::Mean],
            bands: vec![short::band(history); horizon],
            deviation: short::deviation(history, horizon),
            backtest: None,
            notes: vec![Note::ShortHistory],
        };
    }
    if count(history.len()) >= INTERVAL_MIN * count(sold) {
        let mut forecast = tested(
            history,
            1,
            horizon,
            &Method::INTERMITTENT,
            Trust::INTERMITTENT,
        );
        forecast.notes.push(Note::Intermittent);
        return forecast;
    }
    let course = Profile::of(history, period).adjusted(history);
    let begin = level_begin(&course, SHORT_MAX.max(2 * period) + 1);
    let mut forecast = tested(
        &history[begin..],
        period,
        horizon,
        &Method::STEADY,
        Trust::STEADY,
    );
    if begin > 0 {
        forecast.notes.push(Note::LevelShift);
    }
    forecast
}

/// The first two candidates and the best one, on average.
fn tested(
    history: &[f64],
    period: usize,
    horizon: usize,
    candidates: &[Method],
    trust: Trust,
) -> Forecast {
    let trial = Trial::new(history, period, horizon);
    let paths = trial.paths(candidates);
    let error = |&candidate: &usize| trial.mean_square(&paths[candidate]);
    let best = (0..candidates.len()).min_by(|left, right| error(left).total_cmp(&error(right)));
    let combined = [0, 1, best.unwrap_or(0)];
    let said = averaged(&combined.map(|candidate| &paths[candidate]));
    let paths = trial.errors(&said);
    let errors = Errors::new(&paths, trust);
    let methods = combined.map(|candidate| candidates[candidate]);
    let means = ahead(history, period, horizon, &methods);
    let mut named = methods.to_vec();
    named.dedup();
    if named.len() == 3 && named[0] == named[2] {
        named.pop();
    }
    Forecast {
        methods: named,
        bands: means
            .iter()
            .enumerate()
            .map(|(step, &mean)| errors.band(mean, step))
            .collect(),
        deviation: total::deviation(&paths, horizon, trust),
        backtest: Some(Backtest::new(&trial, &said)),
        notes: Vec::new(),
    }
}

fn ahead(history: &[f64], period: usize, horizon: usize, methods: &[Method]) -> Vec<f64> {
    let profile = Profile::of(history, period);
    let course = profile.adjusted(history);
    let filters = methods.iter().map(|method| {
        let mut filter = method.fit(&course, period);
        course.iter().for_each(|&value| filter.observe(value));
        filter
    });
    let filters: Vec<_> = filters.collect();
    let at = |step: usize| {
        let factor = profile.factor(history.len() + step);
        mean(
            filters
                .iter()
                .map(|filter| (filter.ahead(step + 1) * factor).max(0.0)),
        )
    };
    (0..horizon).map(at).collect()
}

/// Gaps filled with what was sold one season before, or else before.
fn cleaned(history: &[f64], period: usize) -> Vec<f64> {
    let first = history
        .iter()
        .copied()
        .find(|units| units.is_finite())
        .unwrap_or(0.0);
    let mut cleaned: Vec<f64> = Vec::with_capacity(history.len());
    for (day, &units) in history.iter().enumerate() {
        let filled = if units.is_finite() {
            units
        } else if day >= period {
            cleaned[day - period]
        } else {
            cleaned.last().copied().unwrap_or(first)
        };
        cleaned.push(filled.clamp(0.0, UNITS_MAX));
    }
    cleaned
}
