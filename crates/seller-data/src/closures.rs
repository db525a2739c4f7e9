//! Days on which a shop did not trade, though it usually does on that day of the week.
//!
//! What was not offered could not be sold: to a forecast such a day is a gap, not a fall of demand. And what was closed at this
//! time of the year before will be again.

use jiff::{Span, civil};

use crate::date::Date;

/// From this share of its days with trade on, a day of the week is one on which the shop trades.
const TRADING_MIN: f64 = 0.9;

/// Whether a day of the year before decides alone: only if it was one of so many in a row.
const ROW_MIN: usize = 2;

const WEEK: usize = 7;

/// The closed days of a shop's history.
#[derive(Debug)]
pub(crate) struct Closures {
    first: i64,
    /// By day from the first on.
    traded: Vec<bool>,
    closed: Vec<bool>,
}

impl Closures {
    /// `traded` says for each day from `first` on whether anything was sold.
    pub(crate) fn of(traded: Vec<bool>, first: i64) -> Self {
        let is_trading: Vec<bool> = (0..WEEK)
            .map(|place| {
                let days = traded.iter().skip(place).step_by(WEEK);
                let (mut sold, mut all) = (0.0, 0.0);
                for &traded in days {
                    sold += f64::from(u8::from(traded));
                    all += 1.0;
                }
                sold >= TRADING_MIN * all
            })
            .collect();
        let closed = traded.iter().enumerate();
        let closed = closed
            .map(|(day, traded)| !traded && is_trading[day % WEEK])
            .collect();
        Self {
            first,
            traded,
            closed,
        }
    }

    /// Whether a day of the history was closed.
    pub(crate) fn was(&self, day: i64) -> bool {
        self.at(day).is_some_and(|at| self.closed[at])
    }

    /// Whether a day to come will be: its date was closed in each year that is known, and either there are two of those or it was
    /// no single day.
    pub(crate) fn will_be(&self, day: i64) -> bool {
        let date = Date::from_epoch_days(day).civil();
        let before: Vec<usize> = (1..)
            .map_while(|years| self.at(years_before(date, years)?))
            .collect();
        let all_closed = before.iter().all(|&at| self.closed[at]);
        let in_a_row = before.iter().any(|&at| self.row(at) >= ROW_MIN);
        !before.is_empty() && all_closed && (before.len() > 1 || in_a_row)
    }

    fn at(&self, day: i64) -> Option<usize> {
        usize::try_from(day - self.first)
            .ok()
            .filter(|&at| at < self.closed.len())
    }

    /// How many closed days there are in a row around one of them. Days of the week that never trade do not end it.
    fn row(&self, at: usize) -> usize {
        let idle = |day: &usize| !self.traded[*day];
        let around = (at..self.traded.len())
            .take_while(idle)
            .chain((0..at).rev().take_while(idle));
        around.filter(|&day| self.closed[day]).count()
    }
}

/// `None` for 29 February in most years.
fn years_before(date: civil::Date, years: i64) -> Option<i64> {
    let earlier = date.checked_sub(Span::new().try_years(years).ok()?).ok()?;
    (earlier.day() == date.day()).then(|| Date::from_civil(earlier).epoch_days())
}

#[cfg(test)]
mod tests {
    use super::Closures;
    use crate::date::Date;

    fn day(text: &str) -> i64 {
        text.parse::<Date>().unwrap().epoch_days()
    }

    /// Trades from Monday to Saturday, but not on the days given.
    fn shop(first: &str, last: &str, closed: &[&str]) -> Closures {
        let (first, last) = (day(first), day(last));
        let closed: Vec<i64> = closed.iter().map(|text| day(text)).collect();
        let traded: Vec<bool> = (first..=last)
            .map(|day| Date::from_epoch_days(day).weekday() < 6 && !closed.contains(&day))
            .collect();
        Closures::of(traded, first)
    }

    #[test]
    fn a_day_without_trade_is_closed_unless_it_always_is() {
        let closures = shop("2010-01-01", "2010-12-31", &["2010-05-03", "2010-12-24"]);
        assert!(closures.was(day("2010-05-03")) && closures.was(day("2010-12-24")));
        assert!(
            !closures.was(day("2010-05-04")) && !closures.was(day("2010-05-02")),
            "a Sunday"
        );
        assert!(!closures.was(day("2011-05-03")));
    }

    #[test]
    fn holidays_come_again_and_accidents_do_not() {
        let once = shop(
            "2010-01-01",
            "2010-12-31",
            &["2010-12-24", "2010-12-27", "2010-12-28", "2010-05-03"],
        );
        assert!(once.will_be(day("2011-12-27")) && once.will_be(day("2011-12-28")));
        assert!(!once.will_be(day("2011-05-03")), "a single day of one year");
        assert!(!once.will_be(day("2011-12-29")));
        let around_a_sunday = shop("2010-01-01", "2010-12-31", &["2010-08-28", "2010-08-30"]);
        assert!(around_a_sunday.will_be(day("2011-08-30")));
        let twice = shop(
            "2009-01-01",
            "2010-12-31",
            &["2009-12-24", "2010-12-24", "2009-12-28", "2009-12-29"],
        );
        assert!(
            twice.will_be(day("2011-12-24")),
            "a single day of two years"
        );
        assert!(!twice.will_be(day("2011-12-28")), "it was open in 2010");
        assert!(!twice.will_be(day("2012-02-29")));
    }
}
