//! The sums of one span of days.

use crate::{error::Error, money::Money, payload::PeriodFigures, shop::View};

/// Exact sums over a span, in ten-thousandths where they are money.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Figures {
    pub(super) gross: i64,
    pub(super) refunds: i64,
    pub(super) orders: i64,
    pub(super) units: i64,
    pub(super) customers: i64,
    pub(super) fees: i64,
}

impl Figures {
    /// The sums from `first` to `last`, both included.
    pub(super) async fn read(view: &mut View, first: i64, last: i64) -> Result<Self, Error> {
        type Sums = (i64, i64, i64, i64, i64, i64);
        let (gross, refunds, orders, units, customers, fees): Sums = sqlx::query_as(
            "SELECT COALESCE(CAST(SUM(gross) AS BIGINT), 0),
                COALESCE(CAST(SUM(refunds) AS BIGINT), 0),
                COALESCE(CAST(SUM(orders) AS BIGINT), 0),
                COALESCE(CAST(SUM(units) AS BIGINT), 0),
                COALESCE(CAST(SUM(customers) AS BIGINT), 0),
                COALESCE(CAST(SUM(fees) AS BIGINT), 0)
             FROM day_totals WHERE tenant = $1 AND day >= $2 AND day <= $3",
        )
        .bind(&view.shop.tenant)
        .bind(first)
        .bind(last)
        .fetch_one(&mut *view.db)
        .await?;
        Ok(Self {
            gross,
            refunds,
            orders: orders - again(view, ORDERS, first, last).await?,
            units,
            customers: customers - again(view, CUSTOMERS, first, last).await?,
            fees,
        })
    }

    pub(super) fn gross_revenue(&self) -> Money {
        Money::from_units(self.gross)
    }

    pub(super) fn refunded(&self) -> Money {
        Money::from_units(self.refunds)
    }

    /// Net revenue, rounded once from the exact difference.
    pub(super) fn net_revenue(&self) -> Money {
        Money::from_units(self.gross.saturating_sub(self.refunds))
    }

    pub(super) fn average_order_value(&self) -> Money {
        Money::from_ratio(self.gross, self.orders)
    }
}

/// The kinds of what appears, as stored.
const ORDERS: i64 = 1;
const CUSTOMERS: i64 = 3;

/// How often one that is counted on a day was counted on an earlier day of the span.
async fn again(view: &mut View, kind: i64, first: i64, last: i64) -> Result<i64, Error> {
    let (count,) = sqlx::query_as(
        "SELECT COALESCE(CAST(SUM(count) AS BIGINT), 0) FROM recurrences
         WHERE tenant = $1 AND kind = $2 AND earlier >= $3 AND later <= $4",
    )
    .bind(&view.shop.tenant)
    .bind(kind)
    .bind(first)
    .bind(last)
    .fetch_one(&mut *view.db)
    .await?;
    Ok(count)
}

impl From<Figures> for PeriodFigures {
    fn from(figures: Figures) -> Self {
        Self {
            gross_revenue: figures.gross_revenue(),
            refunds: figures.refunded(),
            net_revenue: figures.net_revenue(),
            orders: figures.orders,
            units: figures.units,
            average_order_value: figures.average_order_value(),
            customers: figures.customers,
            fees: Money::from_units(figures.fees),
        }
    }
}
