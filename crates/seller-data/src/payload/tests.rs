//! A marketplace that says only what the contract names is understood: fields that came later may be missing.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Activity, Alerts, DemandForecast, Insights, PricingTrends, Products, SentimentOverview, Trends,
};

fn read<T: DeserializeOwned>(mut payload: Value) -> T {
    for (name, value) in [
        ("as_of", "2026-01-31"),
        ("currency", "GBP"),
        ("timezone", "UTC"),
    ] {
        payload[name] = value.into();
    }
    serde_json::from_value(payload).unwrap()
}

#[test]
fn prices_need_no_packs_and_no_ends() {
    let pricing: PricingTrends = read(json!({ "next_cursor": null, "items": [{
        "id": "101", "product_id": "101", "name": "Rice", "position": null,
        "own": [{ "date": "2026-01-01", "price": "2.00" }],
        "competitors": [{ "name": "A", "points": [{ "date": "2026-01-01", "price": "1.90" }] }],
    }] }));
    let item = &pricing.items[0];
    assert!(item.pack.is_none() && item.positions.is_empty());
    assert!(item.own[0].until.is_none() && item.competitors[0].is_comparable);
}

#[test]
fn reviews_and_forecasts_need_no_explanation() {
    let sentiment: SentimentOverview = read(json!({
        "score": 0.5, "positive": 1, "neutral": 0, "negative": 0, "unknown": 0, "reviews": 1,
        "points": [{ "date": "2026-01-31", "score": 0.5, "reviews": 1 }],
        "products": [{ "product_id": "101", "score": 0.5, "reviews": 1 }],
        "excerpts": [{ "text": "Good", "score": 0.5, "words": ["Good"] }],
    }));
    assert_eq!((sentiment.reviews, sentiment.margin), (1, None));
    let forecast: DemandForecast = read(json!({
        "model": "theta", "backtest": { "smape": 10.0, "mase": 0.9 },
        "points": [{ "date": "2026-02-01", "mean": 1.0, "lower80": 0.5, "upper80": 1.5,
            "lower95": 0.0, "upper95": 2.0 }],
    }));
    assert!(forecast.methods.is_empty() && forecast.notes.is_empty());
}

#[test]
fn lists_need_what_the_contract_names() {
    let alerts: Alerts = read(json!({ "next_cursor": null, "items": [{
        "id": "a", "kind": "stock_out", "severity": "critical", "title": "", "reason": "",
        "evidence": {}, "action": "", "since": "2026-01-01",
    }] }));
    assert_eq!(alerts.items[0].product_id, None);
    let _: Insights = read(json!({ "next_cursor": null, "items": [
        { "id": "i", "text": "x", "figures": {}, "score": 0.5 },
    ] }));
    let _: Activity = read(json!({ "next_cursor": null, "items": [
        { "id": "1", "kind": "order", "at": "2026-01-01T00:00:00Z", "text": "x" },
    ] }));
    let _: Products = read(json!({ "next_cursor": null, "items": [{
        "id": "101", "sku": "101", "name": "Rice", "price": "2.00", "stock": 1, "units_30d": 0,
        "revenue_30d": "0.00", "rating": null, "reviews": 0,
    }] }));
    let _: Trends = read(json!({ "points": [{
        "date": "2026-01-31", "gross_revenue": "1.00", "net_revenue": "1.00", "refunds": "0.00",
        "orders": 1, "units": 1,
    }] }));
}
