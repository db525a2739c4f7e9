//! Key figures, statistics and the daily trend.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::comparison::Comparison;
use crate::{date::Date, money::Money};

/// The key figures over the 30 days that end with `as_of`, each beside the 30 days before.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Kpis {
    /// The day of the shop's newest order.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// Sales: quantity × price over lines with both above zero, cancellations and fees aside.
    pub gross_revenue: Comparison<Money>,
    /// Lines of cancelling invoices and returned quantities, at their price.
    pub refunds: Comparison<Money>,
    /// Gross revenue less refunds.
    pub net_revenue: Comparison<Money>,
    /// Distinct invoices with a sale.
    pub orders: Comparison<i64>,
    /// Pieces sold.
    pub units: Comparison<i64>,
    /// Gross revenue over orders; 0.00 without orders.
    pub average_order_value: Comparison<Money>,
    /// Distinct known customers with a sale.
    pub customers: Comparison<i64>,
}

/// The figures of one period, without comparison.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PeriodFigures {
    /// Sales: quantity × price over lines with both above zero, cancellations and fees aside.
    pub gross_revenue: Money,
    /// Lines of cancelling invoices and returned quantities, at their price.
    pub refunds: Money,
    /// Gross revenue less refunds.
    pub net_revenue: Money,
    /// Distinct invoices with a sale.
    pub orders: i64,
    /// Pieces sold.
    pub units: i64,
    /// Gross revenue over orders; 0.00 without orders.
    pub average_order_value: Money,
    /// Distinct known customers with a sale.
    pub customers: i64,
    /// The signed sum of quantity × price over fee lines (postage, commissions, manual entries).
    pub fees: Money,
}

/// The periods that end with `as_of`, by their length in days.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Periods {
    /// The last 7 days.
    #[serde(rename = "7")]
    pub days_7: PeriodFigures,
    /// The last 30 days.
    #[serde(rename = "30")]
    pub days_30: PeriodFigures,
    /// The last 90 days.
    #[serde(rename = "90")]
    pub days_90: PeriodFigures,
    /// The last 365 days.
    #[serde(rename = "365")]
    pub days_365: PeriodFigures,
}

/// Statistics over four periods and the state of the catalogue.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Stats {
    /// The day of the shop's newest order.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// The figures by the length of the period in days.
    pub periods: Periods,
    /// How many products the catalogue has.
    pub products: i64,
    /// How many products are out of stock or will be within 14 days at the pace of the last 30.
    pub low_stock: i64,
    /// The signed sum of quantity × price over fee lines of the last 365 days.
    pub fees: Money,
}

/// What the marketplace's `/dashboard/stats` answers: [`Stats`] and [`Kpis`] from one snapshot.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct MarketplaceStats {
    /// The day of the shop's newest order.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// The figures by the length of the period in days.
    pub periods: Periods,
    /// How many products the catalogue has.
    pub products: i64,
    /// How many products are out of stock or will be within 14 days at the pace of the last 30.
    pub low_stock: i64,
    /// The signed sum of quantity × price over fee lines of the last 365 days.
    pub fees: Money,
    /// The key figures with comparison.
    pub kpis: Kpis,
}

impl MarketplaceStats {
    /// The key figures alone.
    #[must_use]
    pub fn into_kpis(self) -> Kpis {
        self.kpis
    }

    /// The statistics alone.
    #[must_use]
    pub fn into_stats(self) -> Stats {
        Stats {
            as_of: self.as_of,
            currency: self.currency,
            timezone: self.timezone,
            periods: self.periods,
            products: self.products,
            low_stock: self.low_stock,
            fees: self.fees,
        }
    }
}

/// The daily course of trade.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Trends {
    /// The day of the shop's newest order, the last point.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// One point per day, oldest first; days without trade are zeros.
    pub points: Vec<TrendPoint>,
}

/// One day of [`Trends`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct TrendPoint {
    /// The day.
    pub date: Date,
    /// Sales of the day.
    pub gross_revenue: Money,
    /// Gross revenue less refunds.
    pub net_revenue: Money,
    /// Refunds of the day.
    pub refunds: Money,
    /// Distinct invoices with a sale on the day.
    pub orders: i64,
    /// Pieces sold.
    pub units: i64,
}
