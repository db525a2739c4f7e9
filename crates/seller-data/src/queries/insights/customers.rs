//! Who buys: new customers or known ones.

use serde_json::json;

use super::{
    super::sentence::{Named, tenths},
    facts::{Facts, KNOWN_DAYS, SPAN},
    observation::{Observation, Weight, count, share},
};

/// Fewer known customers are no crowd.
const CUSTOMERS_MIN: i64 = 50;

/// A smaller change of their share, in points, is no news.
const POINTS_MIN: f64 = 5.0;

/// The share of customers who come back, where it changed.
pub(super) fn returning(facts: &Facts) -> Option<Observation> {
    let [now, before] = facts.customers;
    // Who is known must be known for as long in both spans.
    let needed = i64::from(2 * SPAN + KNOWN_DAYS);
    if now.all.min(before.all) < CUSTOMERS_MIN || facts.last - facts.first_day < needed {
        return None;
    }
    let (share_now, share_before) = (
        share(now.returning, now.all),
        share(before.returning, before.all),
    );
    let points = 100.0 * (share_now - share_before);
    if points.abs() < POINTS_MIN {
        return None;
    }
    // Those with the greater share: as many of them by the share of both.
    let both = share(now.returning + before.returning, now.all + before.all);
    let (more, of) = if points > 0.0 {
        (now.returning, now.all)
    } else {
        (now.all - now.returning, now.all)
    };
    let by_chance = if points > 0.0 { both } else { 1.0 - both };
    let figures = Named::new([
        ("customers", json!(now.all)),
        ("days", json!(SPAN)),
        ("known_days", json!(KNOWN_DAYS)),
        ("share_percent", tenths(100.0 * share_now)),
        ("share_before_percent", tenths(100.0 * share_before)),
    ]);
    let template = if points > 0.0 {
        "More customers come back: {share_percent} % of the {customers} of the last {days} days had bought in the {known_days} days \
         before, after {share_before_percent} % of those of the {days} days before."
    } else {
        "Fewer customers come back: {share_percent} % of the {customers} of the last {days} days had bought in the {known_days} days \
         before, after {share_before_percent} % of those of the {days} days before."
    };
    Some(Observation {
        id: "returning_customers",
        template,
        figures,
        weight: Weight {
            effect: points.abs() / 50.0,
            confidence: 1.0 - 2.0 * alarms::binomial_reaches(count(more), count(of), by_chance),
            money: share_now.max(share_before),
        },
    })
}
