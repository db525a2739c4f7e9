//! What a business read goes through before it is computed.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::problem::Problem;
use crate::state::AppState;
use crate::tenant::Tenant;

/// Counts the read, lets it wait, and fails it if the faults say so.
pub(crate) async fn pass(
    State(state): State<AppState>,
    tenant: Tenant,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path = request.uri().path().to_owned();
    state.calls.count(&tenant, &path);
    state.faults.suffer(&path, state.latency).await?;
    Ok(next.run(request).await)
}
