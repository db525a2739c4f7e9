//! Competitors that are cheaper for the same amount.

use serde_json::json;

use super::{
    super::{catalogue::Entry, market::Rival, sentence::Named},
    facts::Facts,
    found::{Found, Wording},
};
use crate::{
    money::Money,
    payload::{AlertKind, Severity},
    shop::Shop,
};

/// What is younger, in days, is over within a week in a third of the cases (`docs/numbers.md`).
const PROMOTION_DAYS: i64 = 7;

/// From this difference on, in per cent, customers leave.
const CRITICAL_PERCENT: f64 = 15.0;

const REASON: &str =
    "{competitor} asks {competitor_price}, {below_percent} % below our {own_price}.";

const UNIT_REASON: &str = "{competitor} asks {competitor_unit_price} per {unit}, {below_percent} % below our {own_unit_price}.";

const NEW: Wording = Wording {
    title: "{competitor} undercuts {product}",
    reason: REASON,
    action: "Wait some days before following: a third of such prices are promotions, and gone within a week.",
};

const LASTING: Wording = Wording {
    action: "Meet the price, or say what ours is worth more for.",
    ..NEW
};

pub(super) fn alerts(shop: &Shop, facts: &Facts) -> Vec<Found> {
    facts
        .catalogue
        .iter()
        .filter_map(|entry| {
            let (rival, since) = facts.undercuts.get(&entry.id)?;
            alert(shop, entry, rival, *since)
        })
        .collect()
}

fn alert(shop: &Shop, entry: &Entry, rival: &Rival, since: i64) -> Option<Found> {
    let below = -rival.theirs.percent_above(&rival.own)?;
    let sells = entry.sales.units_90 > 0;
    let (wording, severity) = match rival.day.max(shop.last()) - since {
        ..PROMOTION_DAYS => (NEW, Severity::Info),
        _ if !sells => (LASTING, Severity::Info),
        _ if below >= CRITICAL_PERCENT => (LASTING, Severity::Critical),
        _ => (LASTING, Severity::Warning),
    };
    let evidence = Named::new([
        ("competitor", json!(rival.competitor)),
        ("own_price", json!(Money::from_units(rival.own.price))),
        (
            "competitor_price",
            json!(Money::from_units(rival.theirs.price)),
        ),
        ("below_percent", json!(below)),
    ]);
    let (evidence, reason) = match rival.unit() {
        Some(unit) => {
            let per_unit = |price| json!(Money::from_units(price));
            let evidence = evidence.with([
                ("unit", json!(unit)),
                ("own_unit_price", per_unit(rival.own.unit_price())),
                ("competitor_unit_price", per_unit(rival.theirs.unit_price())),
            ]);
            (evidence, UNIT_REASON)
        }
        None => (evidence, REASON),
    };
    let wording = Wording { reason, ..wording };
    Some(Found::new(
        AlertKind::PriceUndercut,
        Some(entry),
        severity,
        since,
        evidence,
        &wording,
    ))
}
