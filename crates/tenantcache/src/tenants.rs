use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, UnitWeighter};
use tenantcache_core::TenantId;

use crate::hashing::Hashing;
use crate::mirror::TenantState;
use crate::{Error, ErrorKind};

/// What this node knows of each tenant, bounded by number.
///
/// To forget a tenant is always safe: without a shared table, its next one has a new incarnation, so its old entries are
/// dead; with one, it is read again. Tenants that somebody is using, or that have invalidations pending, are pinned.
pub(crate) struct Tenants {
    states: Cache<TenantId, Arc<TenantState>, UnitWeighter, Hashing, KeepUsed>,
}

#[derive(Clone)]
struct KeepUsed;

impl Lifecycle<TenantId, Arc<TenantState>> for KeepUsed {
    type RequestState = Vec<Arc<TenantState>>;

    fn is_pinned(&self, _id: &TenantId, state: &Arc<TenantState>) -> bool {
        Arc::strong_count(state) > 1
    }

    fn on_evict(
        &self,
        request: &mut Vec<Arc<TenantState>>,
        _id: TenantId,
        state: Arc<TenantState>,
    ) {
        request.push(state);
    }
}

impl Tenants {
    pub(crate) fn new(count_max: usize, hashing: &Hashing) -> Result<Self, Error> {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(count_max.min(10_000))
            .weight_capacity(u64::try_from(count_max).unwrap_or(u64::MAX))
            .build()
            .map_err(|error| Error::with_source(ErrorKind::Settings, error.to_string()))?;
        let states = Cache::with_options(options, UnitWeighter, hashing.clone(), KeepUsed);
        Ok(Self { states })
    }

    pub(crate) fn state(&self, tenant: &TenantId) -> Arc<TenantState> {
        let made = self.states.get_or_insert_with(tenant, || {
            Ok::<_, std::convert::Infallible>(Arc::new(TenantState::new(tenant.clone())))
        });
        match made {
            Ok(state) => state,
            Err(never) => match never {},
        }
    }

    /// What this node knows of the tenant, if it knows it.
    pub(crate) fn known(&self, tenant: &TenantId) -> Option<Arc<TenantState>> {
        self.states.get(tenant)
    }

    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<TenantState>> {
        self.iter().collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Arc<TenantState>> {
        self.states.iter().map(|(_, state)| state)
    }
}

impl fmt::Debug for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants")
            .field("count", &self.len())
            .finish_non_exhaustive()
    }
}
