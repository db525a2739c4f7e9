//! Stands for tenantcache's `counters`: nothing is counted here.

#[derive(Debug, Default)]
pub(crate) struct RequestCounters(());
