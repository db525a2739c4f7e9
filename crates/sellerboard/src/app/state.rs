use std::sync::Arc;

use tenantcache::Cache;

use super::events::{Intake, Seats};
use super::limits::Limits;
use super::metrics::Metrics;
use super::operate::{History, InvalidationLog};
use super::source::Source;
use crate::auth::Verifier;

/// What every handler shares.
#[derive(Clone, Debug)]
pub(super) struct AppState {
    pub(super) cache: Cache,
    pub(super) events: Arc<Intake>,
    pub(super) history: Arc<History>,
    pub(super) invalidations: Arc<InvalidationLog>,
    pub(super) limits: Arc<Limits>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) seats: Arc<Seats>,
    pub(super) source: Source,
    pub(super) verifier: Verifier,
}
