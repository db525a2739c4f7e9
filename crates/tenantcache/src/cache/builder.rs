use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use parking_lot::Mutex;
use tenantcache_core::{Generation, PolicyTable, Scope, TenantId};

use super::{Cache, Inner};
use crate::Error;
use crate::admission::{Admission, LoadBounds};
use crate::clock::{Clock, SystemClock};
use crate::counters::Counters;
use crate::durable::Kept;
use crate::endpoints::Endpoints;
use crate::events::Rules;
use crate::flight::Flights;
use crate::follow;
use crate::hashing::Hashing;
use crate::journal::Journal;
use crate::local::LocalTier;
use crate::mirror::Trust;
use crate::remote::Remote;
use crate::replay::{self, ReplayObserver};
use crate::tenants::Tenants;

/// Settings of a [`Cache`].
#[derive(Debug)]
#[must_use]
pub struct CacheBuilder {
    clock: Arc<dyn Clock>,
    coherence_bound: Duration,
    enabled: bool,
    event_rules: Rules,
    hashing: Hashing,
    loads: LoadBounds,
    local_bytes_max: u64,
    outage_ttl: Duration,
    policies: PolicyTable,
    remote: Option<Arc<dyn Remote>>,
    replay_observer: Option<ReplayObserver>,
    state_dir: Option<PathBuf>,
    tenant_floor_percent: u8,
    tenants_max: usize,
}

impl Default for CacheBuilder {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            coherence_bound: Duration::from_secs(2),
            enabled: true,
            event_rules: Rules::new(),
            hashing: Hashing::default(),
            loads: LoadBounds {
                loads_max: 256,
                tenant_loads_max: 16,
                queue_max: 1_024,
                tenant_queue_max: 64,
            },
            local_bytes_max: 256 << 20,
            outage_ttl: Duration::from_secs(5),
            policies: PolicyTable::default(),
            remote: None,
            replay_observer: None,
            state_dir: None,
            tenant_floor_percent: 25,
            tenants_max: 1_000_000,
        }
    }
}

impl CacheBuilder {
    /// Where time comes from. Default: the machine's clocks.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// For how long this node may miss an invalidation of another node while the remote tier is up. Default 2 s.
    pub fn with_coherence_bound(mut self, bound: Duration) -> Self {
        self.coherence_bound = bound;
        self
    }

    /// Whether anything is cached at all; if not, every request runs its loader. Default `true`.
    pub fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// What each kind of event invalidates, see [`Cache::publish`]. Default: no rules.
    pub fn with_event_rules(mut self, rules: Rules) -> Self {
        self.event_rules = rules;
        self
    }

    /// How many loads may be under way at a time. Further ones wait, for half their time-out at most. Default 256;
    /// at least 1.
    pub fn with_loads_max(mut self, count: usize) -> Self {
        self.loads.loads_max = count;
        self
    }

    /// How many loads may wait behind those of other tenants; and as many, in all, behind those of their own. Further ones
    /// fail at once with [`crate::ErrorKind::Overloaded`], unless a stale value covers them. Default 1,024.
    pub fn with_loads_queue_max(mut self, count: usize) -> Self {
        self.loads.queue_max = count;
        self
    }

    /// The bound of the local tier, in bytes. Default 256 MiB.
    pub fn with_local_bytes_max(mut self, bytes: u64) -> Self {
        self.local_bytes_max = bytes;
        self
    }

    /// How old an entry of the local tier may be while the remote tier is away, counted from its load or from the last
    /// proof that it was current. 0: nothing is served from the local tier then. Default 5 s.
    pub fn with_outage_ttl(mut self, ttl: Duration) -> Self {
        self.outage_ttl = ttl;
        self
    }

    /// Lifetimes by endpoint. Default: [`PolicyTable::default`].
    pub fn with_policies(mut self, policies: PolicyTable) -> Self {
        self.policies = policies;
        self
    }

    /// The tier that all nodes share. Default: none, and the tenants' tables live in this process.
    pub fn with_remote(mut self, remote: Arc<dyn Remote>) -> Self {
        self.remote = Some(remote);
        self
    }

    /// Is called with what had been [queued](crate::Invalidation::Queued) and is now applied: whose, which scopes, and the
    /// tenant's generation as of them. It must not wait for anything. Default: none.
    pub fn with_replay_observer(
        mut self,
        observer: impl Fn(&TenantId, &[Scope], Generation) + Send + Sync + 'static,
    ) -> Self {
        self.replay_observer = Some(ReplayObserver::new(observer));
        self
    }

    /// A folder in which invalidations that wait for the remote tier are kept, so that they outlive the process. It is made
    /// if it is missing. Several nodes of one machine may share it if they share the remote tier, too; each has a file of
    /// its own in it, of at most 512 scopes a tenant. Used only with a remote tier. Default: none; what waits is lost with
    /// the process.
    pub fn with_state_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state_dir = Some(folder.into());
        self
    }

    /// The part of the local tier that is promised to tenants, in per cent. It is divided equally among those that have
    /// entries there, and a tenant that takes no more than its part, its *floor*, loses no entry to another tenant's
    /// before that entry expires. The rest is a pool, which goes to the entries that are read most, whoever's they are. Each
    /// shard of the tier (16 MiB or more, 64 at most) does this for itself. At most 50; 0 promises
    /// nothing. Default 25.
    pub fn with_tenant_floor_percent(mut self, percent: u8) -> Self {
        self.tenant_floor_percent = percent;
        self
    }

    /// How many loads of one tenant may be under way at a time. Further ones wait, for half their time-out at most.
    /// Default 16; at least 1.
    pub fn with_tenant_loads_max(mut self, count: usize) -> Self {
        self.loads.tenant_loads_max = count;
        self
    }

    /// How many loads of one tenant may wait behind its own. Further ones fail at once with
    /// [`crate::ErrorKind::Overloaded`], unless a stale value covers them. Default 64.
    pub fn with_tenant_loads_queue_max(mut self, count: usize) -> Self {
        self.loads.tenant_queue_max = count;
        self
    }

    /// How many tenants this node remembers; one that is forgotten starts cold. Default 1,000,000.
    pub fn with_tenants_max(mut self, count: usize) -> Self {
        self.tenants_max = count;
        self
    }

    /// Makes all hashes equal, so that a test sees that whole keys are compared. Everything is slow then.
    #[doc(hidden)]
    pub fn dangerous_with_equal_hashes(mut self) -> Self {
        self.hashing = Hashing::equal();
        self
    }

    /// Builds the cache. With a remote tier it must be called within a Tokio runtime, on which the cache then repeats
    /// invalidations that the remote tier missed. With a state folder it reads and writes files.
    ///
    /// # Errors
    ///
    /// [`crate::ErrorKind::Settings`] if a bound is unusable, [`crate::ErrorKind::NotDurable`] if the state folder is.
    pub fn build(self) -> Result<Cache, Error> {
        let state_dir = self.state_dir.filter(|_| self.remote.is_some());
        let (durable, waiting) = Kept::open(state_dir)?;
        let inner = Arc::new(Inner {
            admission: Arc::new(Admission::new(self.loads)?),
            clock: self.clock,
            counters: Counters::default(),
            durable,
            enabled: self.enabled,
            endpoints: Endpoints::new(self.policies),
            event_rules: self.event_rules,
            flights: Arc::new(Flights::new(&self.hashing)),
            local: LocalTier::new(
                self.local_bytes_max,
                self.tenant_floor_percent,
                &self.hashing,
            )?,
            pending: Arc::default(),
            health: self.remote.as_ref().map(|remote| remote.health()),
            remote: self.remote,
            replay_observer: self.replay_observer,
            tenants: Tenants::new(self.tenants_max, &self.hashing)?,
            trust: Trust {
                coherence_bound: self.coherence_bound,
                missed_at: Duration::ZERO,
                outage_ttl: Some(self.outage_ttl),
            },
            journal: Journal::default(),
            history: AtomicU64::new(0),
            history_change: Mutex::new(()),
            node: random_node(),
            arrivals: AtomicU64::new(0),
            sequence: AtomicU64::new(0),
            missed_at: AtomicU64::new(0),
            tasks: Mutex::default(),
        });
        inner.restore(waiting);
        if let Some(remote) = &inner.remote {
            let (weak, pending) = (Arc::downgrade(&inner), Arc::clone(&inner.pending));
            let replay = tokio::spawn(replay::run(weak.clone(), pending, remote.health()));
            let follow = tokio::spawn(follow::run(weak, remote.notices()));
            *inner.tasks.lock() = vec![replay.abort_handle(), follow.abort_handle()];
        }
        Ok(Cache { inner })
    }
}

/// The upper half of 128 random bits.
fn random_node() -> u64 {
    u64::try_from(crate::random_incarnation().get() >> 64).unwrap_or_default()
}
