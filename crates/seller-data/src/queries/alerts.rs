//! What needs the seller's attention.

use std::{cmp::Reverse, collections::BTreeMap};

use serde_json::{Value, json};

use super::{
    catalogue::{self, Entry},
    figures::{Figures, percent},
    market::{self, Rival},
    sentiment::{self, MeanScore},
};
use crate::{
    date::Date,
    error::Error,
    money::Money,
    payload::{Alert, AlertKind, Alerts, Severity, change_percent},
    shop::{Shop, View},
    store::Store,
};

/// More alerts than this help nobody; the least severe are dropped.
const ALERTS_MAX: usize = 100;

/// A product with less than this share of the shop's sales raises no alert about its sales.
const SHARE_MIN_PERCENT: i64 = 5;

/// Fewer scored reviews than this on either side tell nothing.
const REVIEWS_MIN: i64 = 5;

impl Store {
    /// Stock that runs out, falling sales, undercut prices, worse reviews and rising refunds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
    pub async fn alerts(&self, tenant: &str) -> Result<Alerts, Error> {
        let mut view = self.view(tenant).await?;
        let catalogue = catalogue::read(&mut view).await?;
        let mut items: Vec<Alert> = catalogue
            .iter()
            .filter_map(|entry| stock(&view.shop, entry))
            .collect();
        items.extend(sales_drops(&view.shop, &catalogue));
        items.extend(undercuts(&mut view, &catalogue).await?);
        items.extend(refund_rise(&mut view).await?);
        items.extend(sentiment_fall(&mut view).await?);
        items.sort_by(|a, b| {
            let order = |alert: &Alert| (Reverse(alert.severity), alert.kind);
            order(a).cmp(&order(b)).then_with(|| a.id.cmp(&b.id))
        });
        items.truncate(ALERTS_MAX);
        let shop = view.shop;
        Ok(Alerts {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            items,
            next_cursor: None,
        })
    }
}

fn stock(shop: &Shop, entry: &Entry) -> Option<Alert> {
    let stock = entry.stock?;
    let sales = entry.sales;
    if !entry.is_low() || sales.units_90 == 0 {
        return None;
    }
    let mut evidence = evidence([
        ("stock", json!(stock)),
        ("units_30d", json!(sales.units_30)),
        ("revenue_30d", json!(Money::from_units(sales.gross_30))),
    ]);
    if stock <= 0 {
        return Some(Alert {
            id: format!("stock_out:{}", entry.id),
            kind: AlertKind::StockOut,
            severity: Severity::Critical,
            title: format!("{} is out of stock", entry.name),
            reason: format!(
                "Nothing is left of a product that sold {} pieces in 30 days and {} in 90.",
                sales.units_30, sales.units_90
            ),
            evidence,
            action: "Restock it, or pause the listing until it is back.".to_owned(),
            product_id: Some(entry.id.clone()),
            since: Date::from_epoch_days(sales.last_sale.unwrap_or(shop.last())),
        });
    }
    let cover = stock.saturating_mul(30) / sales.units_30.max(1);
    evidence.insert("days_left".to_owned(), json!(cover));
    Some(Alert {
        id: format!("low_stock:{}", entry.id),
        kind: AlertKind::LowStock,
        severity: if cover < 3 {
            Severity::Critical
        } else {
            Severity::Warning
        },
        title: format!("{} is running low", entry.name),
        reason: format!(
            "{stock} pieces are left and {} were sold in 30 days: enough for {cover} days.",
            sales.units_30
        ),
        evidence,
        action: format!(
            "Order at least {} pieces for four weeks.",
            sales.units_30.max(1)
        ),
        product_id: Some(entry.id.clone()),
        since: Date::from_epoch_days(shop.first_of(30)),
    })
}

/// The last 7 days against a quarter of the 28 before: the shop, and its greater products.
fn sales_drops(shop: &Shop, catalogue: &[Entry]) -> Vec<Alert> {
    let total = |figure: fn(&Entry) -> i64| catalogue.iter().map(figure).sum::<i64>();
    let week = total(|entry| entry.sales.gross_7);
    let before = total(|entry| entry.sales.gross_28_before);
    let mut alerts: Vec<Alert> = drop_alert(shop, None, week, before, 25)
        .into_iter()
        .collect();
    for entry in catalogue {
        if entry.sales.gross_28_before.saturating_mul(100)
            >= before.saturating_mul(SHARE_MIN_PERCENT)
        {
            let (week, before) = (entry.sales.gross_7, entry.sales.gross_28_before);
            alerts.extend(drop_alert(shop, Some(entry), week, before, 60));
        }
    }
    alerts
}

fn drop_alert(
    shop: &Shop,
    product: Option<&Entry>,
    week: i64,
    four_weeks: i64,
    least_percent: i64,
) -> Option<Alert> {
    let usual = four_weeks / 4;
    if usual <= 0 {
        return None;
    }
    let fall = change_percent(week, usual).map(|change| -change)?;
    if fall < f64::from(i32::try_from(least_percent).ok()?) {
        return None;
    }
    let (week, usual) = (Money::from_units(week), Money::from_units(usual));
    let what = product.map_or("The shop", |entry| &entry.name);
    let critical = product.is_none() && fall >= 50.0;
    Some(Alert {
        id: product.map_or("sales_drop".to_owned(), |entry| {
            format!("sales_drop:{}", entry.id)
        }),
        kind: AlertKind::SalesDrop,
        severity: if critical {
            Severity::Critical
        } else {
            Severity::Warning
        },
        title: format!("{what} sells {fall:.0} % less than usual"),
        reason: format!(
            "The last 7 days brought {week}; an average week of the four before brought {usual}."
        ),
        evidence: evidence([
            ("revenue_7d", json!(week)),
            ("usual_7d", json!(usual)),
            ("fall_percent", json!(fall)),
        ]),
        action: "Check price, stock and visibility of what fell most.".to_owned(),
        product_id: product.map(|entry| entry.id.clone()),
        since: Date::from_epoch_days(shop.first_of(7)),
    })
}

/// Products whose cheapest competitor is at least 5 % below the own price, for the same amount.
async fn undercuts(view: &mut View, catalogue: &[Entry]) -> Result<Vec<Alert>, Error> {
    let rivals = market::cheapest_rivals(view).await?;
    Ok(catalogue
        .iter()
        .filter_map(|entry| undercut(entry, rivals.get(&entry.id)?))
        .collect())
}

fn undercut(entry: &Entry, rival: &Rival) -> Option<Alert> {
    let below = -rival.theirs.percent_above(&rival.own)?;
    if below < 5.0 {
        return None;
    }
    let name = &rival.competitor;
    let (own, theirs) = (
        Money::from_units(rival.own.unit_price()),
        Money::from_units(rival.theirs.unit_price()),
    );
    let per = rival
        .unit()
        .map_or_else(String::new, |unit| format!(" per {unit}"));
    Some(Alert {
        id: format!("price_undercut:{}", entry.id),
        kind: AlertKind::PriceUndercut,
        severity: if below >= 15.0 {
            Severity::Critical
        } else {
            Severity::Warning
        },
        title: format!("{name} undercuts {}", entry.name),
        reason: format!("{name} asks {theirs}{per}, {below:.1} % below our {own}."),
        evidence: evidence([
            ("own_price", json!(Money::from_units(entry.price))),
            ("competitor", json!(name)),
            (
                "competitor_price",
                json!(Money::from_units(rival.theirs.price)),
            ),
            ("below_percent", json!(below)),
        ]),
        action: "Meet the price, or say what ours is worth more for.".to_owned(),
        product_id: Some(entry.id.clone()),
        since: Date::from_epoch_days(rival.day),
    })
}

/// Refunds above 3 % of sales and half as much again as in the 30 days before.
async fn refund_rise(view: &mut View) -> Result<Option<Alert>, Error> {
    let (start, middle, end) = (
        view.shop.first_of(60),
        view.shop.first_of(30),
        view.shop.last(),
    );
    let now = Figures::read(view, middle, end).await?;
    let before = Figures::read(view, start, middle - 1).await?;
    let share = |figures: &Figures| percent(figures.refunds, figures.gross);
    let (Some(now_share), Some(before_share)) = (share(&now), share(&before)) else {
        return Ok(None);
    };
    if now_share < 3.0 || now_share < before_share * 1.5 {
        return Ok(None);
    }
    Ok(Some(Alert {
        id: "refund_rise".to_owned(),
        kind: AlertKind::RefundRise,
        severity: if now_share >= 10.0 {
            Severity::Critical
        } else {
            Severity::Warning
        },
        title: "Refunds are rising".to_owned(),
        reason: format!(
            "{} went back in 30 days, {now_share:.1} % of sales after {before_share:.1} % before.",
            now.refunded()
        ),
        evidence: evidence([
            ("refunds_30d", json!(now.refunded())),
            ("refunds_before", json!(before.refunded())),
            ("share_percent", json!(now_share)),
            ("share_before_percent", json!(before_share)),
        ]),
        action: "Look at which products come back and why.".to_owned(),
        product_id: None,
        since: Date::from_epoch_days(middle),
    }))
}

/// The mean of the last 30 days of reviews at least 0.2 below that of the 90 before.
async fn sentiment_fall(view: &mut View) -> Result<Option<Alert>, Error> {
    let (start, middle) = (view.shop.first_of(120), view.shop.first_of(30));
    let now = sentiment::mean(view, middle, i64::MAX).await?;
    let before = sentiment::mean(view, start, middle - 1).await?;
    let (Some(now_score), Some(before_score)) = (enough(&now), enough(&before)) else {
        return Ok(None);
    };
    let fall = two_decimals(before_score - now_score);
    if fall < 0.2 {
        return Ok(None);
    }
    Ok(Some(Alert {
        id: "sentiment_fall".to_owned(),
        kind: AlertKind::SentimentFall,
        severity: if fall >= 0.4 {
            Severity::Critical
        } else {
            Severity::Warning
        },
        title: "Reviews became worse".to_owned(),
        reason: format!(
            "{} reviews since score {now_score:.2} on average; the {} before scored {before_score:.2}.",
            now.scored, before.scored
        ),
        evidence: evidence([
            ("score", json!(now_score)),
            ("score_before", json!(before_score)),
            ("reviews", json!(now.scored)),
            ("reviews_before", json!(before.scored)),
        ]),
        action: "Read the worst reviews and answer them.".to_owned(),
        product_id: None,
        since: Date::from_epoch_days(middle),
    }))
}

fn enough(mean: &MeanScore) -> Option<f64> {
    mean.score().filter(|_| mean.scored >= REVIEWS_MIN)
}

/// Drops the noise of a sum of rounded numbers.
fn two_decimals(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn evidence<const N: usize>(figures: [(&str, Value); N]) -> BTreeMap<String, Value> {
    figures
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
