//! How many loads are under way, by tenant and in all, and who waits for their end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tenantcache_core::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::{Error, ErrorKind};

/// Bounds on loads. None is zero but those of the queues, where zero means that nothing waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadBounds {
    /// Loads under way in all.
    pub(crate) loads_max: usize,
    /// Loads under way of one tenant.
    pub(crate) tenant_loads_max: usize,
    /// Loads that wait behind those of other tenants; and, counted apart, behind those of their own.
    pub(crate) queue_max: usize,
    /// Loads that wait behind those of their own tenant, of one tenant.
    pub(crate) tenant_queue_max: usize,
}

/// Lets loads begin.
///
/// A load first needs one of its tenant's permits, then one of those for all. So a tenant never waits in the second
/// queue with more loads than it may have under way, and the two queues are counted apart: however many loads of busy
/// tenants wait behind their own, there is room for the others.
#[derive(Debug)]
pub(crate) struct Admission {
    bounds: LoadBounds,
    all: Arc<Semaphore>,
    queues: Mutex<Queues>,
    shed: [AtomicU64; Shed::NAMES.len()],
}

/// The loads of a cache at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadUsage {
    /// Loads under way.
    pub under_way: usize,
    /// Loads that wait for others to end.
    pub waiting: usize,
    /// Tenants that have either.
    pub tenants: usize,
}

/// Everything that is counted exactly. Locked for moments only.
#[derive(Debug, Default)]
struct Queues {
    /// Only tenants with a load under way or waiting.
    tenants: HashMap<TenantId, Gate>,
    behind_own: usize,
    behind_all: usize,
}

#[derive(Debug)]
struct Gate {
    permits: Arc<Semaphore>,
    /// Loads under way or waiting; at none, the gate goes.
    seats: usize,
    queued: usize,
}

/// Why a load was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shed {
    /// Its turn did not come within its time-out.
    Deadline,
    /// Too many loads wait.
    Queue,
    /// It would have had to wait, while a stale value could be served.
    Stale,
    /// Too many loads of its tenant wait.
    TenantQueue,
}

/// The right to load, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
    _seat: Seat,
}

/// A load that is under way, or waits: keeps its tenant's gate.
#[derive(Debug)]
struct Seat {
    admission: Arc<Admission>,
    tenant: TenantId,
    permits: Arc<Semaphore>,
}

/// A place in one of the queues.
#[derive(Debug)]
struct Place<'a> {
    seat: &'a Seat,
    behind: Behind,
}

#[derive(Clone, Copy, Debug)]
enum Behind {
    All,
    Own,
}

impl Admission {
    pub(crate) fn new(bounds: LoadBounds) -> Result<Self, Error> {
        let usable = 1..=Semaphore::MAX_PERMITS;
        if !usable.contains(&bounds.loads_max) || !usable.contains(&bounds.tenant_loads_max) {
            let reason = "the bounds of loads are not usable";
            return Err(Error::with_source(ErrorKind::Settings, reason));
        }
        Ok(Self {
            all: Arc::new(Semaphore::new(bounds.loads_max)),
            bounds,
            queues: Mutex::default(),
            shed: std::array::from_fn(|_| AtomicU64::new(0)),
        })
    }

    /// Waits for its turn, in the order of arrival, until `deadline` at most. Without `may_wait`, takes only what is free.
    ///
    /// # Cancel safety
    ///
    /// A caller that goes away gives up its place.
    pub(crate) async fn admit(
        self: &Arc<Self>,
        tenant: &TenantId,
        deadline: Instant,
        may_wait: bool,
    ) -> Result<Permit, Shed> {
        let admitted = self.try_admit(tenant, deadline, may_wait).await;
        admitted.inspect_err(|shed| {
            self.shed[*shed as usize].fetch_add(1, Ordering::Relaxed);
        })
    }

    async fn try_admit(
        self: &Arc<Self>,
        tenant: &TenantId,
        deadline: Instant,
        may_wait: bool,
    ) -> Result<Permit, Shed> {
        let seat = Seat::take(self, tenant);
        let take = async |permits: &Arc<Semaphore>, behind: Behind| {
            if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
                return Ok(permit);
            }
            if !may_wait {
                return Err(Shed::Stale);
            }
            let _place = Place::take(&seat, behind)?;
            match timeout_at(deadline, Arc::clone(permits).acquire_owned()).await {
                Ok(Ok(permit)) => Ok(permit),
                // Nobody closes a semaphore of ours.
                Ok(Err(_)) | Err(_) => Err(Shed::Deadline),
            }
        };
        Ok(Permit {
            _own: take(&seat.permits, Behind::Own).await?,
            _all: take(&self.all, Behind::All).await?,
            _seat: seat,
        })
    }

    pub(crate) fn usage(&self) -> LoadUsage {
        let queues = self.queues.lock();
        LoadUsage {
            under_way: self.bounds.loads_max - self.all.available_permits(),
            waiting: queues.behind_own + queues.behind_all,
            tenants: queues.tenants.len(),
        }
    }

    /// How many loads were not begun, by reason.
    pub(crate) fn shed(&self) -> Vec<(&'static str, u64)> {
        let counts = self.shed.iter().map(|count| count.load(Ordering::Relaxed));
        Shed::NAMES.into_iter().zip(counts).collect()
    }
}

impl Shed {
    /// In the order of the variants.
    pub(crate) const NAMES: [&str; 4] = ["deadline", "queue", "stale", "tenant_queue"];
}

impl Seat {
    fn take(admission: &Arc<Admission>, tenant: &TenantId) -> Self {
        let mut queues = admission.queues.lock();
        let gate = queues
            .tenants
            .entry(tenant.clone())
            .or_insert_with(|| Gate {
                permits: Arc::new(Semaphore::new(admission.bounds.tenant_loads_max)),
                seats: 0,
                queued: 0,
            });
        gate.seats += 1;
        Self {
            permits: Arc::clone(&gate.permits),
            admission: Arc::clone(admission),
            tenant: tenant.clone(),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut queues = self.admission.queues.lock();
        if let Entry::Occupied(mut gate) = queues.tenants.entry(self.tenant.clone()) {
            gate.get_mut().seats -= 1;
            if gate.get().seats == 0 {
                gate.remove();
            }
        }
        // What a storm of tenants needed is given back after it.
        if queues.tenants.is_empty() && queues.tenants.capacity() > 1_024 {
            queues.tenants.shrink_to_fit();
        }
    }
}

impl<'a> Place<'a> {
    fn take(seat: &'a Seat, behind: Behind) -> Result<Self, Shed> {
        let bounds = &seat.admission.bounds;
        let queues = &mut *seat.admission.queues.lock();
        match behind {
            Behind::Own => {
                let gate = queues.tenants.get_mut(&seat.tenant);
                let gate = gate.filter(|gate| gate.queued < bounds.tenant_queue_max);
                let gate = gate.ok_or(Shed::TenantQueue)?;
                if queues.behind_own >= bounds.queue_max {
                    return Err(Shed::Queue);
                }
                gate.queued += 1;
                queues.behind_own += 1;
            }
            Behind::All if queues.behind_all >= bounds.queue_max => return Err(Shed::Queue),
            Behind::All => queues.behind_all += 1,
        }
        Ok(Self { seat, behind })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let queues = &mut *self.seat.admission.queues.lock();
        match self.behind {
            Behind::All => queues.behind_all -= 1,
            Behind::Own => {
                queues.behind_own -= 1;
                if let Some(gate) = queues.tenants.get_mut(&self.seat.tenant) {
                    gate.queued -= 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
