//! The sums of one span of days.

use crate::{
    error::Error,
    money::{Money, round_half_even},
    payload::{PeriodFigures, hundredths_to_f64},
    shop::View,
};

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
        let (gross, refunds, orders, units, customers, fees) = sqlx::query_as(
            "SELECT
                COALESCE(CAST(SUM(CASE WHEN class = 1 THEN amount ELSE 0 END) AS BIGINT), 0),
                COALESCE(CAST(SUM(CASE WHEN class = 2 THEN ABS(amount) ELSE 0 END) AS BIGINT), 0),
                COUNT(DISTINCT CASE WHEN class = 1 THEN invoice END),
                COALESCE(CAST(SUM(CASE WHEN class = 1 THEN quantity ELSE 0 END) AS BIGINT), 0),
                COUNT(DISTINCT CASE WHEN class = 1 THEN customer END),
                COALESCE(CAST(SUM(CASE WHEN class = 3 THEN amount ELSE 0 END) AS BIGINT), 0)
             FROM order_lines WHERE tenant = $1 AND day >= $2 AND day <= $3",
        )
        .bind(&view.shop.tenant)
        .bind(first)
        .bind(last)
        .fetch_one(&mut *view.db)
        .await?;
        Ok(Self {
            gross,
            refunds,
            orders,
            units,
            customers,
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

/// A share in percent with two decimals; `None` of nothing.
pub(super) fn percent(part: i64, whole: i64) -> Option<f64> {
    round_half_even(i128::from(part) * 10_000, i128::from(whole)).map(hundredths_to_f64)
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
