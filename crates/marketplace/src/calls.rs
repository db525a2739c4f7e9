//! How many business reads arrived.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde::Serialize;

use crate::tenant::Tenant;

/// Distinct pairs of tenant and path that are listed; calls of further ones show in the total only.
pub const CALLS_DISTINCT_MAX: usize = 10_000;

/// Counts by tenant and path.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Taken for a map look-up, once a read; nothing waits under it.
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: u64,
    by_path: BTreeMap<(String, String), u64>,
}

/// The answer of `GET /calls`.
#[derive(Debug, Serialize)]
pub(crate) struct Listing {
    total: u64,
    calls: Vec<Call>,
}

#[derive(Debug, Serialize)]
struct Call {
    tenant: String,
    path: String,
    count: u64,
}

impl Calls {
    /// Counts a read of `path`, without its query.
    pub(crate) fn count(&self, tenant: &Tenant, path: &str) {
        let mut counts = self.counts.lock();
        counts.total += 1;
        let key = (tenant.as_str().to_owned(), path.to_owned());
        if let Some(count) = counts.by_path.get_mut(&key) {
            *count += 1;
        } else if counts.by_path.len() < CALLS_DISTINCT_MAX {
            counts.by_path.insert(key, 1);
        }
    }

    /// Starts again from zero.
    pub(crate) fn reset(&self) {
        *self.counts.lock() = Counts::default();
    }

    /// Everything counted, by tenant and path.
    pub(crate) fn list(&self) -> Listing {
        let counts = self.counts.lock();
        let call = |((tenant, path), count): (&(String, String), &u64)| Call {
            tenant: tenant.clone(),
            path: path.clone(),
            count: *count,
        };
        Listing {
            total: counts.total,
            calls: counts.by_path.iter().map(call).collect(),
        }
    }
}
