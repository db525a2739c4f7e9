use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use seller_data::payload::{
    Activity, Alerts, DemandForecast, Insights, MarketplaceStats, PricingTrends, Product, Products,
    SentimentOverview, Trends,
};
use serde::de::DeserializeOwned;
use tenantcache::{Loaded, TenantId};

use super::found::{Payload, found};
use super::{Read, SourceError};
use crate::config::is_loopback;

/// The largest answer that is read.
const BODY_BYTES_MAX: usize = 16 << 20;
/// The largest problem document that is read.
const PROBLEM_BYTES_MAX: usize = 16 << 10;

/// The marketplace's API. Whatever it answers is hostile until it is parsed.
#[derive(Clone, Debug)]
pub(crate) struct UpstreamSource {
    client: Client,
    base: Url,
}

/// A path below `/api/v1`, and parameters.
type Target<'a> = (Vec<&'a str>, Vec<(&'static str, String)>);

impl UpstreamSource {
    /// A source at `base`; each load has `timeout` in all.
    pub(crate) fn new(base: Url, timeout: Duration) -> Result<Self, reqwest::Error> {
        let mut client = Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout)
            // A redirect could carry one tenant's request to another host.
            .redirect(Policy::none())
            .tcp_nodelay(true);
        if is_loopback(&base) {
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build()?,
            base,
        })
    }

    pub(super) async fn load(&self, tenant: &TenantId, read: &Read) -> Result<Loaded, SourceError> {
        tracing::info!("Fetching from Mock API...");
        let Some(body) = self.fetch(tenant, &target(read)).await? else {
            return Ok(Loaded::missing());
        };
        match read {
            Read::Activity { .. } => parsed::<Activity>(&body),
            Read::Alerts => parsed::<Alerts>(&body),
            Read::Forecast { .. } => parsed::<DemandForecast>(&body),
            Read::Insights => parsed::<Insights>(&body),
            Read::Kpis => found(&parse::<MarketplaceStats>(&body)?.into_kpis()),
            Read::Pricing { .. } => parsed::<PricingTrends>(&body),
            Read::Product { .. } => parsed::<Product>(&body),
            Read::Products { .. } => parsed::<Products>(&body),
            Read::Sentiment { .. } => parsed::<SentimentOverview>(&body),
            Read::Stats => found(&parse::<MarketplaceStats>(&body)?.into_stats()),
            Read::Trends { .. } => parsed::<Trends>(&body),
        }
    }

    /// The body of a successful answer; `None` if there is no such thing.
    async fn fetch(
        &self,
        tenant: &TenantId,
        (path, params): &Target<'_>,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        if !params.is_empty() {
            url.query_pairs_mut().extend_pairs(params);
        }
        let request = self.client.get(url).header("X-Tenant-Id", tenant.as_str());
        let answer = request.send().await.map_err(transport)?;
        match answer.status() {
            StatusCode::OK => Ok(Some(body(answer, BODY_BYTES_MAX).await?)),
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::BAD_REQUEST => Err(SourceError::Parameter {
                name: parameter_at_fault(answer).await,
            }),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                let retry_after = answer.headers().get(RETRY_AFTER);
                let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
                Err(SourceError::Busy {
                    retry_after: seconds.map(Duration::from_secs),
                })
            }
            status => Err(SourceError::Status {
                status: status.as_u16(),
            }),
        }
    }
}

fn target(read: &Read) -> Target<'_> {
    let optional = |name, value: &Option<String>| value.clone().map(|value| (name, value));
    match read {
        Read::Activity { limit } => (
            vec!["dashboard", "activity"],
            vec![("limit", limit.to_string())],
        ),
        Read::Alerts => (vec!["dashboard", "alerts"], vec![]),
        Read::Forecast {
            product_id,
            horizon,
        } => {
            let horizon = ("horizon", horizon.to_string());
            let params = optional("product_id", product_id)
                .into_iter()
                .chain([horizon])
                .collect();
            (vec!["forecast", "demand"], params)
        }
        Read::Insights => (vec!["dashboard", "insights"], vec![]),
        Read::Kpis | Read::Stats => (vec!["dashboard", "stats"], vec![]),
        Read::Pricing { product_id, days } => {
            let days = ("days", days.to_string());
            let params = optional("product_id", product_id)
                .into_iter()
                .chain([days])
                .collect();
            (vec!["pricing", "trends"], params)
        }
        Read::Product { id } => (vec!["products", id], vec![]),
        Read::Products { limit, cursor, q } => {
            let limit = ("limit", limit.to_string());
            let params = [Some(limit), optional("cursor", cursor), optional("q", q)];
            (vec!["products"], params.into_iter().flatten().collect())
        }
        Read::Sentiment { days } => (
            vec!["sentiment", "overview"],
            vec![("days", days.to_string())],
        ),
        Read::Trends { days } => (
            vec!["dashboard", "trends"],
            vec![("days", days.to_string())],
        ),
    }
}

fn parsed<T: Payload + DeserializeOwned>(body: &[u8]) -> Result<Loaded, SourceError> {
    found(&parse::<T>(body)?)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, SourceError> {
    serde_json::from_slice(body).map_err(|error| SourceError::Unreadable(error.into()))
}

/// Reads a body, and stops as soon as it is larger than it may be, whatever its length was said to be.
async fn body(mut answer: Response, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(transport)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(SourceError::TooLarge { bytes_max });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn parameter_at_fault(answer: Response) -> String {
    let problem = body(answer, PROBLEM_BYTES_MAX).await.unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_slice(&problem).unwrap_or_default();
    let name = problem["parameter"]
        .as_str()
        .filter(|name| name.len() <= 64);
    name.unwrap_or("query").to_owned()
}

fn transport(error: reqwest::Error) -> SourceError {
    if error.is_timeout() {
        SourceError::TimedOut
    } else {
        // The URL holds parameters of a seller's request.
        SourceError::Unreachable(error.without_url().into())
    }
}
