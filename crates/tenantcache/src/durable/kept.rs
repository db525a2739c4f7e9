//! The queue on disk as the cache uses it: it follows the tenants' overlays.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tenantcache_core::Scope;
use tokio::sync::watch;

use super::{DurableError, DurableQueue, Waiting};
use crate::cache::Inner;
use crate::mirror::TenantState;
use crate::remote::Health;
use crate::{Cache, Error, ErrorKind};

/// The pause after an attempt that failed although the remote tier seems up.
const PAUSE: Duration = Duration::from_millis(100);

/// The queue on disk of one cache.
#[derive(Debug)]
pub(crate) struct Kept {
    queue: DurableQueue,
    /// Whether a queue of before could not be read. Until the remote tier has invalidated everything, each tenant is
    /// invalidated when it is first seen, since it may have stood in that queue.
    lost: AtomicBool,
}

impl Kept {
    /// Opens the queue in the folder, if there is one, and gives what waits.
    pub(crate) fn open(folder: Option<PathBuf>) -> Result<(Option<Self>, Waiting), Error> {
        let Some(folder) = folder else {
            return Ok((None, Waiting::default()));
        };
        let (queue, waiting) = DurableQueue::open(&folder).map_err(not_durable)?;
        let lost = AtomicBool::new(waiting.everything);
        Ok((Some(Self { queue, lost }), waiting))
    }
}

impl Inner {
    /// Puts what was found on disk where it was when it was queued, before anything is answered.
    pub(crate) fn restore(self: &Arc<Self>, waiting: Waiting) {
        if !waiting.tenants.is_empty() {
            tracing::info!(
                tenants = waiting.tenants.len(),
                scopes = waiting.scopes_count(),
                "Queued invalidations found"
            );
        }
        for (tenant, scopes) in waiting.tenants {
            let state = self.tenants.state(&tenant);
            state.overlay_add(&scopes, self.next_sequence());
            self.pending.add(&state, self.clock.monotonic());
        }
        if let Some(remote) = self.remote.as_ref().filter(|_| waiting.everything) {
            tokio::spawn(settle_lost_queue(Arc::downgrade(self), remote.health()));
        }
    }

    /// Invalidates a tenant of which nothing is known yet, if it may have stood in a queue that could not be read.
    pub(crate) fn heed_lost_queue(&self, state: &Arc<TenantState>) {
        let lost = |kept: &Kept| kept.lost.load(Ordering::Acquire);
        if self.durable.as_ref().is_some_and(lost)
            && !state.has_table()
            && state.overlay().is_empty()
        {
            state.overlay_add(&[Scope::Tenant], self.next_sequence());
            self.pending.add(state, self.clock.monotonic());
        }
    }

    /// Returns once what waits of the tenant is on disk, if it is to be there.
    pub(crate) async fn keep(&self, state: &Arc<TenantState>) -> Result<(), Error> {
        let Some(kept) = &self.durable else {
            return Ok(());
        };
        kept.queue.sync_overlay(state).await.map_err(not_durable)
    }

    /// Brings the file up to date after an invalidation was confirmed. Nothing waits for that: what still stands in the
    /// file is at worst repeated.
    pub(crate) fn keep_settled(&self, state: &Arc<TenantState>) {
        if let Some(kept) = &self.durable {
            let (queue, state) = (kept.queue.clone(), Arc::clone(state));
            tokio::spawn(async move {
                if let Err(error) = queue.sync_overlay(&state).await {
                    warn(&error);
                }
            });
        }
    }
}

impl DurableQueue {
    async fn sync_overlay(&self, state: &Arc<TenantState>) -> Result<(), DurableError> {
        let current = Arc::clone(state);
        let scopes = move || current.overlay().iter().map(|(scope, _)| scope).collect();
        self.sync(&state.id, scopes).await
    }
}

/// Invalidates everything in the remote tier, in place of a queue that could not be read.
async fn settle_lost_queue(inner: Weak<Inner>, mut health: watch::Receiver<Health>) {
    while health
        .wait_for(|health| health.state.is_usable())
        .await
        .is_ok()
    {
        let Some(inner) = inner.upgrade() else { return };
        let cache = Cache { inner };
        if cache.invalidate_everything().await.is_err() {
            drop(cache);
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        tracing::warn!("Everything is invalidated, since a queue of invalidations was lost");
        if let Some(kept) = &cache.inner.durable {
            kept.lost.store(false, Ordering::Release);
            if let Err(error) = kept.queue.everything_settled().await {
                warn(&error);
            }
        }
        return;
    }
}

fn not_durable(error: DurableError) -> Error {
    Error::with_source(ErrorKind::NotDurable, error)
}

fn warn(error: &DurableError) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "Applied invalidations still stand in the queue on disk"
    );
}
