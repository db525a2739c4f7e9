//! Refunds that rose: of the shop, or else of single products.

use alarms::{RefundRise, Thresholds, refund_rise};
use serde_json::json;

use super::{
    super::{
        catalogue::Entry,
        sentence::{Named, sure_percent, tenths, whole},
    },
    facts::{BEFORE_DAYS, Facts, NOW_DAYS, returns},
    found::{Found, Wording},
};
use crate::{
    money::Money,
    payload::{AlertKind, Severity},
    shop::Shop,
};

/// From this share on, in per cent, it costs what is earned.
const CRITICAL_PERCENT: f64 = 10.0;

const REASON: &str = "{returned} of {sold} orders came back in the last {days} days, {share_percent} %; of those of the \
                      {days_before} days before, {share_before_percent} %. It is {sure_percent} % sure that this is no chance.";

const SHOP: Wording = Wording {
    title: "Refunds are rising",
    reason: REASON,
    action: "Look at {worst_product} first, which came back {worst_returned} times, and ask why.",
};

const PRODUCT: Wording = Wording {
    title: "{product} comes back more often",
    reason: REASON,
    action: "Read what customers say of it, and check its latest delivery and its description.",
};

pub(super) fn alerts(shop: &Shop, facts: &Facts, thresholds: &Thresholds) -> Vec<Found> {
    let [(now, money), (before, _)] = facts.refunds;
    if let Some(rise) = refund_rise(now, before, thresholds) {
        let worst = facts
            .catalogue
            .iter()
            .max_by_key(|entry| entry.sales.returned_30);
        let (name, returned) = worst.map_or(("what came back", 0), |entry| {
            (entry.name.as_str(), entry.sales.returned_30)
        });
        let evidence = told(&rise, now.sold, now.returned).with([
            ("refunds_30d", json!(Money::from_units(money))),
            ("worst_product", json!(name)),
            ("worst_returned", json!(returned)),
        ]);
        return vec![found(shop, None, &rise, evidence, &SHOP)];
    }
    let of_product = |entry: &Entry| {
        let sales = &entry.sales;
        let now = returns(sales.sold_30, sales.returned_30);
        let before = returns(sales.sold_before, sales.returned_before);
        let rise = refund_rise(now, before, thresholds)?;
        let evidence = told(&rise, now.sold, now.returned);
        Some(found(shop, Some(entry), &rise, evidence, &PRODUCT))
    };
    facts.catalogue.iter().filter_map(of_product).collect()
}

fn found(
    shop: &Shop,
    about: Option<&Entry>,
    rise: &RefundRise,
    evidence: Named,
    wording: &Wording,
) -> Found {
    let severity = if rise.share_percent >= CRITICAL_PERCENT {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let since = shop.first_of(NOW_DAYS);
    Found::new(
        AlertKind::RefundRise,
        about,
        severity,
        since,
        evidence,
        wording,
    )
}

fn told(rise: &RefundRise, sold: f64, returned: f64) -> Named {
    Named::new([
        ("sold", whole(sold)),
        ("returned", whole(returned)),
        ("days", json!(NOW_DAYS)),
        ("days_before", json!(BEFORE_DAYS)),
        ("share_percent", tenths(rise.share_percent)),
        ("share_before_percent", tenths(rise.share_before_percent)),
        ("sure_percent", sure_percent(rise.chance)),
    ])
}
