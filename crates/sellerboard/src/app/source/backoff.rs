//! Tenants of whom the origin wants no request for a while.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tenantcache::TenantId;

/// The most tenants that are remembered; further ones are asked for all the same.
const TENANTS_MAX: usize = 10_000;
/// An origin that does not want to be asked for longer is asked all the same.
const WAIT_MAX: Duration = Duration::from_secs(5 * 60);

/// Until when each tenant's requests stay away.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    until: Mutex<HashMap<TenantId, Duration>>,
}

impl Backoff {
    /// Notes that the origin wants no request of this tenant for `wait`. `random` adds up to a tenth, so that tenants
    /// who were sent away together do not come back together.
    pub(super) fn note(&self, tenant: &TenantId, wait: Duration, now: Duration, random: u64) {
        if wait.is_zero() {
            return;
        }
        let wait = wait.min(WAIT_MAX);
        let spread = u64::try_from((wait / 10).as_millis()).unwrap_or(u64::MAX - 1);
        let wait = wait + Duration::from_millis(random % (spread + 1));
        let mut until = self.until.lock();
        if until.len() >= TENANTS_MAX {
            until.retain(|_, until| *until > now);
        }
        if until.len() < TENANTS_MAX || until.contains_key(tenant) {
            until.insert(tenant.clone(), now + wait);
        }
    }

    /// For how long no request of this tenant is wanted yet.
    pub(super) fn remaining(&self, tenant: &TenantId, now: Duration) -> Option<Duration> {
        let mut all = self.until.lock();
        let until = *all.get(tenant)?;
        if until > now {
            return Some(until - now);
        }
        all.remove(tenant);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn tenant(number: usize) -> TenantId {
        TenantId::new(&format!("tenant-{number}")).unwrap()
    }

    #[test]
    fn a_tenant_stays_away_until_its_time() {
        let backoff = Backoff::default();
        let check = |number, now, expected| {
            assert_eq!(backoff.remaining(&tenant(number), now), expected);
        };
        backoff.note(&tenant(1), seconds(7), seconds(100), 0);
        check(1, seconds(100), Some(seconds(7)));
        check(2, seconds(100), None);
        check(1, seconds(107), None);
        assert!(backoff.until.lock().is_empty());

        backoff.note(&tenant(1), seconds(100), seconds(0), 10_000);
        check(1, seconds(0), Some(seconds(110)));
        backoff.note(&tenant(1), seconds(86_400), seconds(0), 0);
        check(1, seconds(0), Some(WAIT_MAX));
        backoff.note(&tenant(2), Duration::ZERO, seconds(0), 0);
        check(2, seconds(0), None);
    }

    #[test]
    fn tenants_are_bounded() {
        let backoff = Backoff::default();
        for number in 0..TENANTS_MAX + 10 {
            backoff.note(&tenant(number), seconds(10), seconds(0), 0);
        }
        assert_eq!(backoff.until.lock().len(), TENANTS_MAX);
        assert!(
            backoff
                .remaining(&tenant(TENANTS_MAX), seconds(0))
                .is_none()
        );
        backoff.note(&tenant(TENANTS_MAX), seconds(10), seconds(10), 0);
        assert_eq!(backoff.until.lock().len(), 1);
    }
}
