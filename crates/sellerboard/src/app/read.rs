use std::sync::LazyLock;

use tenantcache::{Endpoint, EntryRef, Tag, Tenant};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::params::{Params, TEXT_BYTES_MAX};
use crate::http::Problem;

/// One cached read, with its parameters validated and normalised: equal reads have equal keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    Activity {
        limit: u32,
    },
    Alerts,
    Forecast {
        product_id: Option<String>,
        horizon: u32,
    },
    Insights,
    Kpis,
    Pricing {
        product_id: Option<String>,
        days: u32,
    },
    Product {
        id: String,
    },
    Products {
        limit: u32,
        cursor: Option<String>,
        q: Option<String>,
    },
    Sentiment {
        days: u32,
    },
    Stats,
    Trends {
        days: u32,
    },
}

/// The longest cursor of a product list.
const CURSOR_BYTES_MAX: usize = 512;

impl Read {
    pub(super) fn activity(params: &Params<'_>) -> Result<Self, Problem> {
        Ok(Self::Activity {
            limit: params.number("limit", 1..=100, 10)?,
        })
    }

    pub(super) fn forecast(params: &Params<'_>) -> Result<Self, Problem> {
        let horizon = params.number("horizon", 1..=90, 30)?;
        Ok(Self::Forecast {
            product_id: product_id(params)?,
            horizon,
        })
    }

    pub(super) fn pricing(params: &Params<'_>) -> Result<Self, Problem> {
        Ok(Self::Pricing {
            product_id: product_id(params)?,
            days: days(params)?,
        })
    }

    pub(super) fn product(id: String) -> Result<Self, Problem> {
        // URL libraries resolve dots: the origin would be asked for something else than a product.
        let is_dots = id == "." || id == "..";
        let sound =
            !id.is_empty() && id.len() <= TEXT_BYTES_MAX && !id.chars().any(char::is_control);
        if sound && !is_dots {
            Ok(Self::Product { id })
        } else {
            Err(Problem::not_found("no such product"))
        }
    }

    pub(super) fn products(params: &Params<'_>) -> Result<Self, Problem> {
        let q = params.text("q", TEXT_BYTES_MAX)?;
        Ok(Self::Products {
            limit: params.number("limit", 1..=100, 20)?,
            cursor: params.text("cursor", CURSOR_BYTES_MAX)?.map(str::to_owned),
            // The search does not tell ASCII cases apart, nor does its key.
            q: q.map(|q| q.trim().to_ascii_lowercase())
                .filter(|q| !q.is_empty()),
        })
    }

    pub(super) fn sentiment(params: &Params<'_>) -> Result<Self, Problem> {
        Ok(Self::Sentiment {
            days: days(params)?,
        })
    }

    pub(super) fn trends(params: &Params<'_>) -> Result<Self, Problem> {
        Ok(Self::Trends {
            days: days(params)?,
        })
    }

    /// The entry that holds the answer, to load it if need be. A product's answer is tagged with the product even if there is
    /// none, so that its creation is noticed.
    pub(super) fn entry(&self, tenant: &Tenant) -> EntryRef {
        let entry = self.entry_at_hand(tenant);
        let product_id = match self {
            Self::Forecast { product_id, .. } | Self::Pricing { product_id, .. } => {
                product_id.as_deref()
            }
            Self::Product { id } => Some(id.as_str()),
            _ => None,
        };
        match product_id.map(|id| Tag::new(&format!("product:{id}"))) {
            Some(Ok(tag)) => entry.tag(tag),
            _ => entry,
        }
    }

    /// The same entry without its tags, which only a load needs.
    pub(super) fn entry_at_hand(&self, tenant: &Tenant) -> EntryRef {
        let entry = tenant.entry(self.endpoint());
        let optional = |entry: EntryRef, name: &str, value: &Option<String>| match value {
            Some(value) => entry.param(name, value),
            None => entry,
        };
        match self {
            Self::Alerts | Self::Insights | Self::Kpis | Self::Stats => entry,
            Self::Activity { limit } => entry.param("limit", limit),
            Self::Sentiment { days } | Self::Trends { days } => entry.param("days", days),
            Self::Forecast {
                product_id,
                horizon,
            } => optional(entry.param("horizon", horizon), "product_id", product_id),
            Self::Pricing { product_id, days } => {
                optional(entry.param("days", days), "product_id", product_id)
            }
            Self::Product { id } => entry.param("id", id),
            Self::Products { limit, cursor, q } => optional(
                optional(entry.param("limit", limit), "cursor", cursor),
                "q",
                q,
            ),
        }
    }

    fn endpoint(&self) -> &'static Endpoint {
        let name = match self {
            Self::Activity { .. } => "dashboard_activity",
            Self::Alerts => "dashboard_alerts",
            Self::Forecast { .. } => "forecast_demand",
            Self::Insights => "dashboard_insights",
            Self::Kpis => "dashboard_kpis",
            Self::Pricing { .. } => "pricing_trends",
            Self::Product { .. } | Self::Products { .. } => "products",
            Self::Sentiment { .. } => "sentiment_overview",
            Self::Stats => "dashboard_stats",
            Self::Trends { .. } => "dashboard_trends",
        };
        endpoint_named(name).expect("every read's endpoint is listed")
    }
}

/// The names of all endpoints, in alphabetical order.
pub(super) const ENDPOINT_NAMES: [&str; 10] = [
    "dashboard_activity",
    "dashboard_alerts",
    "dashboard_insights",
    "dashboard_kpis",
    "dashboard_stats",
    "dashboard_trends",
    "forecast_demand",
    "pricing_trends",
    "products",
    "sentiment_overview",
];
/// One of [`ENDPOINT_NAMES`], for the API's description.
pub(super) enum EndpointName {}

impl ToSchema for EndpointName {}

impl PartialSchema for EndpointName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(ENDPOINT_NAMES))
            .into()
    }
}

/// Those among them whose entries may carry tags.
pub(super) const ENDPOINTS_WITH_TAGS: [&str; 7] = [
    "dashboard_activity",
    "dashboard_alerts",
    "dashboard_insights",
    "forecast_demand",
    "pricing_trends",
    "products",
    "sentiment_overview",
];

/// The endpoint of this name, if it is one of ours.
pub(super) fn endpoint_named(name: &str) -> Option<&'static Endpoint> {
    static ENDPOINTS: LazyLock<Vec<Endpoint>> = LazyLock::new(|| {
        ENDPOINT_NAMES
            .map(|name| Endpoint::new(name).expect("our names are valid"))
            .to_vec()
    });
    ENDPOINTS.iter().find(|endpoint| endpoint.as_str() == name)
}

fn days(params: &Params<'_>) -> Result<u32, Problem> {
    params.number("days", 1..=365, 30)
}

fn product_id(params: &Params<'_>) -> Result<Option<String>, Problem> {
    Ok(params
        .text("product_id", TEXT_BYTES_MAX)?
        .map(str::to_owned))
}
