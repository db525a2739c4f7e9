//! Stands for tenantcache's `endpoints`: nothing here depends on policies.

#[derive(Debug, Default)]
pub(crate) struct EndpointState(());
