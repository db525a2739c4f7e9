use std::time::Duration;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use seller_data::payload::{
    Activity, Alerts, DemandForecast, Insights, MarketplaceStats, PricingTrends, Product, Products,
    SentimentOverview, Trends,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tenantcache::clock::{Clock as _, SystemClock};
use tenantcache::{Loaded, TenantId, Unavailable};
use tracing::Instrument as _;

use super::body::{Body, BodyMemory};
use super::found::{Payload, found};
use super::{Read, SourceError};
use crate::config::is_loopback;
use crate::traces;

/// The largest answer that is read, inflated.
const BODY_BYTES_MAX: usize = 16 << 20;
/// The largest problem document that is read.
const PROBLEM_BYTES_MAX: usize = 16 << 10;

/// The marketplace's API. Whatever it answers is hostile until it is parsed.
#[derive(Debug)]
pub(crate) struct UpstreamSource {
    client: Client,
    base: Url,
    memory: BodyMemory,
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
            // What is sent again is counted, see `Origin`.
            .retry(reqwest::retry::never())
            .tcp_nodelay(true);
        if is_loopback(&base) {
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build()?,
            base,
            memory: BodyMemory::new(),
        })
    }

    /// What a body says of one read; no body: there is no such thing.
    pub(super) fn parse(
        &self,
        tenant: &TenantId,
        read: &Read,
        body: Option<Body>,
    ) -> Result<Loaded, SourceError> {
        let Some(body) = body else {
            return Ok(Loaded::missing());
        };
        let body = &body.bytes;
        check_tenant(body, tenant)?;
        match read {
            Read::Activity { .. } => parsed::<Activity>(body),
            Read::Alerts => parsed::<Alerts>(body),
            Read::Forecast { .. } => parsed::<DemandForecast>(body),
            Read::Insights => parsed::<Insights>(body),
            Read::Kpis => found(&parse::<MarketplaceStats>(body)?.into_kpis()),
            Read::Pricing { .. } => parsed::<PricingTrends>(body),
            Read::Product { .. } => parsed::<Product>(body),
            Read::Products { .. } => parsed::<Products>(body),
            Read::Sentiment { .. } => parsed::<SentimentOverview>(body),
            Read::Stats => found(&parse::<MarketplaceStats>(body)?.into_stats()),
            Read::Trends { .. } => parsed::<Trends>(body),
        }
    }

    /// The body of a successful answer; `None` if there is no such thing.
    pub(super) async fn fetch(
        &self,
        tenant: &TenantId,
        read: &Read,
    ) -> Result<Option<Body>, SourceError> {
        tracing::info!("Fetching from Mock API...");
        let (path, params) = &target(read);
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        if !params.is_empty() {
            url.query_pairs_mut().extend_pairs(params);
        }
        let request = self.client.get(url).header("X-Tenant-Id", tenant.as_str());
        let trace = traces::call();
        let mut headers = HeaderMap::new();
        traces::inject(&trace, &mut headers);
        let sent = request.headers(headers).send();
        let sent = sent.instrument(trace.clone()).await;
        traces::called(&trace, sent.as_ref().ok().map(Response::status));
        let answer = sent.map_err(transport)?;
        match answer.status() {
            StatusCode::OK => Ok(Some(self.memory.read(answer, BODY_BYTES_MAX).await?)),
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::BAD_REQUEST => Err(SourceError::Parameter {
                name: self.parameter_at_fault(answer).await,
            }),
            status @ (StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => {
                let wait = answer.headers().get(RETRY_AFTER).and_then(retry_after);
                Err(SourceError::Busy {
                    status: status.as_u16(),
                    retry: wait.map(Unavailable::new),
                })
            }
            status => Err(SourceError::Status {
                status: status.as_u16(),
            }),
        }
    }

    async fn parameter_at_fault(&self, answer: Response) -> String {
        let problem = self.memory.read(answer, PROBLEM_BYTES_MAX).await;
        let problem: serde_json::Value = problem
            .ok()
            .and_then(|body| serde_json::from_slice(&body.bytes).ok())
            .unwrap_or_default();
        let name = problem["parameter"]
            .as_str()
            .filter(|name| name.len() <= 64);
        name.unwrap_or("query").to_owned()
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

/// Whose answer it is, if it says so.
#[derive(Deserialize)]
struct Named {
    tenant_id: Option<String>,
}

/// An answer for somebody else must not be served, let alone cached.
fn check_tenant(body: &[u8], tenant: &TenantId) -> Result<(), SourceError> {
    match parse::<Named>(body)?.tenant_id {
        Some(named) if named != tenant.as_str() => {
            tracing::error!(%tenant, "The origin answered for another tenant; dropped");
            Err(SourceError::Foreign)
        }
        _ => Ok(()),
    }
}

/// A number of seconds, or a date (RFC 9110 §10.2.3).
fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let at = Duration::try_from(at.as_duration()).unwrap_or_default();
    Some(at.saturating_sub(SystemClock::default().wall()))
}

fn transport(error: reqwest::Error) -> SourceError {
    if error.is_timeout() {
        SourceError::TimedOut
    } else {
        // The URL holds parameters of a seller's request.
        SourceError::Unreachable(error.without_url().into())
    }
}

/// The answer had begun.
pub(super) fn broken(error: reqwest::Error) -> SourceError {
    if error.is_timeout() {
        SourceError::TimedOut
    } else {
        SourceError::Broken(error.without_url().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let check = |text: &'static str| retry_after(&HeaderValue::from_static(text));
        assert_eq!(check("7"), Some(Duration::from_secs(7)));
        assert_eq!(check("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let far = check("Fri, 31 Dec 2100 23:59:59 GMT").unwrap();
        assert!(far > Duration::from_secs(86_400 * 365), "{far:?}");
        assert_eq!(check("soon"), None);
        assert_eq!(check("-1"), None);
    }

    #[test]
    fn an_answer_that_names_another_tenant_is_refused() {
        let tenant = TenantId::new("tenant-001").unwrap();
        let check = |body: &str| check_tenant(body.as_bytes(), &tenant);
        assert!(check("{}").is_ok());
        assert!(check(r#"{"tenant_id":"tenant-001"}"#).is_ok());
        let foreign = check(r#"{"items":[],"tenant_id":"tenant-002"}"#);
        assert!(matches!(foreign, Err(SourceError::Foreign)));
        for twisted in [
            r#"{"tenant_id":7}"#,
            r#"{"tenant_id":"tenant-001","tenant_id":"tenant-002"}"#,
        ] {
            assert!(matches!(check(twisted), Err(SourceError::Unreadable(_))));
        }
    }
}
