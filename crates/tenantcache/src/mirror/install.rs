//! How the mirror comes to have what it has.

use std::sync::Arc;
use std::time::Duration;

use tenantcache_core::{Generation, Scope, Table};

use super::proof::Proof;
use super::{Mirror, MirrorKind, TenantState, new_version};
use crate::atomic::{AtomicU64, Ordering};
use crate::changes::{self, Change};
use crate::incarnation::random_incarnation;
use crate::nanos::Nanos;
use crate::value::LoadStamp;

/// What a table that was read from the remote tier brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The tenant's first copy of the shared table.
    First,
    /// Invalidations that the mirror did not have.
    Newer,
    /// Nothing that the mirror did not have.
    None,
    /// Another life of the table.
    Other,
}

impl TenantState {
    /// The stamp of a load that begins now. Without any table, one is made: the tenant's own if `own`, else one that
    /// lasts until the shared table is read.
    pub(crate) fn stamp(&self, own: bool, sequence: Generation, now: Duration) -> LoadStamp {
        let proof = if own { Proof::Own } else { Proof::Provisional };
        let mirror = match &*self.mirror.load() {
            Some(mirror) => Arc::clone(mirror),
            None => self.make_table(proof, now),
        };
        LoadStamp {
            stamp: mirror.table.stamp(),
            sequence,
            shared: mirror.kind == MirrorKind::Shared,
        }
    }

    /// Installs a table that was read from the remote tier by a request sent at `sent_at`. Of one incarnation, the
    /// greater generation wins; a read that was sent before another incarnation was installed proves neither.
    pub(crate) fn install(&self, table: &Table, sent_at: Duration, now: Duration) -> News {
        let _change = self.change.lock();
        let current = self.mirror.load();
        let current = current.as_ref();
        let Some(current) = current.filter(|current| current.kind == MirrorKind::Shared) else {
            self.set_mirror(Arc::new(table.clone()), Proof::ReadAt(sent_at), now);
            return News::First;
        };
        let proven_at = self.proven_at();
        if current.table.incarnation() != table.incarnation() {
            if sent_at >= current.learned_at() {
                self.set_mirror(Arc::new(table.clone()), Proof::ReadAt(sent_at), now);
            } else {
                self.set_proof(current, Proof::ReadAt(Duration::ZERO), now);
            }
            self.tell(|| Change::Everything);
            News::Other
        } else if table.now() > current.table.now() {
            self.set_mirror(
                Arc::new(table.clone()),
                Proof::ReadAt(proven_at.max(sent_at)),
                now,
            );
            self.tell(|| changes::between(&current.table, table));
            News::Newer
        } else {
            if table.now() == current.table.now() {
                self.set_proof(current, Proof::ReadAt(proven_at.max(sent_at)), now);
            }
            News::None
        }
    }

    /// Invalidates in the tenant's own table, where there is no remote tier.
    pub(crate) fn invalidate_own(&self, scopes: &[Scope], now: Duration) -> Generation {
        if self.mirror.load().is_none() {
            self.make_table(Proof::Own, now);
        }
        let _change = self.change.lock();
        let mirror = self
            .mirror
            .load_full()
            .expect("a table is never taken away");
        let mut table = Table::clone(&mirror.table);
        let generation = table.invalidate(scopes.iter().cloned());
        self.set_mirror(Arc::new(table), Proof::Own, now);
        self.tell(|| changes::of(scopes));
        generation
    }

    /// Whether the mirror has everything that the table has. It may not though the table was to be installed: its read was
    /// sent before another life of the table was learned of, so which of the two is the later one is not known.
    pub(crate) fn includes(&self, table: &Table) -> bool {
        let mirror = self.mirror.load();
        mirror.as_ref().is_some_and(|mirror| {
            mirror.table.incarnation() == table.incarnation() && mirror.table.now() >= table.now()
        })
    }

    fn make_table(&self, proof: Proof, now: Duration) -> Arc<Mirror> {
        let _change = self.change.lock();
        if let Some(mirror) = self.mirror.load_full() {
            return mirror;
        }
        self.set_mirror(Arc::new(Table::new(random_incarnation())), proof, now)
    }

    /// Replaces the mirror, and gives the new one. Only for whoever holds the lock on changes.
    fn set_mirror(&self, table: Arc<Table>, proof: Proof, learned_at: Duration) -> Arc<Mirror> {
        let kind = match proof {
            Proof::Own => MirrorKind::Own,
            Proof::Provisional => MirrorKind::Provisional,
            Proof::ReadAt(_) => MirrorKind::Shared,
        };
        let mirror = Arc::new(Mirror {
            table,
            kind,
            learned_at: AtomicU64::new(Nanos::from(learned_at).get()),
        });
        self.mirror.store(Some(Arc::clone(&mirror)));
        self.version.store(new_version(), Ordering::SeqCst);
        self.proof.store(proof.to_bits(), Ordering::SeqCst);
        mirror
    }

    /// Says how the mirror that is there is proven from `now` on. Only for whoever holds the lock on changes.
    fn set_proof(&self, current: &Mirror, proof: Proof, now: Duration) {
        let now = Nanos::from(now).get();
        current.learned_at.store(now, Ordering::Relaxed);
        self.proof.store(proof.to_bits(), Ordering::SeqCst);
    }
}

impl Mirror {
    fn learned_at(&self) -> Duration {
        Duration::from_nanos(self.learned_at.load(Ordering::Relaxed))
    }
}
