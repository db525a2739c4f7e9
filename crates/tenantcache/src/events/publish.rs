use std::collections::{HashMap, HashSet};
use std::slice;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tenantcache_core::{Scope, TenantId};

use super::{Event, Rules};
use crate::{Cache, Error, Invalidation};

/// The most scopes of one invalidation. A table has room for 512 records, so more at once would only widen it.
const SCOPES_MAX: usize = 128;
/// How many tenants are invalidated at the same time.
const TENANTS_AT_ONCE: usize = 32;

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct Published {
    /// What it invalidates by the rules; nothing if none is for it.
    pub scopes: Vec<Scope>,
    /// What became of that invalidation; `None` if there was nothing to invalidate.
    pub outcome: Option<Invalidation>,
}

impl Cache {
    /// Publishes an event in this process: invalidates what the [rules](Self::event_rules) name for it. Repeating it is
    /// harmless. An event for which there is no rule changes nothing and is counted.
    ///
    /// # Errors
    ///
    /// As [`Tenant::invalidate`](crate::Tenant::invalidate). The event may then be published again.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the invalidation completes even if the future is dropped.
    pub async fn publish(&self, event: &Event) -> Result<Published, Error> {
        let mut published = self.publish_all(slice::from_ref(event)).await?;
        Ok(published.pop().expect("one event has one outcome"))
    }

    /// Publishes events at once, with as few invalidations as their tenants allow. The outcomes stand in the order of the
    /// events; events of one tenant share theirs.
    ///
    /// # Errors
    ///
    /// As [`Cache::publish`]. Some of the events may then hold already; publish all of them again.
    ///
    /// # Cancel safety
    ///
    /// An invalidation that has begun completes; those of the other tenants do not begin.
    pub async fn publish_all(&self, events: &[Event]) -> Result<Vec<Published>, Error> {
        let rules = self.event_rules();
        let scopes: Vec<_> = events.iter().map(|event| rules.scopes(event)).collect();
        let invalidations: Vec<_> = by_tenant(events, &scopes)
            .into_iter()
            .map(|(tenant, scopes)| self.invalidate_for(tenant, scopes))
            .collect();
        let outcomes: HashMap<_, _> = stream::iter(invalidations)
            .buffer_unordered(TENANTS_AT_ONCE)
            .try_collect()
            .await?;
        let counters = &self.inner.counters;
        let published: Vec<_> = events
            .iter()
            .zip(scopes)
            .map(|(event, scopes)| Published {
                outcome: outcomes
                    .get(event.tenant())
                    .copied()
                    .filter(|_| !scopes.is_empty()),
                scopes,
            })
            .collect();
        for (event, published) in events.iter().zip(&published) {
            let rule = rules.rule(event.kind()).map(|(name, _)| name);
            counters.event(rule, !published.scopes.is_empty());
        }
        Ok(published)
    }

    /// What each kind of event invalidates.
    #[must_use]
    pub fn event_rules(&self) -> &Rules {
        &self.inner.event_rules
    }

    /// Invalidates at least one scope, and gives the weakest outcome.
    async fn invalidate_for(
        &self,
        id: TenantId,
        scopes: Vec<Scope>,
    ) -> Result<(TenantId, Invalidation), Error> {
        let tenant = self.tenant(&id);
        let mut weakest = None;
        for some in scopes.chunks(SCOPES_MAX) {
            let outcome = tenant.invalidate(some).await?;
            weakest = match weakest {
                Some(Invalidation::Queued) => weakest,
                _ => Some(outcome),
            };
        }
        Ok((id, weakest.expect("there is at least one scope")))
    }
}

/// The scopes of each tenant, without repetitions, in the order of their first event.
fn by_tenant(events: &[Event], scopes: &[Vec<Scope>]) -> Vec<(TenantId, Vec<Scope>)> {
    let mut places = HashMap::new();
    let mut seen = HashSet::new();
    let mut grouped: Vec<(TenantId, Vec<Scope>)> = Vec::new();
    for (event, scopes) in events.iter().zip(scopes) {
        for scope in scopes {
            if !seen.insert((event.tenant(), scope)) {
                continue;
            }
            let place = *places.entry(event.tenant()).or_insert_with(|| {
                grouped.push((event.tenant().clone(), Vec::new()));
                grouped.len() - 1
            });
            grouped[place].1.push(scope.clone());
        }
    }
    for (_, scopes) in &mut grouped {
        if scopes.contains(&Scope::Tenant) {
            *scopes = vec![Scope::Tenant];
        }
    }
    grouped
}
