//! Sales that fell beyond their noise: of the shop, and of its greatest products beyond the shop's own fall.

use alarms::{SalesDrop, Thresholds, sales_drop, weeks};
use serde_json::json;

use super::{
    super::{
        catalogue::Entry,
        sentence::{Named, sure_percent, tenths, whole},
    },
    facts::Facts,
    found::{Found, Wording},
};
use crate::{
    money::Money,
    payload::{AlertKind, Severity},
    shop::Shop,
};

/// From this fall on, in per cent, the shop is in trouble.
const CRITICAL_PERCENT: f64 = 50.0;

/// A product with less than this share of the shop's sales, in per cent, is for information.
const SHARE_MIN_PERCENT: i64 = 5;

const REASON: &str = "The last {days} days brought {orders_a_week} orders a week; {usual_a_week} are usual. It is \
                      {sure_percent} % sure that this is no chance.";

const SHOP: Wording = Wording {
    title: "The shop sells {fall_percent} % less than usual",
    reason: REASON,
    action: "Check what fell most, and whether the shop is found, can be reached and takes payments.",
};

const PRODUCT: Wording = Wording {
    title: "{product} sells {fall_percent} % less than usual",
    reason: REASON,
    action: "Check its price, its listing and its latest reviews.",
};

const UNDERCUT: Wording = Wording {
    action: "Look at its price first: {competitor} is cheaper.",
    ..PRODUCT
};

pub(super) fn alerts(shop: &Shop, facts: &Facts, thresholds: &Thresholds) -> Vec<Found> {
    let of_shop = sales_drop(&weeks(&facts.courses.orders()), thresholds);
    let all: i64 = facts
        .catalogue
        .iter()
        .map(|entry| entry.sales.gross_90)
        .sum();
    let products = facts.catalogue[..facts.watched]
        .iter()
        // What cannot be bought is told of as such.
        .filter(|entry| entry.stock.is_none_or(|stock| stock > 0))
        .filter_map(|entry| {
            let mut weeks = weeks(&facts.courses.orders_of(&entry.id));
            if let Some(drop) = &of_shop {
                lift(&mut weeks, drop);
            }
            let drop = sales_drop(&weeks, thresholds)?;
            Some(of_product(shop, facts, entry, &drop, all))
        });
    let products: Vec<Found> = products.collect();
    of_shop
        .iter()
        .map(|drop| of_the_shop(shop, drop))
        .chain(products)
        .collect()
}

/// Takes the shop's own fall out of a product's newest weeks.
fn lift(weeks: &mut [f64], shop: &SalesDrop) {
    let newest = weeks.len().saturating_sub(shop.weeks);
    for week in &mut weeks[newest..] {
        *week *= shop.usual / shop.now.max(1.0);
    }
}

fn of_the_shop(shop: &Shop, drop: &SalesDrop) -> Found {
    let severity = if drop.fall_percent >= CRITICAL_PERCENT {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let (since, evidence) = told(shop, drop);
    Found::new(AlertKind::SalesDrop, None, severity, since, evidence, &SHOP)
}

fn of_product(shop: &Shop, facts: &Facts, entry: &Entry, drop: &SalesDrop, all: i64) -> Found {
    let severity =
        if entry.sales.gross_90.saturating_mul(100) >= all.saturating_mul(SHARE_MIN_PERCENT) {
            Severity::Warning
        } else {
            Severity::Info
        };
    let (since, evidence) = told(shop, drop);
    let evidence = evidence.with([(
        "revenue_90d",
        json!(Money::from_units(entry.sales.gross_90)),
    )]);
    let (evidence, wording) = match facts.undercuts.get(&entry.id) {
        Some((rival, _)) => (
            evidence.with([("competitor", json!(rival.competitor))]),
            &UNDERCUT,
        ),
        None => (evidence, &PRODUCT),
    };
    Found::new(
        AlertKind::SalesDrop,
        Some(entry),
        severity,
        since,
        evidence,
        wording,
    )
}

fn told(shop: &Shop, drop: &SalesDrop) -> (i64, Named) {
    let days = 7 * i64::try_from(drop.weeks).unwrap_or(0);
    let evidence = Named::new([
        ("days", json!(days)),
        ("orders_a_week", whole(drop.now)),
        ("usual_a_week", whole(drop.usual)),
        ("fall_percent", tenths(drop.fall_percent)),
        ("sure_percent", sure_percent(drop.chance)),
    ]);
    (shop.last() - days, evidence)
}
