use std::collections::VecDeque;

use axum::Json;
use axum::extract::State;
use parking_lot::Mutex;
use serde::Serialize;
use tenantcache::{Scope, TenantId};
use utoipa::ToSchema;

use super::{rfc3339, wall};
use crate::app::caller::Caller;
use crate::app::params::{Params, TEXT_BYTES_MAX};
use crate::app::state::AppState;
use crate::http::{Problem, ProblemDocument};

/// The most invalidations that are remembered.
const RECORDS_MAX: usize = 1_000;
/// The most scopes of a replay that are named one by one.
const SCOPES_NAMED_MAX: usize = 8;

/// The latest invalidations made on this node, in memory; the log has them all.
#[derive(Debug, Default)]
pub(in crate::app) struct InvalidationLog {
    records: Mutex<VecDeque<InvalidationRecord>>,
}

/// One invalidation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::app) struct InvalidationRecord {
    /// When, RFC 3339.
    pub(in crate::app) at: String,
    /// Whose entries.
    pub(in crate::app) tenant: String,
    /// What it covers, such as `endpoint products`, or several such.
    pub(in crate::app) scope: String,
    /// `applied` or `queued`.
    pub(in crate::app) status: String,
    /// The tenant's generation, if it was applied at once.
    pub(in crate::app) generation: Option<u64>,
    /// What it was made for: `request`, `console` or `command line`, the event's type and id, or `replay`: what had been
    /// queued, sent to Redis again.
    pub(in crate::app) cause: String,
    /// Who made it.
    pub(in crate::app) by: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Invalidations {
    items: Vec<InvalidationRecord>,
    next_cursor: Option<String>,
}

impl InvalidationLog {
    pub(in crate::app) fn add(&self, record: InvalidationRecord) {
        let mut records = self.records.lock();
        if records.len() == RECORDS_MAX {
            records.pop_back();
        }
        records.push_front(record);
    }

    /// Adds what had been queued and is applied now.
    pub(in crate::app) fn replayed(&self, tenant: &TenantId, scopes: &[Scope], generation: u64) {
        let named = scopes
            .iter()
            .take(SCOPES_NAMED_MAX)
            .map(ToString::to_string);
        let mut scope = named.collect::<Vec<_>>().join(", ");
        if let Some(more) = scopes
            .len()
            .checked_sub(SCOPES_NAMED_MAX)
            .filter(|n| *n > 0)
        {
            scope.push_str(&format!(" and {more} more"));
        }
        self.add(InvalidationRecord {
            at: rfc3339(wall()),
            tenant: tenant.to_string(),
            scope,
            status: "applied".to_owned(),
            generation: Some(generation),
            cause: "replay".to_owned(),
            by: "this node".to_owned(),
        });
    }

    fn of(&self, tenant: Option<&TenantId>, limit: usize) -> Vec<InvalidationRecord> {
        let wanted = |record: &&InvalidationRecord| {
            tenant.is_none_or(|tenant| record.tenant == tenant.as_str())
        };
        self.records
            .lock()
            .iter()
            .filter(wanted)
            .take(limit)
            .cloned()
            .collect()
    }
}

/// The latest invalidations made on this node, newest first: the caller's tenant's, or with cache:admin everybody's.
#[utoipa::path(
    get, path = "/api/v1/cache/invalidations", tag = "cache",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Default 100"),
        ("tenant" = Option<String>, Query, min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.@+-]+$", description = "One tenant; another than the caller's needs cache:admin")),
    responses((status = 200, body = Invalidations, description = "The list"),
        (status = 400, body = ProblemDocument, description = "A parameter is not valid", content_type = "application/problem+json"),
        (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json")),
)]
pub(in crate::app) async fn invalidations(
    State(app): State<AppState>,
    caller: Caller,
    params: Params<'static>,
) -> Result<Json<Invalidations>, Problem> {
    let limit = usize::try_from(params.number("limit", 1..=1000, 100)?).unwrap_or(RECORDS_MAX);
    let named = params.text("tenant", TEXT_BYTES_MAX)?;
    let everybody = named.is_none() && caller.is_admin();
    let tenant = if everybody {
        None
    } else {
        Some(caller.tenant_named(named)?)
    };
    let items = app.invalidations.of(tenant.as_ref(), limit);
    Ok(Json(Invalidations {
        items,
        next_cursor: None,
    }))
}
