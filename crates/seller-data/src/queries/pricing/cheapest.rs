//! When a seller is cheapest.

use super::{
    super::market::Offer,
    course::{Course, Span, Window},
};
use crate::{
    date::Date,
    money::Money,
    payload::{CheapestDays, Weekday},
};

/// Fewer whole weeks than this show no habit.
const WEEKS_MIN: usize = 4;

const WEEKDAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// `None` if no price was known and comparable on any day of the window.
pub(super) fn cheapest_days(
    course: &Course,
    window: Window,
    leading_days: i64,
) -> Option<CheapestDays> {
    let priced = || {
        let offered = |span: &Span| span.offer.map(|offer| (*span, offer));
        course.spans.iter().filter_map(offered)
    };
    let (_, lowest) = priced().min_by(|(_, a), (_, b)| a.cmp_value(b))?;
    let low = priced().filter(|(_, offer)| offer.cmp_value(&lowest).is_eq());
    let low: Vec<Span> = low.map(|(span, _)| span).collect();
    let newest = low.last()?;
    // Where it was seen again at the same price, the span before ends on the day before.
    let run = low
        .windows(2)
        .rev()
        .take_while(|pair| pair[0].last + 1 == pair[1].first);
    let from = run.last().map_or(newest.first, |pair| pair[0].first);
    let weeks = weeks(course, window);
    Some(CheapestDays {
        price: Money::from_units(newest.price),
        unit_price: lowest.pack.map(|_| Money::from_units(lowest.unit_price())),
        from: Date::from_epoch_days(from),
        until: Date::from_epoch_days(newest.last),
        days: low.iter().map(|span| span.last - span.first + 1).sum(),
        weekdays: habit(&weeks),
        leading_days,
    })
}

/// The prices of every week from Monday to Sunday in which all are known.
fn weeks(course: &Course, window: Window) -> Vec<[Offer; 7]> {
    let to_monday = 7 - Date::from_epoch_days(window.first - 1).weekday() - 1;
    let first = window.first + i64::try_from(to_monday).unwrap_or(0);
    let mut weeks = Vec::new();
    let mut monday = first;
    while monday + 6 <= window.last {
        let days: Option<Vec<Offer>> = (monday..monday + 7)
            .map(|day| course.offer_on(day))
            .collect();
        weeks.extend(days.and_then(|days| <[Offer; 7]>::try_from(days).ok()));
        monday += 7;
    }
    weeks
}

/// The days that were below others of their week in more than half of all weeks.
fn habit(weeks: &[[Offer; 7]]) -> Vec<Weekday> {
    let is_low = |week: &[Offer; 7], at: usize| {
        let day = &week[at];
        let is_above = |other: &Offer| other.cmp_value(day).is_gt();
        let is_below = |other: &Offer| other.cmp_value(day).is_lt();
        week.iter().any(is_above) && !week.iter().any(is_below)
    };
    let often = |at: usize| weeks.iter().filter(|week| is_low(week, at)).count() * 2 > weeks.len();
    let days: Vec<usize> = (0..7).filter(|&at| often(at)).collect();
    if weeks.len() < WEEKS_MIN || days.len() == 7 {
        return Vec::new();
    }
    days.into_iter().map(|at| WEEKDAYS[at]).collect()
}
