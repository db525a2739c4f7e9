use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tenantcache_core::TenantId;

use crate::cache::Inner;
use crate::mirror::TenantState;
use crate::{Cache, RequestSnapshot, TenantUsage};

/// What the tenants of a node are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TenantOrder {
    /// The bytes of their entries in the local tier.
    Bytes,
    /// Their requests since the node saw them first, or again after it had forgotten them.
    Requests,
}

/// One tenant's part of what a node does and holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantShare {
    /// The tenant.
    pub id: TenantId,
    /// Its requests.
    pub requests: RequestSnapshot,
    /// Its entries in the local tier.
    pub usage: TenantUsage,
}

impl TenantShare {
    pub(crate) fn new(inner: &Inner, state: &TenantState) -> Self {
        Self {
            id: state.id.clone(),
            requests: state.counters.snapshot(),
            usage: inner.local.usage_of(&state.id),
        }
    }
}

impl Cache {
    /// The tenants that stand first in this order, at most `count` of them, the greatest first. Exact, but walks all
    /// tenants that the node knows, a million by default: for operators, off the threads that answer requests.
    #[must_use]
    pub fn top_tenants(&self, order: TenantOrder, count: usize) -> Vec<TenantShare> {
        let tenants = &self.inner.tenants;
        let top: Vec<TenantId> = match order {
            TenantOrder::Bytes => {
                let usage = self.inner.local.usage_by_tenant().into_iter();
                let top = greatest(usage.map(|(id, usage)| (usage.bytes, id)), count);
                top.iter().filter_map(|id| TenantId::new(id).ok()).collect()
            }
            TenantOrder::Requests => {
                let states = tenants.iter();
                let named =
                    states.map(|state| (state.counters.snapshot().requests(), state.id.clone()));
                greatest(named, count)
            }
        };
        let share = |id: TenantId| match tenants.known(&id) {
            Some(state) => TenantShare::new(&self.inner, &state),
            // Forgotten by now, or while its entries are still here.
            None => TenantShare {
                requests: RequestSnapshot::default(),
                usage: self.inner.local.usage_of(&id),
                id,
            },
        };
        top.into_iter().map(share).collect()
    }
}

/// The `count` names with the greatest figures, the greatest first, and of equals in the order of their names.
fn greatest<T: Ord>(named: impl Iterator<Item = (u64, T)>, count: usize) -> Vec<T> {
    let mut kept = BinaryHeap::new();
    for (figure, name) in named {
        kept.push((Reverse(figure), name));
        if kept.len() > count {
            kept.pop();
        }
    }
    let sorted = kept.into_sorted_vec();
    sorted.into_iter().map(|(_, name)| name).collect()
}
