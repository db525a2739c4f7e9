//! The whole catalogue with its recent sales: what alerts and insights start from.

use std::collections::BTreeMap;

use crate::{error::Error, shop::View};

/// How many days of sales the stock should last before it counts as low.
pub(super) const COVER_DAYS: i64 = 14;

/// A product and its trade lately. Money in ten-thousandths.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) price: i64,
    pub(super) stock: Option<i64>,
    pub(super) sales: Sales,
}

/// The trade of one product in the spans that end with `as_of`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sales {
    pub(super) units_30: i64,
    pub(super) units_before: i64,
    pub(super) units_90: i64,
    pub(super) gross_7: i64,
    pub(super) gross_28_before: i64,
    pub(super) gross_30: i64,
    pub(super) gross_90: i64,
    pub(super) refunds_90: i64,
    /// The day of the last sale of the 90 days.
    pub(super) last_sale: Option<i64>,
}

impl Entry {
    /// Whether the product is out of stock, or will be within [`COVER_DAYS`] at the pace of the
    /// last 30 days. An unknown stock is not low.
    pub(super) fn is_low(&self) -> bool {
        self.stock.is_some_and(|stock| {
            stock <= 0 || stock.saturating_mul(30) < COVER_DAYS * self.sales.units_30
        })
    }
}

/// Reads every product of the shop, by id.
pub(super) async fn read(view: &mut View) -> Result<Vec<Entry>, Error> {
    let rows: Vec<(String, String, i64, Option<i64>)> = sqlx::query_as(
        "SELECT id, name, price, stock FROM products WHERE tenant = $1 ORDER BY id_key",
    )
    .bind(&view.shop.tenant)
    .fetch_all(&mut *view.db)
    .await?;
    let sales = sales(view).await?;
    let entry = |(id, name, price, stock)| {
        let sales = sales.get(&id).copied().unwrap_or_default();
        Entry {
            id,
            name,
            price,
            stock,
            sales,
        }
    };
    Ok(rows.into_iter().map(entry).collect())
}

type SalesRow = (String, i64, i64, i64, i64, i64, i64, i64, i64, Option<i64>);

async fn sales(view: &mut View) -> Result<BTreeMap<String, Sales>, Error> {
    let rows: Vec<SalesRow> = sqlx::query_as(
        "SELECT product_id,
            CAST(SUM(CASE WHEN class = 1 AND day > $2 - 30 THEN quantity ELSE 0 END) AS BIGINT),
            CAST(SUM(CASE WHEN class = 1 AND day <= $2 - 30 AND day > $2 - 60
                     THEN quantity ELSE 0 END) AS BIGINT),
            CAST(SUM(CASE WHEN class = 1 THEN quantity ELSE 0 END) AS BIGINT),
            CAST(SUM(CASE WHEN class = 1 AND day > $2 - 7 THEN amount ELSE 0 END) AS BIGINT),
            CAST(SUM(CASE WHEN class = 1 AND day <= $2 - 7 AND day > $2 - 35
                     THEN amount ELSE 0 END) AS BIGINT),
            CAST(SUM(CASE WHEN class = 1 AND day > $2 - 30 THEN amount ELSE 0 END) AS BIGINT),
            CAST(SUM(CASE WHEN class = 1 THEN amount ELSE 0 END) AS BIGINT),
            CAST(SUM(CASE WHEN class = 2 THEN ABS(amount) ELSE 0 END) AS BIGINT),
            MAX(CASE WHEN class = 1 THEN day END)
         FROM order_lines
         WHERE tenant = $1 AND day > $2 - 90 AND day <= $2 AND class IN (1, 2)
         GROUP BY product_id",
    )
    .bind(&view.shop.tenant)
    .bind(view.shop.last())
    .fetch_all(&mut *view.db)
    .await?;
    let sales = |row: SalesRow| {
        let sales = Sales {
            units_30: row.1,
            units_before: row.2,
            units_90: row.3,
            gross_7: row.4,
            gross_28_before: row.5,
            gross_30: row.6,
            gross_90: row.7,
            refunds_90: row.8,
            last_sale: row.9,
        };
        (row.0, sales)
    };
    Ok(rows.into_iter().map(sales).collect())
}
