//! The catalogue.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{date::Date, money::Money};

/// A page of the catalogue, by id.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Products {
    /// The day of the shop's newest order.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// The page.
    pub items: Vec<ProductItem>,
    /// What to pass as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

/// One product of a page.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ProductItem {
    /// Identifies the product within its shop.
    pub id: String,
    /// The seller's stock code.
    pub sku: String,
    /// The name.
    pub name: String,
    /// The present price of one piece.
    pub price: Money,
    /// Pieces in stock; null when the source of the data does not tell.
    pub stock: Option<i64>,
    /// Pieces sold in the 30 days that end with `as_of`.
    pub units_30d: i64,
    /// Gross revenue of those 30 days.
    pub revenue_30d: Money,
    /// Average stars, 1 to 5 with two decimals; null without reviews.
    pub rating: Option<f64>,
    /// How many reviews there are.
    pub reviews: i64,
}

/// One product alone.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Product {
    /// The day of the shop's newest order.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// Identifies the product within its shop.
    pub id: String,
    /// The seller's stock code.
    pub sku: String,
    /// The name.
    pub name: String,
    /// The category; empty when not known.
    pub category: String,
    /// The present price of one piece.
    pub price: Money,
    /// Pieces in stock; null when the source of the data does not tell.
    pub stock: Option<i64>,
    /// Pieces sold in the 30 days that end with `as_of`.
    pub units_30d: i64,
    /// Gross revenue of those 30 days.
    pub revenue_30d: Money,
    /// Average stars, 1 to 5 with two decimals; null without reviews.
    pub rating: Option<f64>,
    /// How many reviews there are.
    pub reviews: i64,
    /// When the product was last changed, RFC 3339 in UTC.
    pub updated_at: String,
}
