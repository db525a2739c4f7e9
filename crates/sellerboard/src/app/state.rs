use std::sync::Arc;

use tenantcache::Cache;

use super::events::{Intake, Seats};
use super::latency::Latencies;
use super::limits::Limits;
use super::metrics::Metrics;
use super::operate::{Course, InvalidationLog, TopTenants};
use super::source::Source;
use crate::auth::Verifier;

/// What every handler shares.
#[derive(Clone, Debug)]
pub(super) struct AppState {
    pub(super) cache: Cache,
    pub(super) course: Arc<Course>,
    pub(super) events: Arc<Intake>,
    pub(super) invalidations: Arc<InvalidationLog>,
    pub(super) latencies: Arc<Latencies>,
    pub(super) limits: Arc<Limits>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) seats: Arc<Seats>,
    pub(super) source: Source,
    pub(super) top_tenants: Arc<TopTenants>,
    pub(super) verifier: Verifier,
}
