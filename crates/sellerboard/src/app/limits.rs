use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use tenantcache::TenantId;

use crate::auth::AuthError;
use crate::http::Problem;

/// How many reloads (`Cache-Control: no-cache`) of one tenant are heeded in a second.
const RELOADS_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");
/// How many refused tokens are written down one by one in a second; anybody can send them.
const REFUSALS_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// Rates by tenant, and of what those do who are nobody.
#[derive(Debug)]
pub(super) struct Limits {
    requests: Option<DefaultKeyedRateLimiter<TenantId>>,
    reloads: DefaultKeyedRateLimiter<TenantId>,
    refusals: DefaultDirectRateLimiter,
    /// Refused tokens that were not written down.
    refusals_untold: AtomicU64,
    clock: DefaultClock,
}

impl Limits {
    pub(super) fn new(requests_per_second: Option<NonZeroU32>) -> Self {
        Self {
            requests: requests_per_second.map(|rate| RateLimiter::keyed(Quota::per_second(rate))),
            reloads: RateLimiter::keyed(Quota::per_second(RELOADS_PER_SECOND)),
            refusals: RateLimiter::direct(Quota::per_second(REFUSALS_PER_SECOND)),
            refusals_untold: AtomicU64::new(0),
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

    /// Writes down that a token was refused, for the audit: why, and nothing of what the token claims. A request without a
    /// token is nobody's attempt at anything.
    pub(super) fn note_refusal(&self, error: AuthError) {
        if error == AuthError::Missing {
            return;
        }
        if self.refusals.check().is_err() {
            self.refusals_untold.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let untold = self.refusals_untold.swap(0, Ordering::Relaxed);
        tracing::warn!(reason = %error, untold, "Refused: the token is not accepted");
    }

    /// Forgets tenants that have been quiet, so that memory is bounded by those that are not.
    pub(super) fn forget_quiet(&self) {
        let all = [self.requests.as_ref(), Some(&self.reloads)];
        for limiter in all.into_iter().flatten() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    #[cfg(test)]
    fn remembered(&self) -> usize {
        self.requests.as_ref().map_or(0, RateLimiter::len) + self.reloads.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn tenant(number: u32) -> TenantId {
        TenantId::new(&format!("tenant-{number}")).unwrap()
    }

    #[test]
    fn each_tenant_has_its_own_rate_and_is_told_when_to_come_again() {
        let limits = Limits::new(NonZeroU32::new(5));
        for _ in 0..5 {
            limits.admit(&tenant(1)).unwrap();
        }
        let refused = limits.admit(&tenant(1)).unwrap_err();
        assert_eq!(refused.status(), http::StatusCode::TOO_MANY_REQUESTS);
        limits.admit(&tenant(2)).unwrap();
    }

    #[test]
    fn crowds_of_tenants_are_forgotten_when_they_are_quiet() {
        let limits = Limits::new(NonZeroU32::new(1_000));
        for number in 0..200_000 {
            limits.admit(&tenant(number)).unwrap();
        }
        assert!(limits.remembered() > 1_000);
        limits.admit_reload(&tenant(0));
        // A tenant is quiet when its whole rate is free again: after a millisecond, and a tenth of a second.
        std::thread::sleep(Duration::from_millis(200));
        limits.forget_quiet();
        assert_eq!(limits.remembered(), 0);
    }
}
