use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tenantcache::TenantId;
use tokio::sync::watch;

use crate::http::Problem;

/// The most streams of one tenant: its people's open pages.
const TENANT_MAX: usize = 100;
/// The most streams of all. Half of the connections are left for requests.
const ALL_MAX: usize = 5_000;
/// When a client that found no seat may try again, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// Seats for those who listen to the changes of their tenant.
#[derive(Debug)]
pub(in crate::app) struct Seats {
    taken: Mutex<Taken>,
    closed: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Taken {
    /// Only tenants with a seat stand here.
    by_tenant: HashMap<TenantId, usize>,
    all: usize,
}

/// One seat, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    tenant: TenantId,
    closed: watch::Receiver<bool>,
}

impl Default for Seats {
    fn default() -> Self {
        Self {
            taken: Mutex::default(),
            closed: watch::Sender::new(false),
        }
    }
}

impl Seats {
    /// A seat for one more stream of the tenant.
    pub(super) fn take(self: &Arc<Self>, tenant: &TenantId) -> Result<Seat, Problem> {
        let mut taken = self.taken.lock();
        if taken.all >= ALL_MAX {
            return Err(Problem::unavailable("too many streams are open"));
        }
        let own = taken.by_tenant.entry(tenant.clone()).or_default();
        if *own >= TENANT_MAX {
            return Err(Problem::rate_limited(RETRY_AFTER_SECONDS));
        }
        *own += 1;
        taken.all += 1;
        Ok(Seat {
            seats: Arc::clone(self),
            tenant: tenant.clone(),
            closed: self.closed.subscribe(),
        })
    }

    /// Ends all streams, those to come too.
    pub(in crate::app) fn close(&self) {
        self.closed.send_replace(true);
    }
}

impl Seat {
    pub(super) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Completes when all streams shall end.
    pub(super) async fn closed(&mut self) {
        // The sender lives as long as this seat.
        let _closed = self.closed.wait_for(|closed| *closed).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        taken.all -= 1;
        if let Some(own) = taken.by_tenant.get_mut(&self.tenant) {
            *own -= 1;
            if *own == 0 {
                taken.by_tenant.remove(&self.tenant);
            }
        }
    }
}
