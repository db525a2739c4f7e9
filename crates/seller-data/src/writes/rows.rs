//! Rows of the tables, as they are inserted.

use sqlx::{Any, any::AnyArguments, query::Query};

use super::insert::Cells;
use crate::line::{Class, Line};

/// A shop as it is made.
#[derive(Clone, Debug)]
pub(crate) struct ShopRow {
    pub(crate) tenant: String,
    pub(crate) currency: String,
    pub(crate) timezone: String,
    pub(crate) next_id: i64,
}

impl Cells for ShopRow {
    const INTO: &'static str = "INSERT INTO shops (tenant, currency, timezone, next_id)";
    const COLUMNS: usize = 4;
    const CONFLICT: &'static str = "ON CONFLICT (tenant) DO NOTHING";

    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        query
            .bind(self.tenant.clone())
            .bind(self.currency.clone())
            .bind(self.timezone.clone())
            .bind(self.next_id)
    }
}

/// An order line with its identity.
#[derive(Clone, Debug)]
pub(crate) struct LineRow {
    pub(crate) tenant: std::sync::Arc<str>,
    pub(crate) identity: (i64, i64),
    pub(crate) amount: i64,
    pub(crate) class: Class,
    pub(crate) line: Line,
}

impl Cells for LineRow {
    const INTO: &'static str = "INSERT INTO order_lines (tenant, identity_high, identity_low, \
         invoice, product_id, description, quantity, price, amount, class, instant, day, customer, \
         country)";
    const COLUMNS: usize = 14;
    const CONFLICT: &'static str = "ON CONFLICT (tenant, identity_high, identity_low) DO NOTHING";

    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        let line = &self.line;
        query
            .bind(self.tenant.to_string())
            .bind(self.identity.0)
            .bind(self.identity.1)
            .bind(line.invoice.clone())
            .bind(line.product_id.clone())
            .bind(line.description.clone())
            .bind(line.quantity)
            .bind(line.price)
            .bind(self.amount)
            .bind(self.class as i64)
            .bind(line.instant)
            .bind(line.day)
            .bind(line.customer.clone())
            .bind(line.country.clone())
    }
}

/// A product: a new one, or newer knowledge of a known one.
#[derive(Clone, Debug)]
pub(crate) struct ProductRow {
    pub(crate) tenant: String,
    pub(crate) id: String,
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) price: i64,
    pub(crate) stock: Option<i64>,
    pub(crate) name_at: i64,
    pub(crate) price_at: i64,
    pub(crate) updated_at: i64,
}

impl Cells for ProductRow {
    const INTO: &'static str = "INSERT INTO products (tenant, id, id_key, sku, name, category, \
         price, stock, name_at, price_at, updated_at)";
    const COLUMNS: usize = 11;
    // Of knowledge from the same instant the greater wins, so that the order of rows is irrelevant.
    const CONFLICT: &'static str = "ON CONFLICT (tenant, id) DO UPDATE SET
        name = CASE WHEN excluded.name_at > products.name_at OR (excluded.name_at = products.name_at
            AND excluded.name > products.name) THEN excluded.name ELSE products.name END,
        price = CASE WHEN excluded.price_at > products.price_at OR (excluded.price_at =
            products.price_at AND excluded.price > products.price)
            THEN excluded.price ELSE products.price END,
        name_at = CASE WHEN excluded.name_at > products.name_at
            THEN excluded.name_at ELSE products.name_at END,
        price_at = CASE WHEN excluded.price_at > products.price_at
            THEN excluded.price_at ELSE products.price_at END,
        updated_at = CASE WHEN products.listed_at IS NULL
            AND excluded.updated_at > products.updated_at
            THEN excluded.updated_at ELSE products.updated_at END
        WHERE excluded.name_at >= products.name_at OR excluded.price_at >= products.price_at";

    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        query
            .bind(self.tenant.clone())
            .bind(self.id.clone())
            .bind(super::id_key(&self.id))
            .bind(self.sku.clone())
            .bind(self.name.clone())
            .bind(self.category.clone())
            .bind(self.price)
            .bind(self.stock)
            .bind(self.name_at)
            .bind(self.price_at)
            .bind(self.updated_at)
    }
}

/// A review with its score.
#[derive(Clone, Debug)]
pub(crate) struct ReviewRow {
    pub(crate) tenant: String,
    pub(crate) id: i64,
    pub(crate) product_id: String,
    pub(crate) rating: i64,
    pub(crate) text: String,
    pub(crate) score: Option<i64>,
    pub(crate) instant: i64,
    pub(crate) day: i64,
}

impl Cells for ReviewRow {
    const INTO: &'static str =
        "INSERT INTO reviews (tenant, id, product_id, rating, text, score, instant, day)";
    const COLUMNS: usize = 8;
    const CONFLICT: &'static str = "";

    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        query
            .bind(self.tenant.clone())
            .bind(self.id)
            .bind(self.product_id.clone())
            .bind(self.rating)
            .bind(self.text.clone())
            .bind(self.score)
            .bind(self.instant)
            .bind(self.day)
    }
}

/// A price observation; an empty competitor is the shop itself.
#[derive(Clone, Debug)]
pub(crate) struct PriceRow {
    pub(crate) tenant: String,
    pub(crate) id: i64,
    pub(crate) product_id: String,
    pub(crate) competitor: String,
    pub(crate) price: i64,
    /// What the price buys, as written; empty: a pack like the product's own.
    pub(crate) pack: String,
    pub(crate) instant: i64,
    pub(crate) day: i64,
}

impl Cells for PriceRow {
    const INTO: &'static str = "INSERT INTO price_observations (tenant, id, product_id, \
         competitor, price, pack, instant, day)";
    const COLUMNS: usize = 8;
    const CONFLICT: &'static str = "";

    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        query
            .bind(self.tenant.clone())
            .bind(self.id)
            .bind(self.product_id.clone())
            .bind(self.competitor.clone())
            .bind(self.price)
            .bind(self.pack.clone())
            .bind(self.instant)
            .bind(self.day)
    }
}
