//! What the remote tier tells of its own accord: that tables changed, that it may have failed to tell, and which history
//! it writes.

use std::sync::Weak;
use std::sync::atomic::Ordering;

use tenantcache_core::Scope;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::cache::Inner;
use crate::journal::Recent;
use crate::load;
use crate::remote::{History, Notice};

/// Runs until it is aborted, which the cache does when it is dropped.
pub(crate) async fn run(cache: Weak<Inner>, mut notices: broadcast::Receiver<Notice>) {
    loop {
        let notice = match notices.recv().await {
            Ok(notice) => notice,
            Err(RecvError::Lagged(_)) => Notice::Missed,
            Err(RecvError::Closed) => return,
        };
        let Some(inner) = cache.upgrade() else { return };
        match notice {
            Notice::Changed(tenant) => {
                // A tenant that this node knows nothing of has nothing to doubt.
                if let Some(state) = inner.tenants.known(&tenant) {
                    inner.counters.pushes.fetch_add(1, Ordering::Relaxed);
                    let relied_on = state.doubt(inner.trust(), inner.clock.monotonic());
                    if relied_on || state.has_subscribers() {
                        load::reread(&inner, &state);
                    }
                }
            }
            Notice::Missed => inner.doubt_all(),
            Notice::History(history) => inner.heed_history(history),
        }
    }
}

impl Inner {
    /// Notes which history the shared tier writes. If it is another than before, the tier may have forgotten what it had
    /// acknowledged: that is invalidated again, on this node at once.
    pub(crate) fn heed_history(&self, history: History) {
        if self.history.load(Ordering::SeqCst) == history.0 {
            return;
        }
        // Whoever else is given this history waits until what may have been forgotten stands in the overlays.
        let _change = self.history_change.lock();
        let before = self.history.load(Ordering::SeqCst);
        if before == history.0 {
            return;
        }
        if before != 0 {
            self.repeat_recent();
        }
        self.history.store(history.0, Ordering::SeqCst);
    }

    fn repeat_recent(&self) {
        tracing::warn!(
            "The history of Redis changed; invalidations of the last minute are repeated"
        );
        match self.journal.recent(self.clock.monotonic()) {
            Recent::All => self.invalidate_known_tenants(),
            Recent::Some(invalidations) => {
                for (tenant, scopes) in invalidations {
                    let state = self.tenants.state(&tenant);
                    state.overlay_add(&scopes, self.next_sequence());
                    self.pending.add(&state, self.clock.monotonic());
                }
            }
        }
    }

    /// Invalidates every tenant that this node knows, here at once, and in the shared tier as soon as it can be.
    pub(crate) fn invalidate_known_tenants(&self) {
        for state in self.tenants.all() {
            if self.remote.is_none() {
                let _generation = state.invalidate_own(&[Scope::Tenant], self.clock.monotonic());
                continue;
            }
            state.overlay_add(&[Scope::Tenant], self.next_sequence());
            self.pending.add(&state, self.clock.monotonic());
        }
    }
}
