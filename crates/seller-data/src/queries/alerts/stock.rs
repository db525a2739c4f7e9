//! Products that are out of stock, or will be before a delivery could arrive.

use alarms::Thresholds;
use serde_json::json;

use super::{
    super::{
        catalogue::Entry,
        sentence::{Named, tenths, whole},
    },
    facts::Facts,
    found::{Found, Wording},
};
use crate::{
    money::Money,
    payload::{AlertKind, Severity},
    shop::Shop,
};

/// From this probability on it is as good as certain.
const CRITICAL_PERCENT: f64 = 90.0;

/// How long a new delivery should last, in days.
const COVER_DAYS: u32 = 28;

const GONE: Wording = Wording {
    title: "{product} is out of stock",
    reason: "Nothing is left of a product that sold {units_30d} pieces in the last {days} days and {units_90d} in {days_before}.",
    action: "Restock it, or pause the listing until it is back.",
};

const SHORT: Wording = Wording {
    title: "{product} is running low",
    reason: "{stock} pieces are left. A delivery ordered now arrives in {lead_days} days, in which {expected_units} are expected to \
             sell: with {probability_percent} % probability the stock is gone by then.",
    action: "Order {order_units} pieces now, enough for {cover_days} days from their arrival.",
};

pub(super) fn alerts(shop: &Shop, facts: &Facts, thresholds: &Thresholds) -> Vec<Found> {
    let gone = facts.catalogue.iter().filter_map(|entry| gone(shop, entry));
    let short = facts
        .short
        .iter()
        .filter_map(|&at| short(facts, &facts.catalogue[at], thresholds));
    gone.chain(short).collect()
}

fn gone(shop: &Shop, entry: &Entry) -> Option<Found> {
    let stock = entry.stock.filter(|stock| *stock <= 0)?;
    if entry.sales.units_90 == 0 {
        return None;
    }
    Some(Found::new(
        AlertKind::StockOut,
        Some(entry),
        Severity::Critical,
        entry.sales.last_sale.unwrap_or(shop.last()),
        sales(entry, stock).with([("days", json!(30)), ("days_before", json!(90))]),
        &GONE,
    ))
}

fn short(facts: &Facts, entry: &Entry, thresholds: &Thresholds) -> Option<Found> {
    let stock = entry.stock?;
    let lead = usize::try_from(thresholds.lead_days).ok()?;
    let demand = facts.courses.demand(&entry.id, lead);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 pieces")]
    let pieces = stock as f64;
    let percent = 100.0 * demand.exhausts(pieces);
    if percent < thresholds.stock_out_percent {
        return None;
    }
    let days = f64::from(thresholds.lead_days.max(1));
    let needed = demand.mean * (1.0 + f64::from(COVER_DAYS) / days);
    let evidence = sales(entry, stock).with([
        ("lead_days", json!(thresholds.lead_days)),
        ("expected_units", whole(demand.mean)),
        // Nothing that is to come is certain.
        ("probability_percent", tenths(percent.min(99.9))),
        ("order_units", whole((needed - pieces).max(1.0).ceil())),
        ("cover_days", json!(COVER_DAYS)),
    ]);
    Some(Found::new(
        AlertKind::LowStock,
        Some(entry),
        if percent >= CRITICAL_PERCENT {
            Severity::Critical
        } else {
            Severity::Warning
        },
        facts.courses.fell_to(&entry.id, stock, demand.mean),
        evidence,
        &SHORT,
    ))
}

fn sales(entry: &Entry, stock: i64) -> Named {
    Named::new([
        ("stock", json!(stock)),
        ("units_30d", json!(entry.sales.units_30)),
        ("units_90d", json!(entry.sales.units_90)),
        (
            "revenue_90d",
            json!(Money::from_units(entry.sales.gross_90)),
        ),
    ])
}
