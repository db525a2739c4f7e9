//! The sellers' reads, all alike: parse, ask the cache, render.

use std::error::Error as _;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use seller_data::payload;
use serde::Serialize;
use tenantcache::{Error, ErrorKind};
use tracing::Instrument as _;
use utoipa::ToSchema;

use super::answer::{respond, respond_failed};
use super::caller::Caller;
use super::latency::Stopwatch;
use super::params::Params;
use super::read::Read;
use super::source::{SourceError, unavailable};
use super::state::AppState;
use crate::http::{Problem, ProblemDocument};
use crate::traces;

/// What every successful read is wrapped in.
#[derive(Serialize, ToSchema)]
pub(super) struct Envelope<T> {
    payload: T,
}

macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident, $path:literal, $payload:ty, [$($param:tt)*], $parse:expr;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            get, path = $path, tag = "dashboard", params($($param)*),
            responses(
                (status = 200, body = Envelope<$payload>, description = "The answer, and how it was come by",
                    headers(("Cache-Status" = String, description = "RFC 9211"), ("ETag" = String, description = "Strong"),
                        ("Age" = u64, description = "Seconds since the answer was loaded"))),
                (status = 304, description = "The client has this answer already"),
                (status = 400, body = ProblemDocument, description = "A parameter is not valid", content_type = "application/problem+json"),
                (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json"),
                (status = 404, body = ProblemDocument, description = "No such product", content_type = "application/problem+json"),
                (status = 429, body = ProblemDocument, description = "Too many requests of this tenant", content_type = "application/problem+json"),
                (status = 502, body = ProblemDocument, description = "The origin failed", content_type = "application/problem+json"),
                (status = 503, body = ProblemDocument, description = "The origin is busy", content_type = "application/problem+json"),
                (status = 504, body = ProblemDocument, description = "The origin did not answer in time", content_type = "application/problem+json"),
            ),
        )]
        pub(super) async fn $name(
            State(app): State<AppState>,
            caller: Caller,
            uri: Uri,
            headers: HeaderMap,
        ) -> Result<Response, Problem> {
            let parse: Parse = $parse;
            answer(&app, &caller, parse(&Params::of(&uri))?, headers).await
        }
    )*

    /// What is read at a path, but for a product, whose path has its id in it.
    fn parser(path: &str) -> Option<Parse> {
        Some(match path {
            $($path => $parse as Parse,)*
            _ => return None,
        })
    }};
}

type Parse = fn(&Params<'_>) -> Result<Read, Problem>;

reads! {
    /// Key figures of the last 30 days, beside the 30 days before.
    kpis, "/api/v1/dashboard/kpis", payload::Kpis, [], |_| Ok(Read::Kpis);
    /// Revenue, refunds, orders and units by day.
    trends, "/api/v1/dashboard/trends", payload::Trends,
        [("days" = Option<u32>, Query, minimum = 1, maximum = 365, description = "Default 30")], Read::trends;
    /// What needs attention, most severe first.
    alerts, "/api/v1/dashboard/alerts", payload::Alerts, [], |_| Ok(Read::Alerts);
    /// Observations in plain sentences.
    insights, "/api/v1/dashboard/insights", payload::Insights, [], |_| Ok(Read::Insights);
    /// Figures of 7, 30, 90 and 365 days.
    stats, "/api/v1/dashboard/stats", payload::Stats, [], |_| Ok(Read::Stats);
    /// What happened lately, newest first.
    activity, "/api/v1/dashboard/activity", payload::Activity,
        [("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Default 10")], Read::activity;
    /// The catalogue, by pages.
    products, "/api/v1/products", payload::Products,
        [("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Default 20"),
         ("cursor" = Option<String>, Query, min_length = 2, max_length = 512, pattern = "^([0-9a-f]{2})+$", description = "The next_cursor of the page before"),
         ("q" = Option<String>, Query, min_length = 1, max_length = 128, pattern = r"^[^\x00-\x1F\x7F-\x9F]*$", description = "Part of a name or SKU")], Read::products;
    /// Own and competitors' prices.
    pricing, "/api/v1/pricing/trends", payload::PricingTrends,
        [("product_id" = Option<String>, Query, min_length = 1, max_length = 128, pattern = r"^[^\x00-\x1F\x7F-\x9F]*$", description = "Default: all products"),
         ("days" = Option<u32>, Query, minimum = 1, maximum = 365, description = "Default 30")], Read::pricing;
    /// What reviews say.
    sentiment, "/api/v1/sentiment/overview", payload::SentimentOverview,
        [("days" = Option<u32>, Query, minimum = 1, maximum = 365, description = "Default 30")], Read::sentiment;
    /// Units expected to be sold, by day.
    forecast, "/api/v1/forecast/demand", payload::DemandForecast,
        [("product_id" = Option<String>, Query, min_length = 1, max_length = 128, pattern = r"^[^\x00-\x1F\x7F-\x9F]*$", description = "Default: the whole shop"),
         ("horizon" = Option<u32>, Query, minimum = 1, maximum = 90, description = "Days, default 30")], Read::forecast;
}

/// One product.
#[utoipa::path(
    get, path = "/api/v1/products/{id}", tag = "dashboard",
    params(("id" = String, Path, description = "The product's id")),
    responses(
        (status = 200, body = Envelope<payload::Product>, description = "The product"),
        (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json"),
        (status = 404, body = ProblemDocument, description = "No such product", content_type = "application/problem+json"),
    ),
)]
pub(super) async fn product(
    State(app): State<AppState>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| Problem::not_found("no such product"))?;
    answer(&app, &caller, Read::product(id)?, headers).await
}

/// What a request reads, if its path is one of ours and its parameters are in order. A product's id with escapes in it is
/// left to the router.
pub(super) fn read_at(uri: &Uri) -> Option<Read> {
    let path = uri.path();
    match path.strip_prefix("/api/v1/products/") {
        Some(id) if id.contains(['%', '/']) => None,
        Some(id) => Read::product(id.to_owned()).ok(),
        None => parser(path)?(&Params::of(uri)).ok(),
    }
}

/// What the cache has for a read, loading it if need be, as an answer.
pub(super) async fn answer(
    app: &AppState,
    caller: &Caller,
    read: Read,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let stopwatch = Stopwatch::start();
    let mut entry = read.entry(&caller.cache(app));
    let key = entry
        .key()
        .map_err(|_| Problem::bad_request("the parameters are too long in all"))?;
    if demands_reload(&headers) && app.limits.admit_reload(caller.tenant()) {
        entry = entry.reload();
    }
    let (source, tenant) = (app.source.clone(), caller.tenant().clone());
    let trace = traces::read(key.endpoint());
    let loaded = entry
        .get_or_load(async move |_| source.load(&tenant, &read).await)
        .instrument(trace.clone())
        .await;
    traces::cached(&trace, loaded.as_ref());
    stopwatch.stop(&app.latencies, key.endpoint(), loaded.as_ref());
    Ok(match loaded {
        Ok(answer) => respond(&answer, headers).map(Body::from),
        Err(error) => respond_failed(problem(&error), &key),
    })
}

/// The request's `Cache-Control: no-cache` (RFC 9111 §5.2.1.4).
pub(super) fn demands_reload(headers: &HeaderMap) -> bool {
    let listed = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok());
    listed
        .flat_map(|list| list.split(','))
        .any(|one| one.trim().eq_ignore_ascii_case("no-cache"))
}

fn problem(error: &Error) -> Problem {
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<SourceError>());
    match (source, error.kind()) {
        (Some(source), _) => source.problem(),
        (None, ErrorKind::LoadTimedOut) => Problem::origin_timeout(),
        (None, ErrorKind::Overloaded) => unavailable(
            "too much is being read from the source of the data",
            error.retry_after().unwrap_or_default(),
        ),
        (None, _) => Problem::internal(),
    }
}
