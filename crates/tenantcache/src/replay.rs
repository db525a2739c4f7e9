//! Invalidations that the remote tier has not confirmed are sent again until it has.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tenantcache_core::{Generation, Scope, TenantId};
use tokio::sync::{Notify, watch};

use crate::cache::Inner;
use crate::mirror::TenantState;
use crate::remote::{Durability, Health, RemoteInvalidated};

/// The pause after an attempt that failed although the remote tier seems up.
const PAUSE: Duration = Duration::from_millis(100);

/// While more tenants than these wait, only that they do is noted, not what of theirs.
const TENANTS_DETAILED_MAX: usize = 1_000;

/// The tenants whose invalidations wait for the remote tier, each once. What waits is the tenant's overlay, which is
/// bounded and widens; the queue is bounded by the number of tenants.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    tenants: Mutex<VecDeque<(Arc<TenantState>, Duration)>>,
    added: Notify,
}

impl Pending {
    /// Queues a tenant whose overlay has just grown.
    pub(crate) fn add(&self, state: &Arc<TenantState>, now: Duration) {
        let mut tenants = self.tenants.lock();
        if state.set_queued(true) {
            return;
        }
        tenants.push_back((Arc::clone(state), now));
        drop(tenants);
        self.added.notify_one();
    }

    /// How many scopes wait.
    pub(crate) fn scopes_count(&self) -> usize {
        self.tenants
            .lock()
            .iter()
            .map(|(state, _)| state.overlay().iter().count())
            .sum()
    }

    /// Whether so many tenants wait that a further invalidation is noted for its whole tenant.
    pub(crate) fn is_crowded(&self) -> bool {
        self.tenants.lock().len() >= TENANTS_DETAILED_MAX
    }

    /// Since when the oldest has waited.
    pub(crate) fn oldest(&self) -> Option<Duration> {
        self.tenants.lock().iter().map(|(_, since)| *since).min()
    }

    /// The tenant whose turn it is. It stays in the queue.
    fn first(&self) -> Option<Arc<TenantState>> {
        let tenants = self.tenants.lock();
        tenants.front().map(|(state, _)| Arc::clone(state))
    }

    /// Takes the first tenant out if nothing of it waits any more, else puts it last.
    fn settle(&self, first: &Arc<TenantState>) {
        let mut tenants = self.tenants.lock();
        if first.overlay().is_empty() {
            tenants.pop_front();
            first.set_queued(false);
        } else {
            tenants.rotate_left(1);
        }
    }
}

/// Who is told of what was sent again and applied.
pub(crate) struct ReplayObserver(Box<Observe>);

type Observe = dyn Fn(&TenantId, &[Scope], Generation) + Send + Sync;

impl ReplayObserver {
    pub(crate) fn new(
        observer: impl Fn(&TenantId, &[Scope], Generation) + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(observer))
    }

    fn tell(&self, tenant: &TenantId, scopes: &[Scope], generation: Generation) {
        (self.0)(tenant, scopes, generation);
    }
}

impl fmt::Debug for ReplayObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReplayObserver").finish_non_exhaustive()
    }
}

/// Runs until it is aborted, which the cache does when it is dropped.
pub(crate) async fn run(
    cache: Weak<Inner>,
    pending: Arc<Pending>,
    mut health: watch::Receiver<Health>,
) {
    while health
        .wait_for(|health| health.state.is_usable())
        .await
        .is_ok()
    {
        let Some(first) = pending.first() else {
            pending.added.notified().await;
            continue;
        };
        let Some(inner) = cache.upgrade() else { return };
        let applied = replay(&inner, &first).await;
        drop(inner);
        pending.settle(&first);
        if !applied {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn replay(inner: &Arc<Inner>, state: &Arc<TenantState>) -> bool {
    let Some(remote) = &inner.remote else {
        return true;
    };
    let overlay = state.overlay();
    let scopes: Vec<_> = overlay.iter().map(|(scope, _)| scope).collect();
    let sent_at = inner.clock.monotonic();
    let applied = remote.invalidate(&state.id, &scopes, Durability::Applied);
    let Ok(RemoteInvalidated { table, .. }) = applied.await else {
        return false;
    };
    inner.learn(state, &table, sent_at);
    inner.journal.note(sent_at, &state.id, &scopes);
    state.overlay_confirmed(overlay.latest(), &table.table);
    inner.keep_settled(state);
    if let Some(observer) = &inner.replay_observer {
        observer.tell(&state.id, &scopes, table.table.now());
    }
    tracing::info!(
        tenant = %state.id, scopes = scopes.len(), generation = table.table.now().get(),
        "Queued invalidations applied"
    );
    true
}
