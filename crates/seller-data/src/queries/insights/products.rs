//! Products that carry the shop, rise, come back or stay.

use serde_json::json;

use super::{
    super::sentence::{Named, money, tenths},
    facts::{Facts, SPAN},
    observation::{Observation, Weight, count, share, sure_of_change},
};

/// With fewer products that sell, a few of them always bring half.
const SELLING_MIN: usize = 10;

/// A half of the sales is told if it is of no more than this share of the products.
const CARRIERS_MAX: f64 = 0.2;

/// How many times as often as before a product is bought at least to rise.
const RISE_MIN: f64 = 1.5;

/// How many times as often as the others a product comes back at least, and how often in all.
const RETURNED_TIMES_MIN: f64 = 2.0;
const RETURNED_MIN: i64 = 5;

/// A smaller share of the stock's value is no burden.
const UNSOLD_MIN: f64 = 0.05;

/// How few products bring half of the sales.
pub(super) fn concentration(facts: &Facts) -> Option<Observation> {
    let mut sold: Vec<i64> = facts
        .catalogue
        .iter()
        .map(|entry| entry.sales.gross_30)
        .filter(|gross| *gross > 0)
        .collect();
    sold.sort_unstable_by(|a, b| b.cmp(a));
    let gross: i64 = sold.iter().sum();
    let mut sum = 0;
    let carriers = 1 + sold
        .iter()
        .take_while(|sold| {
            sum += **sold;
            sum * 2 < gross
        })
        .count();
    let (carriers_count, selling) = (
        i64::try_from(carriers).ok()?,
        i64::try_from(sold.len()).ok()?,
    );
    if sold.len() < SELLING_MIN || share(carriers_count, selling) > CARRIERS_MAX {
        return None;
    }
    let part = share(sold.iter().take(carriers).sum(), gross);
    let figures = Named::new([
        ("products", json!(carriers_count)),
        ("selling", json!(selling)),
        ("share_percent", tenths(100.0 * part)),
        ("days", json!(SPAN)),
    ]);
    let template = if carriers == 1 {
        "One product of {selling} brought {share_percent} % of the sales of {days} days: the shop depends on its stock."
    } else {
        "{products} of {selling} products brought {share_percent} % of the sales of {days} days: the shop depends on their stock."
    };
    Some(Observation {
        id: "concentration",
        template,
        figures,
        weight: Weight {
            effect: 1.0 - share(2 * carriers_count, selling),
            confidence: 1.0,
            money: part,
        },
    })
}

/// The product whose orders rose most surely, but for one that is told of already.
pub(super) fn riser(facts: &Facts, told: Option<String>) -> Option<Observation> {
    let tried = facts
        .catalogue
        .iter()
        .filter(|entry| entry.sales.sold_30 > 0);
    let tried = i64::try_from(tried.count()).ok()?;
    let rising = facts.catalogue.iter().filter(|entry| {
        let sales = &entry.sales;
        count(sales.sold_30) >= RISE_MIN * count(sales.sold_earlier)
            && sales.sold_earlier > 0
            && told.as_ref() != Some(&entry.id)
    });
    let (entry, sure) = rising
        .map(|entry| {
            (
                entry,
                sure_of_change(entry.sales.sold_30, entry.sales.sold_earlier),
            )
        })
        .max_by(|(a, sure_a), (b, sure_b)| {
            sure_a.total_cmp(sure_b).then_with(|| b.id.cmp(&a.id))
        })?;
    let sales = &entry.sales;
    let times = share(sales.sold_30, sales.sold_earlier);
    let figures = Named::new([
        ("product_id", json!(entry.id)),
        ("product", json!(entry.name)),
        ("orders", json!(sales.sold_30)),
        ("orders_before", json!(sales.sold_earlier)),
        ("days", json!(SPAN)),
        ("times", tenths(times)),
    ]);
    Some(Observation {
        id: "riser",
        template: "{product} is in demand: {orders} orders in {days} days after {orders_before} in the {days} before, {times} times as \
                   many.",
        figures,
        weight: Weight {
            effect: (times - 1.0) / 2.0,
            confidence: 1.0 - count(tried) * (1.0 - sure),
            money: share(sales.gross_30, facts.gross()),
        },
    })
}

/// The product that comes back more often than the others.
pub(super) fn returned(facts: &Facts) -> Option<Observation> {
    let counts: Vec<(i64, i64)> = facts
        .catalogue
        .iter()
        .map(|entry| &entry.sales)
        .map(|sales| {
            (
                sales.sold_30 + sales.sold_before,
                sales.returned_30 + sales.returned_before,
            )
        })
        .collect();
    let sum = |of: fn(&(i64, i64)) -> i64| counts.iter().map(of).sum::<i64>();
    let (sold, returned) = (sum(|counts| counts.0), sum(|counts| counts.1));
    let tried = count(i64::try_from(counts.len()).ok()?);
    let (at, times, chance) = counts
        .iter()
        .enumerate()
        .filter(|(_, (own_sold, own_returned))| *own_sold > 0 && *own_returned >= RETURNED_MIN)
        .map(|(at, &(own_sold, own_returned))| {
            let others = share(returned - own_returned, sold - own_sold).clamp(0.0, 1.0);
            let chance =
                tried * alarms::binomial_reaches(count(own_returned), count(own_sold), others);
            (at, share(own_returned, own_sold) / others, chance)
        })
        .filter(|(_, times, _)| times.is_finite() && *times >= RETURNED_TIMES_MIN)
        .min_by(|a, b| a.2.total_cmp(&b.2).then(b.1.total_cmp(&a.1)))?;
    let (entry, (own_sold, own_returned)) = (&facts.catalogue[at], counts[at]);
    let figures = Named::new([
        ("product_id", json!(entry.id)),
        ("product", json!(entry.name)),
        ("returned", json!(own_returned)),
        ("sold", json!(own_sold)),
        ("days", json!(120)),
        ("times", tenths(times)),
    ]);
    Some(Observation {
        id: "often_returned",
        template: "{product} comes back {times} times as often as the rest: {returned} of {sold} orders in {days} days.",
        figures,
        weight: Weight {
            effect: share(own_returned, own_sold) * 3.0,
            confidence: 1.0 - chance,
            money: share(
                entry.sales.gross_90,
                facts
                    .catalogue
                    .iter()
                    .map(|entry| entry.sales.gross_90)
                    .sum(),
            ),
        },
    })
}

/// Stock of products that nobody buys any more.
pub(super) fn unsold(facts: &Facts) -> Option<Observation> {
    let values = facts.unsold.iter().map(|unsold| unsold.value);
    let value = values.fold(0, i64::saturating_add);
    let part = count(value) / facts.stock_value;
    let dearest = facts.unsold.first().filter(|_| part >= UNSOLD_MIN)?;
    let figures = Named::new([
        ("products", json!(facts.unsold.len())),
        ("days", json!(90)),
        ("value", money(value)),
        ("share_percent", tenths(100.0 * part)),
        ("product", json!(dearest.name)),
        ("product_value", money(dearest.value)),
    ]);
    let template = if facts.unsold.len() == 1 {
        "{product} did not sell in {days} days, and holds {value}, {share_percent} % of the stock's value."
    } else {
        "{products} products that once sold did not in {days} days, and hold {value}, {share_percent} % of the stock's value: most of \
         it {product} with {product_value}."
    };
    Some(Observation {
        id: "unsold_stock",
        template,
        figures,
        weight: Weight {
            effect: part,
            confidence: 1.0,
            money: share(value, value.saturating_add(facts.gross())),
        },
    })
}
