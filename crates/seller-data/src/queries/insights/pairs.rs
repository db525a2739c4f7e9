//! Products that are bought together.

use std::collections::{BTreeSet, HashMap};

use serde_json::json;

use super::{
    super::sentence::{Named, tenths},
    facts::Facts,
    observation::{Observation, Weight, count, share},
};

/// Orders with more products than this are of traders who buy everything.
const BASKET_MAX: usize = 30;

/// Fewer common orders are accidents.
const TOGETHER_MIN: i64 = 10;

/// The share of the rarer one's orders that have the other, and how much more often than by chance, at least.
const SHARE_MIN: f64 = 0.25;
const TIMES_MIN: f64 = 2.0;

/// The two products that are most surely bought together.
pub(super) fn bought_together(facts: &Facts) -> Option<Observation> {
    let mut orders: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for line in &facts.lines {
        let products = orders.entry(&line.invoice).or_default();
        products.insert(&line.product_id);
    }
    orders.retain(|_, products| products.len() <= BASKET_MAX);
    let mut alone: HashMap<&str, i64> = HashMap::new();
    let mut together: HashMap<(&str, &str), i64> = HashMap::new();
    for products in orders.values() {
        for (at, &product) in products.iter().enumerate() {
            *alone.entry(product).or_default() += 1;
            for &other in products.iter().skip(at + 1) {
                *together.entry((product, other)).or_default() += 1;
            }
        }
    }
    let all = i64::try_from(orders.len()).ok()?;
    let tried = count(i64::try_from(together.len()).ok()?);
    let candidates = together.iter().filter_map(|(&(one, other), &both)| {
        let (rare, common) = if alone[one] <= alone[other] {
            (one, other)
        } else {
            (other, one)
        };
        let by_chance = share(alone[common], all);
        let of_rare = share(both, alone[rare]);
        let is_pair =
            both >= TOGETHER_MIN && of_rare >= SHARE_MIN && of_rare >= TIMES_MIN * by_chance;
        // So many pairs were looked at that one of them is together by chance.
        let chance = tried * alarms::binomial_reaches(count(both), count(alone[rare]), by_chance);
        is_pair.then_some((rare, common, both, of_rare / by_chance, chance))
    });
    let (rare, common, both, times, chance) = candidates.min_by(|a, b| {
        let order = |pair: &(&str, &str, i64, f64, f64)| (pair.4, -count(pair.2));
        order(a)
            .partial_cmp(&order(b))
            .unwrap_or(std::cmp::Ordering::Equal)
            .then_with(|| (a.0, a.1).cmp(&(b.0, b.1)))
    })?;
    let (rare_entry, common_entry) = (facts.entry(rare)?, facts.entry(common)?);
    let figures = Named::new([
        ("product_id", json!(rare_entry.id)),
        ("product", json!(rare_entry.name)),
        ("other_product", json!(common_entry.name)),
        ("together", json!(both)),
        ("orders", json!(alone[rare])),
        ("times", tenths(times)),
    ]);
    Some(Observation {
        id: "bought_together",
        template: "Who buys {product} buys {other_product}, too: in {together} of {orders} orders, {times} times as often as by \
                   chance.",
        figures,
        weight: Weight {
            effect: share(both, alone[rare]),
            confidence: 1.0 - chance,
            money: share(
                rare_entry.sales.gross_30 + common_entry.sales.gross_30,
                facts.gross(),
            ),
        },
    })
}
