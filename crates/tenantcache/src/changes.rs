//! What changed in a tenant, for those who show it.

use std::sync::Arc;

use tenantcache_core::{Generation, Scope, Table};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::cache::Inner;
use crate::load;
use crate::mirror::TenantState;

/// Changes that a subscriber may lag behind before it is told [`Change::Everything`] instead.
pub(crate) const BACKLOG_MAX: usize = 16;

/// What an invalidation covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Anything of the tenant may have changed.
    Everything,
    /// What these scopes cover has changed.
    Scopes(Arc<[Scope]>),
}

/// The changes of one tenant from the moment of the subscription on, made on this node or on any other.
///
/// They are read off the tenant's generation table, so none is lost for good: a node that missed a message tells of the
/// change when it reads the table next, within the coherence bound. The same change may be told twice.
#[derive(Debug)]
pub struct Changes {
    inner: Arc<Inner>,
    state: Arc<TenantState>,
    received: broadcast::Receiver<Change>,
}

impl Changes {
    pub(crate) fn new(inner: Arc<Inner>, state: Arc<TenantState>) -> Self {
        let received = state.subscribe();
        Self {
            inner,
            state,
            received,
        }
    }

    /// Waits for the next change. Whoever is slow to ask is told [`Change::Everything`] after 16 changes.
    ///
    /// # Cancel safety
    ///
    /// No change is lost if the future is dropped.
    pub async fn next(&mut self) -> Change {
        let interval = self.inner.trust().coherence_bound / 2;
        loop {
            // Nobody else may be reading this tenant's entries, so the subscriber keeps the mirror current.
            load::reread_for_subscriber(&self.inner, &self.state);
            tokio::select! {
                received = self.received.recv() => return match received {
                    Ok(change) => change,
                    Err(RecvError::Lagged(_) | RecvError::Closed) => Change::Everything,
                },
                () = tokio::time::sleep(interval) => {}
            }
        }
    }
}

/// What `newer` has that `older` had not.
pub(crate) fn between(older: &Table, newer: &Table) -> Change {
    if older.incarnation() != newer.incarnation() {
        return Change::Everything;
    }
    since(newer.records().iter(), older.now())
}

fn since(records: impl Iterator<Item = (Scope, Generation)>, known: Generation) -> Change {
    let scopes: Vec<_> = records
        .filter(|(_, generation)| *generation > known)
        .map(|(scope, _)| scope)
        .collect();
    of(&scopes)
}

/// The change that an invalidation of these scopes is.
pub(crate) fn of(scopes: &[Scope]) -> Change {
    if scopes.is_empty() || scopes.contains(&Scope::Tenant) {
        Change::Everything
    } else {
        Change::Scopes(scopes.into())
    }
}
