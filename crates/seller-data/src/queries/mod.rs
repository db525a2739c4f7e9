//! The analytics, one module per answer.
use crate::{Error, Store, payload::*};

macro_rules! stubs {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {
        impl Store { $( $(#[$doc])*
            /// # Errors
            ///
            /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
            pub async fn $name(&self, _tenant: &str, $($arg: $ty),*) -> Result<$out, Error> {
            $(let _ = $arg;)*
            Err(Error::new(crate::ErrorKind::Unavailable, "not written yet"))
        } )* }
    };
}

stubs! {
    /// Figures.
    stats() -> MarketplaceStats;
    /// Trends.
    trends(days: u32) -> Trends;
    /// Alerts.
    alerts() -> Alerts;
    /// Insights.
    insights() -> Insights;
    /// Activity.
    activity(limit: u32) -> Activity;
    /// Products.
    products(limit: u32, cursor: Option<&str>, q: Option<&str>) -> Products;
    /// Product.
    product(id: &str) -> Option<Product>;
    /// Pricing.
    pricing_trends(product_id: Option<&str>, days: u32) -> PricingTrends;
    /// Sentiment.
    sentiment_overview(days: u32) -> SentimentOverview;
    /// Forecast.
    demand_forecast(product_id: Option<&str>, horizon: u32) -> DemandForecast;
}
