//! The business reads: parse, ask the store, answer the bare payload.

use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use seller_data::Store;
use seller_data::payload::{
    Activity, Alerts, DemandForecast, Insights, MarketplaceStats, PricingTrends, Product, Products,
    SentimentOverview, Trends,
};

use crate::params::Params;
use crate::problem::Problem;
use crate::tenant::Tenant;

type Answer<T> = Result<Json<T>, Problem>;

const DAYS: RangeInclusive<u32> = 1..=365;
const DAYS_DEFAULT: u32 = 30;
const HORIZON: RangeInclusive<u32> = 1..=90;
const HORIZON_DEFAULT: u32 = 30;
const LIMIT: RangeInclusive<u32> = 1..=100;
const ACTIVITY_LIMIT_DEFAULT: u32 = 10;
const PRODUCTS_LIMIT_DEFAULT: u32 = 20;

pub(crate) async fn stats(State(store): State<Store>, tenant: Tenant) -> Answer<MarketplaceStats> {
    Ok(Json(store.stats(tenant.as_str()).await?))
}

pub(crate) async fn trends(
    State(store): State<Store>,
    tenant: Tenant,
    params: Params,
) -> Answer<Trends> {
    let days = params.number("days", DAYS, DAYS_DEFAULT)?;
    Ok(Json(store.trends(tenant.as_str(), days).await?))
}

pub(crate) async fn alerts(State(store): State<Store>, tenant: Tenant) -> Answer<Alerts> {
    Ok(Json(store.alerts(tenant.as_str()).await?))
}

pub(crate) async fn insights(State(store): State<Store>, tenant: Tenant) -> Answer<Insights> {
    Ok(Json(store.insights(tenant.as_str()).await?))
}

pub(crate) async fn activity(
    State(store): State<Store>,
    tenant: Tenant,
    params: Params,
) -> Answer<Activity> {
    let limit = params.number("limit", LIMIT, ACTIVITY_LIMIT_DEFAULT)?;
    Ok(Json(store.activity(tenant.as_str(), limit).await?))
}

pub(crate) async fn products(
    State(store): State<Store>,
    tenant: Tenant,
    params: Params,
) -> Answer<Products> {
    let limit = params.number("limit", LIMIT, PRODUCTS_LIMIT_DEFAULT)?;
    let (cursor, q) = (params.text("cursor")?, params.text("q")?);
    Ok(Json(
        store.products(tenant.as_str(), limit, cursor, q).await?,
    ))
}

pub(crate) async fn product(
    State(store): State<Store>,
    tenant: Tenant,
    id: Result<Path<String>, PathRejection>,
) -> Answer<Product> {
    let id = product_id(id)?;
    let product = store.product(tenant.as_str(), &id).await?;
    product.map(Json).ok_or_else(no_product)
}

pub(crate) async fn pricing_trends(
    State(store): State<Store>,
    tenant: Tenant,
    params: Params,
) -> Answer<PricingTrends> {
    let product_id = params.text("product_id")?;
    let days = params.number("days", DAYS, DAYS_DEFAULT)?;
    Ok(Json(
        store
            .pricing_trends(tenant.as_str(), product_id, days)
            .await?,
    ))
}

pub(crate) async fn sentiment_overview(
    State(store): State<Store>,
    tenant: Tenant,
    params: Params,
) -> Answer<SentimentOverview> {
    let days = params.number("days", DAYS, DAYS_DEFAULT)?;
    Ok(Json(store.sentiment_overview(tenant.as_str(), days).await?))
}

pub(crate) async fn demand_forecast(
    State(store): State<Store>,
    tenant: Tenant,
    params: Params,
) -> Answer<DemandForecast> {
    let product_id = params.text("product_id")?;
    let horizon = params.number("horizon", HORIZON, HORIZON_DEFAULT)?;
    Ok(Json(
        store
            .demand_forecast(tenant.as_str(), product_id, horizon)
            .await?,
    ))
}

/// The id in the path. One that is not UTF-8 names no product.
pub(crate) fn product_id(id: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    id.map(|Path(id)| id).map_err(|_| no_product())
}

pub(crate) fn no_product() -> Problem {
    Problem::not_found("no such product")
}
