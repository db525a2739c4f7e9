//! Invalidations of this node that the shared table does not have yet.

use std::sync::Arc;

use tenantcache_core::{Endpoint, Generation, KeyRef, Records, Scope, Table, Tags};

use super::{TenantState, new_version};
use crate::atomic::Ordering;
use crate::changes;

/// The most keys in an overlay; with more, they widen to their endpoints. All its scopes are bounded by
/// [`Records::COUNT_MAX`], beyond which they widen to the tenant.
const OVERLAY_KEYS_MAX: usize = 256;

impl TenantState {
    /// Notes invalidations that the shared table does not have.
    pub(crate) fn overlay_add(&self, scopes: &[Scope], sequence: Generation) {
        let _change = self.change.lock();
        let mut records = Records::clone(&self.overlay());
        for scope in scopes {
            records.note(scope.clone(), sequence);
        }
        if records.key_count() > OVERLAY_KEYS_MAX {
            records = widen_keys(&records);
        }
        self.overlay.store(Some(Arc::new(records)));
        self.version.store(new_version(), Ordering::SeqCst);
        self.tell(|| changes::of(scopes));
    }

    /// Whether an unconfirmed invalidation covers the entry. It must be asked *before* the mirror: one that is confirmed
    /// meanwhile leaves the overlay only once the mirror has it, so whoever looks in this order sees it in one of the two.
    pub(super) fn overlay_covers(&self, since: Generation, key: KeyRef<'_>, tags: &Tags) -> bool {
        let overlay = self.overlay.load();
        overlay
            .as_ref()
            .is_some_and(|overlay| overlay.covers_after(since, key, tags))
    }

    /// The invalidations that the shared table does not have.
    pub(crate) fn overlay(&self) -> Arc<Records> {
        self.overlay.load_full().unwrap_or_default()
    }

    /// Forgets the invalidations up to `sequence`, which `table` includes, if the mirror includes that table. If more have
    /// come since, all stay, since repeating them is harmless.
    pub(crate) fn overlay_confirmed(&self, sequence: Generation, table: &Table) {
        let _change = self.change.lock();
        if self.includes(table) && self.overlay().latest() <= sequence {
            self.overlay.store(None);
        }
    }

    /// Notes whether the tenant is queued, and gives whether it was.
    pub(crate) fn set_queued(&self, queued: bool) -> bool {
        self.queued.swap(queued, Ordering::AcqRel)
    }
}

/// The same records with endpoints in place of keys.
fn widen_keys(records: &Records) -> Records {
    let mut wide = Records::default();
    for (scope, sequence) in records.iter() {
        let scope = match scope {
            Scope::Key(key) => Endpoint::new(key.endpoint()).map_or(Scope::Tenant, Scope::Endpoint),
            other => other,
        };
        wide.note(scope, sequence);
    }
    wide
}
