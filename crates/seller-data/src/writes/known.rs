//! Rows of files that the store may know already.

use std::sync::Arc;

use sqlx::{Any, Transaction, any::AnyArguments, query::Query};

use super::{
    Cells, id_key,
    rows::{PriceRow, ReviewRow},
};
use crate::error::Error;

/// When a name or price was learnt that stands for none.
pub(crate) const NEVER: i64 = i64::MIN;

/// What catalogues and the seller's own hand say is newer than what any order tells, by this distance in
/// `name_at` and `price_at`.
pub(crate) const CERTAIN: i64 = 1 << 52;

/// A product as a catalogue lists it.
#[derive(Clone, Debug)]
pub(crate) struct ListingRow {
    pub(crate) id: String,
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) pack: String,
    pub(crate) price: i64,
    pub(crate) stock: Option<i64>,
    pub(crate) name_at: i64,
    pub(crate) price_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) edited_at: Option<i64>,
}

impl Cells for (Arc<str>, ListingRow) {
    const INTO: &'static str = "INSERT INTO products (tenant, id, id_key, sku, name, category, \
         price, stock, name_at, price_at, updated_at, edited_at, listed_at, pack)";
    const COLUMNS: usize = 14;
    // Each field is the one that was learnt last. SKU and category come from catalogues alone, the stock
    // from edits, too. The same catalogue again
    // changes nothing, so that it does not bring back a stock from before later orders. What it does
    // not say (a SKU that is but the id) stays.
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
        sku = CASE WHEN excluded.sku <> excluded.id
            AND excluded.listed_at > COALESCE(products.listed_at, -1)
            THEN excluded.sku ELSE products.sku END,
        category = CASE WHEN excluded.category <> ''
            AND excluded.listed_at > COALESCE(products.listed_at, -1)
            THEN excluded.category ELSE products.category END,
        pack = CASE WHEN excluded.pack <> ''
            AND excluded.listed_at > COALESCE(products.listed_at, -1)
            AND excluded.listed_at >= COALESCE(products.edited_at, 0)
            THEN excluded.pack ELSE products.pack END,
        stock = CASE WHEN excluded.stock IS NOT NULL
            AND excluded.listed_at > COALESCE(products.listed_at, -1)
            AND excluded.listed_at >= COALESCE(products.edited_at, 0)
            THEN excluded.stock ELSE products.stock END,
        listed_at = CASE WHEN excluded.listed_at > COALESCE(products.listed_at, -1)
            THEN excluded.listed_at ELSE products.listed_at END,
        updated_at = CASE WHEN excluded.listed_at > COALESCE(products.listed_at, -1)
            AND excluded.updated_at >= COALESCE(products.edited_at, -1)
            THEN excluded.updated_at ELSE products.updated_at END,
        edited_at = CASE WHEN excluded.edited_at > COALESCE(products.edited_at, -1)
            THEN excluded.edited_at ELSE products.edited_at END
        WHERE excluded.name_at > products.name_at OR excluded.price_at > products.price_at
            OR (excluded.name_at = products.name_at AND excluded.name > products.name)
            OR (excluded.price_at = products.price_at AND excluded.price > products.price)
            OR excluded.listed_at > COALESCE(products.listed_at, -1)
            OR excluded.edited_at > COALESCE(products.edited_at, -1)";

    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        let (tenant, row) = self;
        query
            .bind(tenant.to_string())
            .bind(row.id.clone())
            .bind(id_key(&row.id))
            .bind(row.sku.clone())
            .bind(row.name.clone())
            .bind(row.category.clone())
            .bind(row.price)
            .bind(row.stock)
            .bind(row.name_at)
            .bind(row.price_at)
            .bind(row.updated_at)
            .bind(row.edited_at)
            .bind(row.updated_at)
            .bind(row.pack.clone())
    }
}

/// A row that came so often before in its file. It is inserted unless the store has it more often
/// than that, wherever from.
#[derive(Clone, Debug)]
pub(crate) struct Occurring<R>(pub(crate) R, pub(crate) u32);

impl Cells for Occurring<ReviewRow> {
    const INTO: &'static str =
        "WITH given (tenant, id, product_id, rating, text, score, instant, day, occurrence) AS (";
    const COLUMNS: usize = 9;
    const CONFLICT: &'static str = ")
        INSERT INTO reviews (tenant, id, product_id, rating, text, score, instant, day)
        SELECT tenant, id, product_id, rating, text, score, instant, day FROM given
        WHERE (SELECT COUNT(*) FROM reviews r WHERE r.tenant = given.tenant
            AND r.product_id = given.product_id AND r.day = given.day
            AND r.rating = given.rating AND r.instant = given.instant AND r.text = given.text) <= given.occurrence";

    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        self.0.bind(query).bind(i64::from(self.1))
    }
}

impl Cells for Occurring<PriceRow> {
    const INTO: &'static str = "WITH given (tenant, id, product_id, competitor, price, pack, instant, day, occurrence) AS (";
    const COLUMNS: usize = 9;
    const CONFLICT: &'static str = ")
        INSERT INTO price_observations
            (tenant, id, product_id, competitor, price, pack, instant, day)
        SELECT tenant, id, product_id, competitor, price, pack, instant, day FROM given
        WHERE (SELECT COUNT(*) FROM price_observations o WHERE o.tenant = given.tenant
            AND o.product_id = given.product_id AND o.day = given.day
            AND o.instant = given.instant AND o.competitor = given.competitor
            AND o.price = given.price AND o.pack = given.pack) <= given.occurrence";

    fn bind<'q>(&self, query: Query<'q, Any, AnyArguments>) -> Query<'q, Any, AnyArguments> {
        self.0.bind(query).bind(i64::from(self.1))
    }
}

/// Takes `count` of the shop's numbers and returns the first. The shop's row is locked from then on.
pub(crate) async fn reserve_numbers(
    db: &mut Transaction<'static, Any>,
    tenant: &str,
    count: usize,
) -> Result<i64, Error> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let (next,): (i64,) = sqlx::query_as(
        "UPDATE shops SET next_id = next_id + $2 WHERE tenant = $1 RETURNING next_id",
    )
    .bind(tenant)
    .bind(count)
    .fetch_one(&mut **db)
    .await?;
    Ok(next - count)
}
