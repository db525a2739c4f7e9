//! The answers of every business read, as JSON shows them.
//!
//! Each carries `as_of` (the day of the shop's newest order, the last day of every period), the
//! shop's `currency` (ISO 4217) and `timezone` (IANA). Fields may be added; readers ignore unknown
//! ones. No number is ever NaN or infinite.

mod comparison;
mod dashboard;
mod feeds;
mod forecast;
mod pricing;
mod products;
mod sentiment;

pub use comparison::Comparison;
pub(crate) use comparison::hundredths_to_f64;
pub use dashboard::{Kpis, MarketplaceStats, PeriodFigures, Periods, Stats, TrendPoint, Trends};
pub use feeds::{
    Activity, ActivityItem, ActivityKind, Alert, AlertKind, Alerts, Insight, Insights, Severity,
};
pub use forecast::{Backtest, DemandForecast, ForecastPoint};
pub use pricing::{
    CheapestDays, CompetitorPrices, PackSize, PositionPoint, PricePoint, PriceRank, PricingItem,
    PricingPosition, PricingTrends, Weekday,
};
pub use products::{Product, ProductItem, Products};
pub use sentiment::{
    DecidingSentence, DecidingWord, Excerpt, ProductSentiment, SentimentOverview, SentimentPoint,
};

#[cfg(test)]
mod tests;
