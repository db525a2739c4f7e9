use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tenantcache::TenantId;

use crate::http::Problem;

/// How many reloads (`Cache-Control: no-cache`) of one tenant are heeded in a second.
const RELOADS_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// Rates by tenant.
#[derive(Debug)]
pub(super) struct Limits {
    requests: Option<DefaultKeyedRateLimiter<TenantId>>,
    reloads: DefaultKeyedRateLimiter<TenantId>,
    clock: DefaultClock,
}

impl Limits {
    pub(super) fn new(requests_per_second: Option<NonZeroU32>) -> Self {
        Self {
            requests: requests_per_second.map(|rate| RateLimiter::keyed(Quota::per_second(rate))),
            reloads: RateLimiter::keyed(Quota::per_second(RELOADS_PER_SECOND)),
            clock: DefaultClock::default(),
        }
    }

    /// Lets a request through, or says when to come again.
    pub(super) fn admit(&self, tenant: &TenantId) -> Result<(), Problem> {
        let Some(requests) = &self.requests else {
            return Ok(());
        };
        requests.check_key(tenant).map_err(|over| {
            let wait = over.wait_time_from(self.clock.now());
            Problem::rate_limited(wait.as_secs() + 1)
        })
    }

    /// Whether a reload is heeded; one over the rate is answered from the cache instead.
    pub(super) fn admit_reload(&self, tenant: &TenantId) -> bool {
        self.reloads.check_key(tenant).is_ok()
    }

    /// Forgets tenants that have been quiet, so that memory is bounded by those that are not.
    pub(super) fn forget_quiet(&self) {
        if let Some(requests) = &self.requests {
            requests.retain_recent();
        }
        self.reloads.retain_recent();
    }
}
