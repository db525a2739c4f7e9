use seller_data::payload::{
    Activity, Alerts, DemandForecast, Insights, Kpis, PricingTrends, Product, Products,
    SentimentOverview, Stats, Trends,
};
use serde::Serialize;
use tenantcache::{Loaded, Tag};

use super::SourceError;

/// An answer as it is served and cached: `{"payload": …}`.
#[derive(Serialize)]
struct Envelope<'a, T> {
    payload: &'a T,
}

/// A payload, and the products and orders that it shows.
pub(super) trait Payload: Serialize {
    /// The ids behind the tags `product:{id}`.
    fn product_ids(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The ids behind the tags `order:{id}`.
    fn order_ids(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// The bytes to serve, with the tags that the payload shows.
pub(super) fn found<T: Payload>(payload: &T) -> Result<Loaded, SourceError> {
    let body = serde_json::to_vec(&Envelope { payload })
        .map_err(|error| SourceError::Unreadable(error.into()))?;
    let products = payload
        .product_ids()
        .into_iter()
        .map(|id| format!("product:{id}"));
    let orders = payload
        .order_ids()
        .into_iter()
        .map(|id| format!("order:{id}"));
    let loaded = Loaded::new(body).with_content_type("application/json");
    // An id that cannot be a tag must not make its answer survive the product's invalidation.
    Ok(
        match products
            .chain(orders)
            .map(|tag| Tag::new(&tag))
            .collect::<Result<Vec<_>, _>>()
        {
            Ok(tags) => loaded.with_tags(tags),
            Err(_) => loaded.with_unknown_tags(),
        },
    )
}

impl Payload for DemandForecast {}
impl Payload for Kpis {}
impl Payload for Stats {}
impl Payload for Trends {}

impl Payload for Activity {
    fn product_ids(&self) -> Vec<&str> {
        self.items
            .iter()
            .filter_map(|item| item.product_id.as_deref())
            .collect()
    }

    fn order_ids(&self) -> Vec<&str> {
        self.items
            .iter()
            .filter_map(|item| item.order_id.as_deref())
            .collect()
    }
}

impl Payload for Alerts {
    fn product_ids(&self) -> Vec<&str> {
        self.items
            .iter()
            .filter_map(|item| item.product_id.as_deref())
            .collect()
    }
}

impl Payload for Insights {
    fn product_ids(&self) -> Vec<&str> {
        self.items
            .iter()
            .filter_map(|item| item.figures.get("product_id")?.as_str())
            .collect()
    }
}

impl Payload for PricingTrends {
    fn product_ids(&self) -> Vec<&str> {
        self.items
            .iter()
            .map(|item| item.product_id.as_str())
            .collect()
    }
}

impl Payload for Product {
    fn product_ids(&self) -> Vec<&str> {
        vec![&self.id]
    }
}

impl Payload for Products {
    fn product_ids(&self) -> Vec<&str> {
        self.items.iter().map(|item| item.id.as_str()).collect()
    }
}

impl Payload for SentimentOverview {
    fn product_ids(&self) -> Vec<&str> {
        self.products
            .iter()
            .map(|product| product.product_id.as_str())
            .collect()
    }
}
