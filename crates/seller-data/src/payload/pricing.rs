//! Own and competitors' prices over time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{date::Date, money::Money};

/// The course of prices within the asked days.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PricingTrends {
    /// The day of the shop's newest order, the last day of the window.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// One item per product, by id.
    pub items: Vec<PricingItem>,
    /// Always null: the list is complete.
    pub next_cursor: Option<String>,
}

/// The prices of one product.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PricingItem {
    /// The same as `product_id`.
    pub id: String,
    /// The product.
    pub product_id: String,
    /// Its name.
    pub name: String,
    /// The shop's own price.
    pub own: Vec<PricePoint>,
    /// The competitors that were ever seen, by name.
    pub competitors: Vec<CompetitorPrices>,
    /// Where the present own price stands; null without a competitor.
    pub position: Option<PricingPosition>,
}

/// One competitor's price.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct CompetitorPrices {
    /// The competitor.
    pub name: String,
    /// Its price, oldest first.
    pub points: Vec<PricePoint>,
}

/// A price that holds from this day until the next point.
///
/// The price that held when the window began is its first point.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PricePoint {
    /// The day.
    pub date: Date,
    /// The price at the end of that day.
    pub price: Money,
}

/// Where the own price stands among the latest prices of all.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PricingPosition {
    /// In a word.
    pub rank: PriceRank,
    /// 1 for the cheapest; equal prices share a place.
    pub place: i64,
    /// How many sellers were compared, this one included.
    pub of: i64,
    /// How far the own price is above the cheapest competitor's in percent, negative when below;
    /// two decimals. Null when that price is 0.
    pub percent_to_cheapest: Option<f64>,
}

/// A [`PricingPosition`] in a word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PriceRank {
    /// Nobody is cheaper.
    Cheapest,
    /// Somebody is cheaper, somebody dearer or equal.
    Middle,
    /// Everybody is cheaper.
    Dearest,
}
