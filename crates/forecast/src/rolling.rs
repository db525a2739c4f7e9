//! What a method would have said on earlier days: validation by rolling origin (Tashman 2000).
//!
//! Parameters and season are of the days before the first origin. From there on each origin adds one day to what was observed,
//! so that many origins cost little more than one.

use crate::{method::Method, numbers::mean, season::Profile};

/// Fewer origins say little of rare errors, however short the horizon.
const ORIGINS_MIN: usize = 40;

/// At most so many origins: more cost time, and tell of times long gone.
const ORIGINS_MAX: usize = 100;

/// The days that forecasts are tested on, the newest of a history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial<'a> {
    history: &'a [f64],
    period: usize,
    horizon: usize,
    /// How many days come before the first origin.
    shown: usize,
}

/// Forecasts, by origin and by step.
pub(crate) type Paths = Vec<Vec<f64>>;

impl<'a> Trial<'a> {
    /// A third of the history, or less: three times what is asked for, or what repeats.
    pub(crate) fn new(history: &'a [f64], period: usize, horizon: usize) -> Self {
        let wanted = (3 * horizon.max(period)).clamp(ORIGINS_MIN, ORIGINS_MAX);
        let origins = wanted.min(history.len() / 3);
        Self {
            history,
            period,
            horizon,
            shown: history.len() - origins,
        }
    }

    pub(crate) fn origins(&self) -> usize {
        self.history.len() - self.shown
    }

    /// What each method would have said.
    pub(crate) fn paths(&self, methods: &[Method]) -> Vec<Paths> {
        let profile = Profile::of(&self.history[..self.shown], self.period);
        let course = profile.adjusted(self.history);
        methods
            .iter()
            .map(|&method| self.paths_of(method, &profile, &course))
            .collect()
    }

    fn paths_of(&self, method: Method, profile: &Profile, course: &[f64]) -> Paths {
        let (shown, hidden) = course.split_at(self.shown);
        let mut filter = method.fit(shown, self.period);
        shown.iter().for_each(|&value| filter.observe(value));
        let mut paths = Paths::with_capacity(hidden.len());
        for (origin, &value) in (self.shown..).zip(hidden) {
            let steps = self.horizon.min(self.history.len() - origin);
            paths.push(
                (0..steps)
                    .map(|step| (filter.ahead(step + 1) * profile.factor(origin + step)).max(0.0))
                    .collect(),
            );
            filter.observe(value);
        }
        paths
    }

    /// What came less what was said.
    pub(crate) fn errors(&self, paths: &Paths) -> Paths {
        let origins = paths.iter().zip(self.shown..);
        origins
            .map(|(path, origin)| {
                path.iter()
                    .zip(&self.history[origin..])
                    .map(|(said, came)| came - said)
                    .collect()
            })
            .collect()
    }

    /// The mean absolute error of repeating the season before, within the days before the first origin.
    pub(crate) fn naive_error(&self) -> f64 {
        let shown = &self.history[..self.shown];
        let before = shown.iter().zip(shown.iter().skip(self.period));
        mean(before.map(|(then, now)| (now - then).abs()))
    }

    pub(crate) fn mean_square(&self, paths: &Paths) -> f64 {
        mean(
            self.errors(paths)
                .iter()
                .flatten()
                .map(|error| error * error),
        )
    }
}

/// What several methods say on average.
pub(crate) fn averaged(paths: &[&Paths]) -> Paths {
    let Some(first) = paths.first() else {
        return Paths::new();
    };
    let one = |origin: usize, step: usize| mean(paths.iter().map(|paths| paths[origin][step]));
    first
        .iter()
        .enumerate()
        .map(|(origin, path)| (0..path.len()).map(|step| one(origin, step)).collect())
        .collect()
}
