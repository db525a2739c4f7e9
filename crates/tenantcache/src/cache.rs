use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tenantcache_core::{Generation, TenantId};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::admission::{Admission, LoadUsage};
use crate::clock::Clock;
use crate::counters::{CounterSnapshot, Counters, RequestSnapshot};
use crate::durable::Kept;
use crate::endpoints::Endpoints;
use crate::events::Rules;
use crate::flight::Flights;
use crate::journal::Journal;
use crate::local::{LocalTier, LocalUsage};
use crate::mirror::Trust;
use crate::nanos::Nanos;
use crate::remote::{Health, Remote, RemoteUsage};
use crate::replay::{Pending, ReplayObserver};
use crate::tenants::Tenants;
use crate::{Error, Tenant};

mod builder;

pub use builder::CacheBuilder;

/// A multi-tenant cache. Cloning is cheap, and clones are the same cache.
///
/// See the [crate docs](crate) for what it promises.
#[derive(Clone, Debug)]
pub struct Cache {
    pub(crate) inner: Arc<Inner>,
}

/// What every handle of a cache shares.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) admission: Arc<Admission>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) counters: Counters,
    /// What outlives the process; nothing if there is no remote tier to wait for.
    pub(crate) durable: Option<Kept>,
    pub(crate) enabled: bool,
    pub(crate) endpoints: Endpoints,
    pub(crate) event_rules: Rules,
    pub(crate) flights: Arc<Flights>,
    pub(crate) local: LocalTier,
    pub(crate) pending: Arc<Pending>,
    /// Is told what was sent again and applied.
    pub(crate) replay_observer: Option<ReplayObserver>,
    pub(crate) remote: Option<Arc<dyn Remote>>,
    pub(crate) tenants: Tenants,
    pub(crate) journal: Journal,
    /// The history that the remote tier wrote when it was last heard of; 0 before that.
    pub(crate) history: AtomicU64,
    /// Held while a new history is taken note of.
    pub(crate) history_change: Mutex<()>,
    /// Tells this node from others in the names of leases.
    pub(crate) node: u64,
    health: Option<watch::Receiver<Health>>,
    trust: Trust,
    /// Orders arrivals of requests and beginnings of flights.
    arrivals: AtomicU64,
    /// Counts invalidations that the shared table does not have yet.
    sequence: AtomicU64,
    /// When this node may last have missed that a table changed, in nanoseconds.
    missed_at: AtomicU64,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Cache {
    /// A cache with default settings but for what is then chosen.
    pub fn builder() -> CacheBuilder {
        CacheBuilder::default()
    }

    /// A handle for one tenant's entries. There is no way to an entry but through its tenant.
    #[must_use]
    pub fn tenant(&self, tenant: &TenantId) -> Tenant {
        let state = self.inner.tenants.state(tenant);
        self.inner.heed_lost_queue(&state);
        Tenant::new(Arc::clone(&self.inner), state)
    }

    /// What the cache has counted since it was built, on this node.
    #[must_use]
    pub fn counters(&self) -> CounterSnapshot {
        CounterSnapshot {
            loads_shed: self.inner.admission.shed(),
            ..self.inner.counters.snapshot(&self.inner.endpoints)
        }
    }

    /// Sets the counts of requests of each endpoint, so that a test need not make 2⁶⁴ of them.
    #[doc(hidden)]
    pub fn dangerous_set_request_counts(&self, count: u64) {
        self.inner.endpoints.set_requests(count);
    }

    /// Looks for a key's text in the local tier as a hit does, and judges nothing, so that a benchmark can tell the engine's
    /// cost from the rest.
    #[doc(hidden)]
    #[must_use]
    pub fn dangerous_unjudged(&self, key: &[u8]) -> bool {
        self.inner.local.get(key).is_some()
    }

    /// Loads under way and waiting on this node.
    #[must_use]
    pub fn load_usage(&self) -> LoadUsage {
        self.inner.admission.usage()
    }

    /// The local tier's memory.
    #[must_use]
    pub fn local_usage(&self) -> LocalUsage {
        self.inner.local.usage()
    }

    /// The remote tier's memory, as last seen.
    #[must_use]
    pub fn remote_usage(&self) -> Option<RemoteUsage> {
        self.inner.remote.as_ref().and_then(|remote| remote.usage())
    }

    /// The remote tier's health; `None` if there is no remote tier.
    #[must_use]
    pub fn remote_health(&self) -> Option<Health> {
        self.inner.health.as_ref().map(|health| *health.borrow())
    }

    /// Tells of each change of the remote tier's health; `None` if there is no remote tier.
    #[must_use]
    pub fn remote_health_changes(&self) -> Option<watch::Receiver<Health>> {
        self.inner.health.clone()
    }

    /// How many scopes wait to be invalidated in the remote tier.
    #[must_use]
    pub fn pending_invalidations(&self) -> usize {
        self.inner.pending.scopes_count()
    }

    /// How long the oldest of them has waited; zero if none waits.
    #[must_use]
    pub fn pending_age(&self) -> Duration {
        let since = self.inner.pending.oldest();
        since.map_or(Duration::ZERO, |since| {
            self.inner.clock.monotonic().saturating_sub(since)
        })
    }

    /// How many tenants' tables were told to have changed, or may have, and have not been read since. Walks all tenants:
    /// for operators.
    #[must_use]
    pub fn unconfirmed_mirrors(&self) -> usize {
        let missed_at = self.inner.trust().missed_at;
        let states = self.inner.tenants.all();
        states
            .iter()
            .filter(|state| state.is_doubted(missed_at))
            .count()
    }

    /// Whether the remote tier tells this node of other nodes' invalidations at present. If not, they are heeded within
    /// the coherence bound.
    #[must_use]
    pub fn is_notified(&self) -> bool {
        let remote = self.inner.remote.as_ref();
        remote.is_some_and(|remote| remote.is_notifying())
    }

    /// Invalidates every entry of every tenant, on this node at once, on others within the coherence bound. For when it
    /// is not known what changed.
    ///
    /// # Errors
    ///
    /// [`crate::ErrorKind::NotApplied`] if the remote tier has not confirmed it: then it holds on this node, and should be tried
    /// again for the others.
    pub async fn invalidate_everything(&self) -> Result<(), Error> {
        self.inner.invalidate_known_tenants();
        let Some(remote) = &self.inner.remote else {
            return Ok(());
        };
        let applied = remote.invalidate_everything().await;
        self.inner.doubt_all();
        applied.map_err(|error| Error::with_source(crate::ErrorKind::NotApplied, error))
    }

    /// The tenants this node has seen lately, with their requests, in no order.
    #[must_use]
    pub fn tenants(&self) -> Vec<(TenantId, RequestSnapshot)> {
        let states = self.inner.tenants.all();
        states
            .into_iter()
            .map(|state| (state.id.clone(), state.counters.snapshot()))
            .collect()
    }
}

impl Inner {
    /// The next place in the order of arrivals and beginnings.
    pub(crate) fn next_arrival(&self) -> u64 {
        self.arrivals.fetch_add(1, Ordering::SeqCst)
    }

    /// This node's count of unconfirmed invalidations.
    pub(crate) fn sequence(&self) -> Generation {
        Generation::from_u64(self.sequence.load(Ordering::SeqCst))
    }

    pub(crate) fn next_sequence(&self) -> Generation {
        Generation::from_u64(self.sequence.fetch_add(1, Ordering::SeqCst) + 1)
    }

    pub(crate) fn remote_up(&self) -> bool {
        self.remote
            .as_ref()
            .is_some_and(|remote| remote.is_usable())
    }

    /// Notes that changes of any table may have been missed: tables must be read before they are relied on again.
    pub(crate) fn doubt_all(&self) {
        let now = Nanos::from(self.clock.monotonic());
        self.missed_at.fetch_max(now.get(), Ordering::SeqCst);
    }

    /// How far to rely on local knowledge now.
    pub(crate) fn trust(&self) -> Trust {
        let trust = self.trust_in_outage();
        if self.remote_up() {
            Trust {
                outage_ttl: None,
                ..trust
            }
        } else {
            trust
        }
    }

    /// How far to rely on local knowledge when the remote tier has just failed to answer.
    pub(crate) fn trust_in_outage(&self) -> Trust {
        Trust {
            missed_at: Duration::from_nanos(self.missed_at.load(Ordering::SeqCst)),
            ..self.trust
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.lock().iter().for_each(AbortHandle::abort);
    }
}
