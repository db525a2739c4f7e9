use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use tenantcache_core::{Policy, PolicyTable};

use crate::counters::{EndpointCounters, EndpointSnapshot, RequestSnapshot};

/// The most endpoints that are counted apart; further ones are counted together.
const COUNT_MAX: usize = 256;
/// Where further endpoints are counted. No endpoint can have this name.
const OTHER: &str = "(other)";

/// What a cache knows of each endpoint that was asked for.
///
/// An entry of the local tier keeps its endpoint's, so a hit looks nothing up here.
#[derive(Debug)]
pub(crate) struct Endpoints {
    policies: PolicyTable,
    known: RwLock<BTreeMap<String, Arc<EndpointState>>>,
}

/// One endpoint's policy and counts.
#[derive(Debug)]
pub(crate) struct EndpointState {
    pub(crate) policy: Policy,
    pub(crate) counters: Arc<EndpointCounters>,
}

impl Endpoints {
    pub(crate) fn new(policies: PolicyTable) -> Self {
        Self {
            policies,
            known: RwLock::default(),
        }
    }

    pub(crate) fn policy(&self, name: &str) -> &Policy {
        self.policies.policy(name)
    }

    pub(crate) fn state(&self, name: &str) -> Arc<EndpointState> {
        if let Some(state) = self.known.read().get(name) {
            return Arc::clone(state);
        }
        let mut known = self.known.write();
        let counted_as = if known.len() < COUNT_MAX || known.contains_key(name) {
            name
        } else {
            OTHER
        };
        let of = |counters| {
            Arc::new(EndpointState {
                policy: self.policy(name).clone(),
                counters,
            })
        };
        let counted = known
            .entry(counted_as.to_owned())
            .or_insert_with(|| of(Arc::default()));
        if counted_as == name {
            Arc::clone(counted)
        } else {
            of(Arc::clone(&counted.counters))
        }
    }

    /// Sets the counts of requests of every endpoint that is known.
    pub(crate) fn set_requests(&self, count: u64) {
        for state in self.known.read().values() {
            state.counters.set_requests(count);
        }
    }

    /// The counts of each endpoint, and the sum of their requests.
    pub(crate) fn snapshot(&self) -> (BTreeMap<String, EndpointSnapshot>, RequestSnapshot) {
        let known = self.known.read();
        let endpoints: BTreeMap<_, _> = known
            .iter()
            .map(|(name, state)| (name.clone(), state.counters.snapshot()))
            .collect();
        let requests = endpoints.values().map(|endpoint| endpoint.requests);
        let total = requests.fold(RequestSnapshot::default(), |sum, one| {
            sum.combined(one, u64::saturating_add)
        });
        (endpoints, total)
    }
}
