//! The switches at the root: call counts, faults, liveness.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::body::Body;
use crate::calls::Listing;
use crate::faults::Faults;
use crate::problem::Problem;
use crate::state::AppState;
use crate::webhooks::Tally;

pub(crate) async fn calls(State(state): State<AppState>) -> Json<Listing> {
    Json(state.calls.list())
}

pub(crate) async fn reset_calls(State(state): State<AppState>) -> StatusCode {
    state.calls.reset();
    StatusCode::NO_CONTENT
}

/// Answers the faults as they are now.
pub(crate) async fn set_faults(
    State(state): State<AppState>,
    Body(faults): Body<Faults>,
) -> Result<Json<Faults>, Problem> {
    faults.validate()?;
    tracing::info!(?faults, "faults set");
    state.faults.set(faults.clone());
    Ok(Json(faults))
}

pub(crate) async fn heal(State(state): State<AppState>) -> StatusCode {
    tracing::info!("faults healed");
    state.faults.set(Faults::default());
    StatusCode::NO_CONTENT
}

/// Answers what has become of the events.
pub(crate) async fn webhooks(State(state): State<AppState>) -> Result<Json<Tally>, Problem> {
    let counts = state.store.outbox().counts().await?;
    Ok(Json(state.progress.list(counts)))
}

pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}
