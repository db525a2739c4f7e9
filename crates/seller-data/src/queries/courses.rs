//! The daily course of a shop and of some of its products.

use std::collections::HashMap;

use alarms::Demand;
use sqlx::{AssertSqlSafe, SqlSafeStr as _};

use super::forecast::{of_open_days, units_per_day};
use crate::{closures::Closures, error::Error, shop::View};

/// How much of the shop's history is looked at, in days: what was closed last year tells what will be.
const SHOP_DAYS: u32 = 730;

/// And of a product's: half a year, which is more than thirteen weeks and four, and enough to test forecasts on.
const PRODUCT_DAYS: u32 = 182;

/// What was sold on a day.
#[derive(Clone, Copy, Debug)]
struct Sold {
    day: i64,
    orders: i64,
    units: i64,
}

/// Days with trade, of the shop and of the products that were asked for.
#[derive(Debug)]
pub(super) struct Courses {
    last: i64,
    closures: Closures,
    shop: Vec<(i64, i64)>,
    products: HashMap<String, Vec<Sold>>,
}

impl Courses {
    pub(super) async fn read(view: &mut View, products: &[&str]) -> Result<Self, Error> {
        let last = view.shop.last();
        let shop: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT day, orders FROM day_totals
             WHERE tenant = $1 AND orders > 0 AND day >= $2 AND day <= $3 ORDER BY day",
        )
        .bind(&view.shop.tenant)
        .bind(view.shop.first_of(SHOP_DAYS))
        .bind(last)
        .fetch_all(&mut *view.db)
        .await?;
        let first = shop.first().map_or(last + 1, |&(day, _)| day);
        let mut traded = vec![false; usize::try_from(last + 1 - first).unwrap_or(0)];
        for (day, _) in &shop {
            if let Some(traded) = usize::try_from(day - first)
                .ok()
                .and_then(|at| traded.get_mut(at))
            {
                *traded = true;
            }
        }
        Ok(Self {
            last,
            closures: Closures::of(traded, first),
            shop,
            products: sold(view, products).await?,
        })
    }

    /// Orders a day of the shop, up to the day before `as_of`, which may not be over yet.
    pub(super) fn orders(&self) -> Vec<f64> {
        units_per_day(&self.shop, self.last - 1, &self.closures)
    }

    /// The same of a product.
    pub(super) fn orders_of(&self, product: &str) -> Vec<f64> {
        units_per_day(
            &self.by_day(product, |sold| sold.orders),
            self.last - 1,
            &self.closures,
        )
    }

    /// What is expected of a product in the `days` after `as_of`.
    pub(super) fn demand(&self, product: &str, days: usize) -> Demand {
        let units = self.by_day(product, |sold| sold.units);
        let history = units_per_day(&units, self.last, &self.closures);
        let forecast = of_open_days(&history, &self.closures, days, self.last);
        Demand {
            mean: forecast.bands.iter().map(|band| band.mean).sum(),
            deviation: forecast.deviation,
        }
    }

    /// The first day since which no more than `pieces` were left of a product of which `stock` are left now, if nothing was
    /// delivered.
    pub(super) fn fell_to(&self, product: &str, stock: i64, pieces: f64) -> i64 {
        let mut left = stock;
        let mut since = self.last;
        for sold in self.products.get(product).into_iter().flatten().rev() {
            since = sold.day;
            left = left.saturating_add(sold.units);
            #[expect(clippy::cast_precision_loss, reason = "far below 2^53 pieces")]
            if left as f64 > pieces {
                break;
            }
        }
        since
    }

    fn by_day(&self, product: &str, of: fn(&Sold) -> i64) -> Vec<(i64, i64)> {
        let sold = self.products.get(product).into_iter().flatten();
        sold.map(|sold| (sold.day, of(sold))).collect()
    }
}

async fn sold(view: &mut View, products: &[&str]) -> Result<HashMap<String, Vec<Sold>>, Error> {
    if products.is_empty() {
        return Ok(HashMap::new());
    }
    let marks: Vec<String> = (0..products.len())
        .map(|at| format!("${}", at + 4))
        .collect();
    let sql = format!(
        "SELECT product_id, day, sales, units FROM product_days
         WHERE tenant = $1 AND units > 0 AND day >= $2 AND day <= $3 AND product_id IN ({})
         ORDER BY day",
        marks.join(", ")
    );
    // Marks are all that is put into the statement.
    let query = sqlx::query_as(AssertSqlSafe(sql).into_sql_str())
        .bind(&view.shop.tenant)
        .bind(view.shop.first_of(PRODUCT_DAYS))
        .bind(view.shop.last());
    let query = products.iter().fold(query, |query, id| query.bind(*id));
    let rows: Vec<(String, i64, i64, i64)> = query.fetch_all(&mut *view.db).await?;
    let mut products: HashMap<String, Vec<Sold>> = HashMap::new();
    for (product, day, orders, units) in rows {
        products
            .entry(product)
            .or_default()
            .push(Sold { day, orders, units });
    }
    Ok(products)
}
