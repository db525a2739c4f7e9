//! Stands for tenantcache's `endpoints`: what is counted does not matter here.

use std::time::Duration;

use tenantcache_core::Policy;

#[derive(Debug)]
pub(crate) struct EndpointState {
    pub(crate) policy: Policy,
}

impl Default for EndpointState {
    fn default() -> Self {
        Self {
            policy: Policy::new(Duration::from_secs(60)),
        }
    }
}
