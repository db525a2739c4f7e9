//! Days of the week on which nothing is ever sold.

use crate::numbers::count;

/// A place without any demand is closed if that would be a rarer accident than this, were it like the others.
const ACCIDENT_MAX: f64 = 0.001;

/// Which places of a season are open.
#[derive(Debug)]
pub(crate) struct Openings {
    places: Vec<bool>,
    /// How many days the history has.
    days: usize,
}

impl Openings {
    pub(crate) fn of(history: &[f64], period: usize) -> Self {
        let days_of = |place: usize| history.iter().skip(place).step_by(period);
        let sold = count(history.iter().filter(|&&units| units > 0.0).count());
        let is_open = |place: usize| {
            let days = count(days_of(place).count());
            let share_elsewhere = sold / (count(history.len()) - days).max(1.0);
            days_of(place).any(|&units| units > 0.0)
                || (1.0 - share_elsewhere).powf(days) > ACCIDENT_MAX
        };
        let places: Vec<bool> = (0..period).map(is_open).collect();
        let is_any_open = places.contains(&true);
        Self {
            places: if is_any_open { places } else { vec![true] },
            days: history.len(),
        }
    }

    fn is_open(&self, day: usize) -> bool {
        self.places[day % self.places.len()]
    }

    /// How long a season is without the closed places.
    pub(crate) fn period(&self, period: usize) -> usize {
        let closed = self.places.iter().filter(|open| !**open).count();
        (period - closed).max(1)
    }

    /// The open days of the history.
    pub(crate) fn kept(&self, history: &[f64]) -> Vec<f64> {
        let days = history
            .iter()
            .enumerate()
            .filter(|&(day, _)| self.is_open(day));
        days.map(|(_, &units)| units).collect()
    }

    /// For each step after the history, how many open days have passed by then, or `None` if it is closed.
    pub(crate) fn steps(&self, horizon: usize) -> Vec<Option<usize>> {
        let mut passed = 0;
        (0..horizon)
            .map(|step| {
                self.is_open(self.days + step).then(|| {
                    passed += 1;
                    passed - 1
                })
            })
            .collect()
    }
}
