//! The daily course of trade.

use std::collections::BTreeMap;

use super::figures::Figures;
use crate::{
    date::Date,
    error::Error,
    payload::{TrendPoint, Trends},
    shop::View,
    store::Store,
};

impl Store {
    /// One point per day over the `days` that end with the newest order; 1 to 365 make sense.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
    pub async fn trends(&self, tenant: &str, days: u32) -> Result<Trends, Error> {
        let mut view = self.view(tenant).await?;
        let (first, last) = (view.shop.first_of(days.min(3660)), view.shop.last());
        let by_day = daily(&mut view, first, last).await?;
        let points = (first..=last)
            .map(|day| point(day, &by_day.get(&day).copied().unwrap_or_default()))
            .collect();
        let shop = view.shop;
        Ok(Trends {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            points,
        })
    }
}

/// The figures of each day with trade; `customers` and `fees` are not read.
pub(super) async fn daily(
    view: &mut View,
    first: i64,
    last: i64,
) -> Result<BTreeMap<i64, Figures>, Error> {
    let rows: Vec<(i64, i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT day, gross, refunds, orders, units FROM day_totals
         WHERE tenant = $1 AND day >= $2 AND day <= $3",
    )
    .bind(&view.shop.tenant)
    .bind(first)
    .bind(last)
    .fetch_all(&mut *view.db)
    .await?;
    let figures = |(day, gross, refunds, orders, units)| {
        (
            day,
            Figures {
                gross,
                refunds,
                orders,
                units,
                ..Figures::default()
            },
        )
    };
    Ok(rows.into_iter().map(figures).collect())
}

fn point(day: i64, figures: &Figures) -> TrendPoint {
    TrendPoint {
        date: Date::from_epoch_days(day),
        gross_revenue: figures.gross_revenue(),
        net_revenue: figures.net_revenue(),
        refunds: figures.refunded(),
        orders: figures.orders,
        units: figures.units,
    }
}
