//! When customers buy.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::json;

use super::{
    super::sentence::{Named, money, tenths, whole},
    facts::{Facts, WEEKS_MAX},
    observation::{Observation, Weight, count, share},
};
use crate::{date::Date, shop::time_zone};

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// How much better than the others the best day is at least, in per cent.
const ABOVE_MIN_PERCENT: f64 = 15.0;

/// Of fewer weeks no day is the best.
const WEEKS_MIN: i64 = 8;

/// How many hours in a row are looked for, and the share of orders in them, in per cent, from which they are told: of a day of twelve
/// hours, three are 25.
const HOURS: usize = 3;
const HOURS_MIN_PERCENT: f64 = 35.0;

/// Fewer orders have no favourite hour.
const ORDERS_MIN: i64 = 100;

/// The weekday that is best in most weeks.
pub(super) fn weekday(facts: &Facts) -> Option<Observation> {
    let weeks = ((facts.last - facts.first_day) / 7).min(i64::from(WEEKS_MAX));
    if weeks < WEEKS_MIN {
        return None;
    }
    let first = facts.last - 7 * weeks;
    let orders = |day: i64| facts.days.get(&day).map_or(0, |figures| figures.orders);
    let weekday = |day: i64| Date::from_epoch_days(day).weekday();
    let mut sums = [0_i64; 7];
    (first..facts.last).for_each(|day| sums[weekday(day)] += orders(day));
    let best = (0..7).max_by_key(|&weekday| sums[weekday])?;
    let others = sums.iter().filter(|&&sum| sum > 0).count().checked_sub(1)?;
    let others = i64::try_from(others).ok().filter(|others| *others >= 3)?;
    let total: i64 = sums.iter().sum();
    let above = 100.0 * (count(sums[best]) * count(others) / count(total - sums[best]) - 1.0);
    let weeks_above = (0..weeks).filter(|week| {
        let days = || (first + 7 * week)..(first + 7 * week + 7);
        let of_best: i64 = days().filter(|&day| weekday(day) == best).map(orders).sum();
        let of_week: i64 = days().map(orders).sum();
        of_best * others > of_week - of_best
    });
    let weeks_above = i64::try_from(weeks_above.count()).ok()?;
    if above < ABOVE_MIN_PERCENT {
        return None;
    }
    let days = facts.days.range(first..facts.last);
    let of_best = days.filter(|(day, _)| weekday(**day) == best);
    let gross: i64 = of_best.map(|(_, figures)| figures.gross).sum();
    // One of so many days is above the others by chance, and it is the best that is looked at.
    let chance =
        count(others + 1) * alarms::binomial_reaches(count(weeks_above), count(weeks), 0.5);
    let figures = Named::new([
        ("weekday", json!(WEEKDAYS[best])),
        ("average", money(gross / weeks)),
        ("above_percent", tenths(above)),
        ("weeks_above", json!(weeks_above)),
        ("weeks", json!(weeks)),
    ]);
    Some(Observation {
        id: "best_weekday",
        template: "{weekday} is the best day: {above_percent} % more orders than on other days with trade, and more in {weeks_above} of \
                   {weeks} weeks. It brings {average} on average.",
        figures,
        weight: Weight {
            effect: above / 100.0,
            confidence: 1.0 - chance,
            money: share(sums[best], total),
        },
    })
}

/// The three hours in a row in which most orders come.
pub(super) fn hours(facts: &Facts) -> Option<Observation> {
    let zone = time_zone(&facts.timezone).ok()?;
    let mut placed: HashMap<&str, i64> = HashMap::new();
    for line in &facts.lines {
        let at = placed.entry(&line.invoice).or_insert(line.instant);
        *at = line.instant.min(*at);
    }
    // A quarter of an hour is in one hour of any time zone, and there are few of them.
    let mut quarters: BTreeMap<i64, i64> = BTreeMap::new();
    for instant in placed.into_values() {
        *quarters.entry(instant.div_euclid(900_000)).or_default() += 1;
    }
    let mut by_hour = [0_i64; 24];
    for (quarter, orders) in quarters {
        let at = Timestamp::from_millisecond(quarter * 900_000).ok()?;
        let hour = usize::try_from(at.to_zoned(zone.clone()).hour()).ok()?;
        by_hour[hour] += orders;
    }
    let orders: i64 = by_hour.iter().sum();
    let within = |from: usize| by_hour[from..from + HOURS].iter().sum::<i64>();
    let from = (0..=24 - HOURS).max_by_key(|&from| within(from))?;
    let percent = 100.0 * share(within(from), orders);
    if orders < ORDERS_MIN || percent < HOURS_MIN_PERCENT {
        return None;
    }
    let first = facts.lines.iter().map(|line| line.day).min()?;
    let figures = Named::new([
        ("from", json!(format!("{from}:00"))),
        ("to", json!(format!("{}:00", from + HOURS))),
        ("share_percent", tenths(percent)),
        ("orders", json!(orders)),
        ("days", whole(count(facts.last - first + 1))),
    ]);
    Some(Observation {
        id: "best_hours",
        template: "{share_percent} % of the {orders} orders of the last {days} days came between {from} and {to}.",
        figures,
        weight: Weight {
            effect: percent / 100.0,
            confidence: 1.0 - alarms::binomial_reaches(count(within(from)), count(orders), 0.25),
            money: percent / 100.0,
        },
    })
}
