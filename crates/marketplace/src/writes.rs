//! The writes: neither slow nor faulty nor counted, so that a test can change data under broken reads.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use seller_data::payload::Product;
use seller_data::{NewOrder, NewPrice, NewReview, ProductPatch, Store};
use serde::Serialize;

use crate::body::Body;
use crate::problem::Problem;
use crate::reads::{no_product, product_id};
use crate::tenant::Tenant;

/// What a creating write answers.
#[derive(Debug, Serialize)]
pub(crate) struct Created {
    id: String,
}

type CreatedAnswer = Result<(StatusCode, Json<Created>), Problem>;

pub(crate) async fn create_order(
    State(store): State<Store>,
    tenant: Tenant,
    Body(order): Body<NewOrder>,
) -> CreatedAnswer {
    created(store.create_order(tenant.as_str(), &order).await)
}

pub(crate) async fn patch_product(
    State(store): State<Store>,
    tenant: Tenant,
    id: Result<Path<String>, PathRejection>,
    Body(patch): Body<ProductPatch>,
) -> Result<Json<Product>, Problem> {
    let id = product_id(id)?;
    let product = store.patch_product(tenant.as_str(), &id, &patch).await?;
    product.map(Json).ok_or_else(no_product)
}

pub(crate) async fn add_review(
    State(store): State<Store>,
    tenant: Tenant,
    Body(review): Body<NewReview>,
) -> CreatedAnswer {
    created(store.add_review(tenant.as_str(), &review).await)
}

pub(crate) async fn observe_price(
    State(store): State<Store>,
    tenant: Tenant,
    Body(price): Body<NewPrice>,
) -> CreatedAnswer {
    created(store.observe_price(tenant.as_str(), &price).await)
}

fn created(result: Result<String, seller_data::Error>) -> CreatedAnswer {
    Ok((StatusCode::CREATED, Json(Created { id: result? })))
}
