//! The whole catalogue with its recent sales: what alerts and insights start from.

use std::collections::BTreeMap;

use crate::{error::Error, shop::View};

/// How many days of sales a stock should last, or else counts as low in the key figures. Alerts forecast instead.
const COVER_DAYS: i64 = 14;

/// A product and its trade lately. Money in ten-thousandths.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) stock: Option<i64>,
    pub(super) sales: Sales,
}

/// The trade of one product in the spans that end with `as_of`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sales {
    pub(super) units_30: i64,
    pub(super) units_90: i64,
    pub(super) gross_30: i64,
    pub(super) gross_90: i64,
    /// In the 30 days before those 30: pieces, money, and lines of sales.
    pub(super) units_earlier: i64,
    pub(super) gross_earlier: i64,
    pub(super) sold_earlier: i64,
    /// Lines of sales and of refunds in 30 days, and in the 90 before.
    pub(super) sold_30: i64,
    pub(super) returned_30: i64,
    pub(super) sold_before: i64,
    pub(super) returned_before: i64,
    /// The day of the last sale of the 120 days.
    pub(super) last_sale: Option<i64>,
}

/// Whether a product is out of stock, or will be within [`COVER_DAYS`] at the pace of 30 days.
fn is_low(stock: i64, units_30: i64) -> bool {
    stock <= 0 || stock.saturating_mul(30) < COVER_DAYS * units_30
}

/// How many products are low.
pub(super) async fn low_stock(view: &mut View) -> Result<i64, Error> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT p.stock, COALESCE(CAST(SUM(d.units) AS BIGINT), 0)
         FROM products p LEFT JOIN product_days d ON d.tenant = p.tenant
            AND d.product_id = p.id AND d.day > $2 - 30 AND d.day <= $2
         WHERE p.tenant = $1 AND p.stock IS NOT NULL GROUP BY p.id_key, p.stock",
    )
    .bind(&view.shop.tenant)
    .bind(view.shop.last())
    .fetch_all(&mut *view.db)
    .await?;
    let low = rows
        .iter()
        .filter(|&&(stock, units)| is_low(stock, units))
        .count();
    Ok(i64::try_from(low).unwrap_or(i64::MAX))
}

/// Reads every product of the shop, by id.
pub(super) async fn read(view: &mut View) -> Result<Vec<Entry>, Error> {
    let rows: Vec<(String, String, Option<i64>)> =
        sqlx::query_as("SELECT id, name, stock FROM products WHERE tenant = $1 ORDER BY id_key")
            .bind(&view.shop.tenant)
            .fetch_all(&mut *view.db)
            .await?;
    let sales = sales(view).await?;
    let entry = |(id, name, stock)| {
        let sales = sales.get(&id).copied().unwrap_or_default();
        Entry {
            id,
            name,
            stock,
            sales,
        }
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// How long each of the spans is that sales are read over, in days, and how many there are.
const SPAN_DAYS: i64 = 30;
const SPANS: i64 = 4;

/// One after the other, for the database adds up a plain span in half the time of conditions on each row.
async fn sales(view: &mut View) -> Result<BTreeMap<String, Sales>, Error> {
    let mut sales: BTreeMap<String, Sales> = BTreeMap::new();
    for span in 0..SPANS {
        let last = view.shop.last() - SPAN_DAYS * span;
        for (product, sold) in sold(view, last - SPAN_DAYS, last).await? {
            sales.entry(product).or_default().add(span, &sold);
        }
    }
    Ok(sales)
}

/// A product's sums over a span.
struct Sold {
    units: i64,
    gross: i64,
    sales: i64,
    returns: i64,
    last_sale: Option<i64>,
}

/// After day `first` up to `last`. SQLite reads a cross join from left to right: these days of each product, not all days of the
/// shop.
async fn sold(view: &mut View, first: i64, last: i64) -> Result<Vec<(String, Sold)>, Error> {
    let rows: Vec<(String, i64, i64, i64, i64, Option<i64>)> = sqlx::query_as(
        "SELECT p.id, CAST(SUM(units) AS BIGINT), CAST(SUM(gross) AS BIGINT),
            CAST(SUM(sales) AS BIGINT), CAST(SUM(returns) AS BIGINT),
            MAX(CASE WHEN units > 0 THEN day END)
         FROM products p CROSS JOIN product_days d
         WHERE p.tenant = $1 AND d.tenant = p.tenant AND d.product_id = p.id
            AND d.day > $2 AND d.day <= $3
         GROUP BY p.id",
    )
    .bind(&view.shop.tenant)
    .bind(first)
    .bind(last)
    .fetch_all(&mut *view.db)
    .await?;
    let sold = |(id, units, gross, sales, returns, last_sale)| {
        let sold = Sold {
            units,
            gross,
            sales,
            returns,
            last_sale,
        };
        (id, sold)
    };
    Ok(rows.into_iter().map(sold).collect())
}

impl Sales {
    /// Adds the `span`th span before `as_of`, the newest first.
    fn add(&mut self, span: i64, sold: &Sold) {
        if span == 0 {
            self.units_30 = sold.units;
            self.gross_30 = sold.gross;
            self.sold_30 = sold.sales;
            self.returned_30 = sold.returns;
        } else {
            self.sold_before += sold.sales;
            self.returned_before += sold.returns;
        }
        if span == 1 {
            self.units_earlier = sold.units;
            self.gross_earlier = sold.gross;
            self.sold_earlier = sold.sales;
        }
        if span < 3 {
            self.units_90 += sold.units;
            self.gross_90 += sold.gross;
        }
        self.last_sale = self.last_sale.max(sold.last_sale);
    }
}
