//! Alerts: each is told when its cause is there, and not when it is noise.

use std::{collections::BTreeSet, fmt::Write as _};

use seller_data::{
    AlertThresholds, Date, ProductPatch, demo,
    payload::{Alert, AlertKind, Severity},
};
use serde_json::Value;

use crate::common::{TestStore, stores};

/// The last day of the shops here, a Friday.
const LAST: &str = "2011-09-30";

const DAYS: i64 = 150;

fn last() -> i64 {
    LAST.parse::<Date>().unwrap().epoch_days()
}

fn is_sunday(day: i64) -> bool {
    Date::from_epoch_days(day).to_string() != LAST && (day + 3).rem_euclid(7) == 6
}

/// Trade from Monday to Saturday: `orders(day, product)` orders of one piece of each of three products.
fn trade(orders: impl Fn(i64, usize) -> i64) -> String {
    let mut rows = String::new();
    for day in last() - DAYS + 1..=last() {
        let date = Date::from_epoch_days(day);
        for product in 0..3 {
            let orders = if is_sunday(day) {
                0
            } else {
                orders(day, product)
            };
            for order in 0..orders {
                writeln!(
                    rows,
                    "{day}{product}{order},10{product},LAMP {product},1,{date} 1{product}:00:{order:02},2.50,1,UK"
                )
                .unwrap();
            }
        }
    }
    rows
}

/// Some ten orders a day, of no pattern in particular.
fn usual(day: i64, product: usize) -> i64 {
    let mixed = (day * 7919 + i64::try_from(product).unwrap() * 104_729) % 997;
    8 + mixed % 5
}

async fn stock(store: &TestStore, product: &str, stock: i64) {
    let patch = ProductPatch {
        stock: Some(stock),
        ..ProductPatch::default()
    };
    let patched = store.patch_product("shop", product, &patch).await;
    patched.unwrap().unwrap();
}

async fn alerts(store: &TestStore) -> Vec<Alert> {
    let alerts = store.alerts("shop").await.unwrap().items;
    alerts.iter().for_each(well_said);
    let ids: BTreeSet<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
    assert_eq!(ids.len(), alerts.len(), "told twice: {alerts:?}");
    alerts
}

/// All numbers that are told are among the figures, and nothing is empty.
fn well_said(alert: &Alert) {
    let mut figures: Vec<String> = alert
        .evidence
        .values()
        .map(|figure| match figure {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string().trim_end_matches(".0").to_owned(),
            other => panic!("{other} in {alert:?}"),
        })
        .collect();
    figures.sort_by_key(|figure| std::cmp::Reverse(figure.len()));
    for text in [&alert.title, &alert.reason, &alert.action] {
        let mut rest = text.clone();
        for figure in &figures {
            rest = rest.replace(figure, "");
        }
        assert!(
            !rest.contains(|c: char| c.is_ascii_digit()),
            "{text}: {rest}"
        );
        assert!(!text.is_empty() && !text.contains(['{', '}']), "{text}");
    }
}

fn ids(alerts: &[Alert]) -> Vec<&str> {
    alerts.iter().map(|alert| alert.id.as_str()).collect()
}

#[tokio::test]
async fn stock_is_short_if_demand_before_a_delivery_is_greater() {
    for store in stores().await {
        // Some ten a day: 120 in the twelve open days of two weeks.
        store.import("shop", &trade(usual)).await;
        stock(&store, "100", 60).await;
        stock(&store, "101", 200).await;
        stock(&store, "102", 0).await;
        let found = alerts(&store).await;
        assert_eq!(ids(&found), ["low_stock:100", "stock_out:102"]);
        let low = &found[0];
        assert_eq!(low.severity, Severity::Critical, "{low:?}");
        assert_eq!(low.evidence["stock"], 60);
        let expected = low.evidence["expected_units"].as_i64().unwrap();
        assert!((110..=130).contains(&expected), "{low:?}");
        let order = low.evidence["order_units"].as_i64().unwrap();
        assert!((290..=320).contains(&order), "42 days less 60: {low:?}");
        // 60 and what was sold since: that many were expected six days ago or so.
        let days = last() - low.since.epoch_days();
        assert!((5..=8).contains(&days), "{low:?}");
        assert_eq!(found[1].since.to_string(), LAST);

        let mut quick = AlertThresholds::default();
        quick.lead_days = 3;
        let quick = store.clone().with_alert_thresholds(quick);
        let found = quick.alerts("shop").await.unwrap().items;
        assert_eq!(
            ids(&found),
            ["stock_out:102"],
            "60 last longer than three days"
        );
        stock(&store, "100", 115).await;
        let mut careful = AlertThresholds::default();
        careful.stock_out_percent = 99.0;
        let careful = store.clone().with_alert_thresholds(careful);
        let found = careful.alerts("shop").await.unwrap().items;
        assert_eq!(ids(&found), ["stock_out:102"]);
        store.finish().await;
    }
}

#[tokio::test]
async fn sales_that_fall_beyond_their_noise_are_told_once() {
    let halved = |from: i64, products: &'static [usize]| {
        move |day: i64, product: usize| {
            let orders = usual(day, product);
            let is_hit = day >= from && products.contains(&product);
            if is_hit { orders / 2 } else { orders }
        }
    };
    for store in stores().await {
        store.import("shop", &trade(usual)).await;
        assert_eq!(ids(&alerts(&store).await), [] as [&str; 0], "noise");
        store.finish().await;
    }
    for store in stores().await {
        let week = last() - 7;
        store.import("shop", &trade(halved(week, &[1]))).await;
        let found = alerts(&store).await;
        assert_eq!(
            ids(&found),
            ["sales_drop:101"],
            "a third of the shop is within its noise"
        );
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!(found[0].since.epoch_days(), week);
        let fall = found[0].evidence["fall_percent"].as_f64().unwrap();
        assert!((50.0..62.0).contains(&fall), "{found:?}");
        store.finish().await;
    }
    for store in stores().await {
        store
            .import("shop", &trade(halved(last() - 28, &[0, 1, 2])))
            .await;
        let found = alerts(&store).await;
        assert_eq!(
            ids(&found),
            ["sales_drop"],
            "each product fell as the shop did"
        );
        assert_eq!(found[0].evidence["days"], 28);
        let mut bold = AlertThresholds::default();
        bold.sales_drop_percent = 80.0;
        let bold = store.clone().with_alert_thresholds(bold);
        assert!(bold.alerts("shop").await.unwrap().items.is_empty());
        store.finish().await;
    }
}

#[tokio::test]
async fn closed_days_are_no_fall_of_sales() {
    let store = TestStore::sqlite().await;
    let closed = last() - 6..last() - 3;
    let rows = trade(|day, product| {
        if closed.contains(&day) {
            0
        } else {
            usual(day, product)
        }
    });
    store.import("shop", &rows).await;
    assert_eq!(ids(&alerts(&store).await), [] as [&str; 0]);
    store.finish().await;
}

/// Every `one_of`th order of a product comes back, from a day on.
fn returns(from: i64, product: usize, one_of: i64) -> String {
    let mut rows = String::new();
    for day in from.max(last() - DAYS + 1)..=last() {
        let date = Date::from_epoch_days(day);
        if day % one_of == 0 && !is_sunday(day) {
            for order in 0..4 {
                writeln!(
                    rows,
                    "C{day}{product}{order},10{product},LAMP {product},-1,{date} 18:00:00,2.50,1,UK"
                )
                .unwrap();
            }
        }
    }
    rows
}

#[tokio::test]
async fn refunds_rise_by_counts() {
    for store in stores().await {
        store.import("shop", &trade(usual)).await;
        // Two of a month come back, and one of the time before.
        let few = returns(last() - 3, 1, 4) + &returns(last() - 63, 2, 90);
        store.import("shop", &few).await;
        assert_eq!(ids(&alerts(&store).await), [] as [&str; 0]);
        store.import("shop", &returns(last() - 28, 1, 2)).await;
        let found = alerts(&store).await;
        assert_eq!(ids(&found), ["refund_rise"]);
        assert_eq!(found[0].evidence["worst_product"], "LAMP 1");
        assert!(found[0].reason.contains("orders came back"), "{found:?}");
        let mut lenient = AlertThresholds::default();
        lenient.refund_share_percent = 20.0;
        let lenient = store.clone().with_alert_thresholds(lenient);
        assert!(lenient.alerts("shop").await.unwrap().items.is_empty());
        store.finish().await;
    }
}

#[tokio::test]
async fn refunds_of_one_product_are_told_where_the_shop_does_not_notice() {
    let store = TestStore::sqlite().await;
    store.import("shop", &trade(usual)).await;
    // The shop always has returns of lamp 2; lamp 1 joins in.
    store.import("shop", &returns(0, 2, 2)).await;
    store.import("shop", &returns(last() - 28, 1, 7)).await;
    let found = alerts(&store).await;
    assert_eq!(ids(&found), ["refund_rise:101"]);
    assert_eq!(found[0].title, "LAMP 1 comes back more often");
    store.finish().await;
}

/// Reviews of a product, one for each score, some days ago.
async fn reviews(store: &TestStore, product: usize, days_ago: i64, scores: &[i64]) {
    for (at, score) in scores.iter().enumerate() {
        let (id, day) = (
            days_ago * 1000 + i64::try_from(at + 100 * product).unwrap(),
            last() - days_ago,
        );
        store
            .execute(&format!(
                "INSERT INTO reviews (tenant, id, product_id, rating, text, score, instant, day)
                 VALUES ('shop', {id}, '10{product}', 3, '', {score}, {instant}, {day})",
                instant = day * 86_400_000
            ))
            .await;
    }
}

#[tokio::test]
async fn reviews_that_became_worse_are_told_if_they_are_many() {
    const GOOD: [i64; 8] = [8000, 6000, 9000, -2000, 7000, 5000, 8000, 6500];
    const BAD: [i64; 8] = [-4000, 2000, -6000, 3000, -2000, -7000, 1000, -5000];
    for store in stores().await {
        store.import("shop", &trade(usual)).await;
        reviews(&store, 0, 60, &GOOD).await;
        reviews(&store, 0, 80, &GOOD).await;
        reviews(&store, 0, 3, &BAD[..2]).await;
        assert_eq!(ids(&alerts(&store).await), [] as [&str; 0], "two are few");
        reviews(&store, 0, 2, &BAD).await;
        let found = alerts(&store).await;
        assert_eq!(ids(&found), ["sentiment_fall"]);
        assert_eq!(found[0].evidence["reviews"], 10);
        assert_eq!(found[0].evidence["worst_product"], "LAMP 0");
        // Many good ones of another product: the shop is fine, the product is not.
        for day in 0..12 {
            reviews(&store, 1, 4 + day, &GOOD).await;
        }
        assert_eq!(ids(&alerts(&store).await), ["sentiment_fall:100"]);
        let mut sure = AlertThresholds::default();
        sure.sentiment_fall = 1.5;
        let sure = store.clone().with_alert_thresholds(sure);
        assert!(sure.alerts("shop").await.unwrap().items.is_empty());
        store.finish().await;
    }
}

async fn price(store: &TestStore, days_ago: i64, price: i64) {
    let day = last() - days_ago;
    store
        .execute(&format!(
            "INSERT INTO price_observations (tenant, id, product_id, competitor, price, instant, day, pack)
             VALUES ('shop', {id}, '100', 'Cheap', {price}, {instant}, {day}, '')",
            instant = day * 86_400_000,
            id = 1000 - days_ago
        ))
        .await;
}

#[tokio::test]
async fn an_undercut_price_is_urgent_once_it_lasts() {
    for store in stores().await {
        store.import("shop", &trade(usual)).await;
        price(&store, 20, 24_500).await;
        price(&store, 3, 20_000).await;
        let found = alerts(&store).await;
        assert_eq!(ids(&found), ["price_undercut:100"]);
        assert_eq!(found[0].severity, Severity::Info, "it may be a promotion");
        assert_eq!(found[0].since.epoch_days(), last() - 3);
        price(&store, 9, 20_000).await;
        let found = alerts(&store).await;
        assert_eq!(found[0].severity, Severity::Critical);
        assert_eq!(
            found[0].since.epoch_days(),
            last() - 9,
            "not 20 days ago: 2 % is nothing"
        );
        let mut proud = AlertThresholds::default();
        proud.price_undercut_percent = 25.0;
        let proud = store.clone().with_alert_thresholds(proud);
        assert!(proud.alerts("shop").await.unwrap().items.is_empty());
        store.finish().await;
    }
}

#[tokio::test]
async fn the_demo_shops_have_alerts_that_are_well_said() {
    let store = TestStore::sqlite().await;
    demo::fill(&store, 7, LAST.parse().unwrap()).await.unwrap();
    let mut kinds = BTreeSet::new();
    for tenant in demo::TENANTS {
        let found = store.alerts(tenant).await.unwrap().items;
        found.iter().for_each(well_said);
        kinds.extend(found.iter().map(|alert| alert.kind));
    }
    let shown = [
        AlertKind::LowStock,
        AlertKind::PriceUndercut,
        AlertKind::StockOut,
    ];
    assert!(shown.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    assert!(kinds.contains(&AlertKind::RefundRise) && kinds.contains(&AlertKind::SentimentFall));
    store.finish().await;
}
