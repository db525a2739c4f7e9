//! Alerts, insights and activity: lists of things worth a look.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{date::Date, money::Money};

/// What needs the seller's attention, critical first.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Alerts {
    /// The day of the shop's newest order.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// The alerts, most severe first, at most 100.
    pub items: Vec<Alert>,
    /// Always null: the list is complete.
    pub next_cursor: Option<String>,
}

/// One alert.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Alert {
    /// Stable while the cause lasts: the kind, and the product if there is one.
    pub id: String,
    /// What it is about.
    pub kind: AlertKind,
    /// How much it matters.
    pub severity: Severity,
    /// A headline.
    pub title: String,
    /// Why it was raised, in a sentence with figures.
    pub reason: String,
    /// The figures behind it.
    #[schema(value_type = Object)]
    pub evidence: BTreeMap<String, Value>,
    /// What to do about it.
    pub action: String,
    /// The product it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// The first day of the span that shows the cause.
    pub since: Date,
}

/// What an [`Alert`] is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertKind {
    /// Stock will probably be gone before a delivery could arrive.
    LowStock,
    /// A competitor is cheaper for the same amount.
    PriceUndercut,
    /// A greater share of orders comes back than before.
    RefundRise,
    /// Sales fell below what they usually vary by.
    SalesDrop,
    /// Reviews became worse.
    SentimentFall,
    /// A product that sells is out of stock.
    StockOut,
}

impl AlertKind {
    /// As in answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LowStock => "low_stock",
            Self::PriceUndercut => "price_undercut",
            Self::RefundRise => "refund_rise",
            Self::SalesDrop => "sales_drop",
            Self::SentimentFall => "sentiment_fall",
            Self::StockOut => "stock_out",
        }
    }
}

/// How much an [`Alert`] matters; ordered from least to most.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Should be looked at soon.
    Warning,
    /// Costs money now.
    Critical,
}

/// Observations in plain sentences, the most telling first.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Insights {
    /// The day of the shop's newest order.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// The insights by falling score.
    pub items: Vec<Insight>,
    /// Always null: the list is complete.
    pub next_cursor: Option<String>,
}

/// One observation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Insight {
    /// Stable: the kind of observation.
    pub id: String,
    /// A sentence with its figures.
    pub text: String,
    /// The figures alone.
    #[schema(value_type = Object)]
    pub figures: BTreeMap<String, Value>,
    /// How telling it is, 0 to 1.
    pub score: f64,
}

/// What happened lately, newest first.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Activity {
    /// The day of the shop's newest order.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// The events, newest first.
    pub items: Vec<ActivityItem>,
    /// Always null: ask for a greater `limit`.
    pub next_cursor: Option<String>,
}

/// One event of [`Activity`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ActivityItem {
    /// Unique within the shop.
    pub id: String,
    /// What happened.
    pub kind: ActivityKind,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// What happened, in a sentence.
    pub text: String,
    /// The order, for orders and refunds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// The product, for reviews, prices and product changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// The order's or refund's sum, or the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

/// What an [`ActivityItem`] tells.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ActivityKind {
    /// An order came in.
    Order,
    /// A price was observed.
    Price,
    /// A product was changed.
    Product,
    /// An order was cancelled or goods came back.
    Refund,
    /// A review was written.
    Review,
}
