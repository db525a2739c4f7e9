//! What operators, and sellers for their own tenant, see and do of the cache.

mod course;
mod entries;
mod history;
mod invalidate;
mod metrics;
mod record;
mod sections;
mod tenants;

pub(super) use course::{Course, sample};
pub(super) use entries::{entries, entry};
pub(super) use history::history;
pub(super) use invalidate::invalidate;
pub(super) use metrics::metrics;
pub(super) use record::{InvalidationLog, InvalidationRecord, invalidations};
pub(super) use tenants::{TopTenants, tenants};

pub(super) mod paths {
    //! Where the generated descriptions of these handlers are.
    pub(in super::super) use super::entries::{__path_entries, __path_entry};
    pub(in super::super) use super::history::__path_history;
    pub(in super::super) use super::invalidate::__path_invalidate;
    pub(in super::super) use super::metrics::__path_metrics;
    pub(in super::super) use super::record::__path_invalidations;
    pub(in super::super) use super::tenants::__path_tenants;
}

/// A moment since 1970 as RFC 3339 in UTC.
pub(super) fn rfc3339(since_epoch: std::time::Duration) -> String {
    let millis = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| String::new(), |at| at.to_string())
}

/// The time since 1970.
pub(super) fn wall() -> std::time::Duration {
    use tenantcache::clock::{Clock, SystemClock};
    SystemClock::default().wall()
}
