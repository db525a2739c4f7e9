use std::sync::Arc;
use std::time::Duration;

use tenantcache_core::{Generation, Scope};

use crate::cache::Inner;
use crate::mirror::TenantState;
use crate::remote::{Durability, RemoteInvalidated};
use crate::{Error, ErrorKind};

/// What became of an invalidation. On this node it holds from now on, either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Invalidation {
    /// Every node heeds it within the coherence bound.
    Applied {
        /// The tenant's generation as of this invalidation.
        generation: Generation,
    },
    /// The same, but no replica has confirmed that it has it, though the caller asked for that.
    AppliedUnreplicated {
        /// The tenant's generation as of this invalidation.
        generation: Generation,
    },
    /// The remote tier has not confirmed it; it is sent again until it does. Other nodes do not know of it yet. With a
    /// state folder it is on disk, and the process that comes after this one sends it if this one cannot.
    Queued,
}

impl Inner {
    /// Invalidates all of `scopes` at once. It completes even if the caller goes away.
    pub(crate) async fn invalidate(
        self: &Arc<Self>,
        state: &Arc<TenantState>,
        scopes: &[Scope],
        durability: Durability,
    ) -> Result<Invalidation, Error> {
        let foreign = |scope: &Scope| match scope {
            Scope::Key(key) => key.tenant() != state.id.as_str(),
            _ => false,
        };
        if scopes.iter().any(foreign) {
            return Err(Error::new(ErrorKind::ForeignKey));
        }
        let (inner, state, scopes) = (Arc::clone(self), Arc::clone(state), scopes.to_vec());
        let task = tokio::spawn(async move { inner.apply(&state, &scopes, durability).await });
        task.await
            .map_err(|error| Error::with_source(ErrorKind::LoadPanicked, error))?
    }

    async fn apply(
        self: &Arc<Self>,
        state: &Arc<TenantState>,
        scopes: &[Scope],
        durability: Durability,
    ) -> Result<Invalidation, Error> {
        let Some(remote) = &self.remote else {
            let generation = state.invalidate_own(scopes, self.clock.monotonic());
            self.counters.invalidated(scopes, true);
            self.counters.lag.observe(Duration::ZERO);
            return Ok(Invalidation::Applied { generation });
        };
        let sent_at = self.clock.monotonic();
        match remote.invalidate(&state.id, scopes, durability).await {
            Ok(RemoteInvalidated { table, replicated }) => {
                self.journal.note(sent_at, &state.id, scopes);
                // The mirror has the table before anybody is told.
                self.learn(state, &table, sent_at);
                if !state.includes(&table.table) {
                    state.overlay_add(scopes, self.next_sequence());
                    self.pending.add(state, sent_at);
                }
                self.counters.invalidated(scopes, true);
                let generation = table.table.now();
                Ok(match durability {
                    Durability::Replicated if !replicated => {
                        Invalidation::AppliedUnreplicated { generation }
                    }
                    _ => Invalidation::Applied { generation },
                })
            }
            Err(_) => {
                let queued = if self.pending.is_crowded() {
                    &[Scope::Tenant]
                } else {
                    scopes
                };
                state.overlay_add(queued, self.next_sequence());
                self.pending.add(state, sent_at);
                self.counters.invalidated(scopes, false);
                self.keep(state).await?;
                Ok(Invalidation::Queued)
            }
        }
    }
}
