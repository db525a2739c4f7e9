//! What is measured, one file each.

mod bare;
mod bench;
mod hit;
mod latency;
mod many;
mod miss;
mod outage;
mod peers;
mod remote;
mod stampede;
mod start;
mod storm;
mod world;
mod zipf;

use std::future::Future;
use std::pin::Pin;

pub use bench::Bench;
pub use peers::{Peer, Question};

use crate::report::Report;

type Measured<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Report>> + 'a>>;

/// A workload by its name.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// What it is called on the command line and in its file of results.
    pub name: &'static str,
    /// What it is, for the report.
    pub about: &'static str,
    measure: for<'a> fn(&'a Bench) -> Measured<'a>,
}

/// All workloads, in the order of the report.
pub const WORKLOADS: &[Workload] = &[
    Workload {
        name: "hit-1k",
        about: "hits in the local tier, 1 KiB",
        measure: |bench| Box::pin(hit::kibibyte(bench)),
    },
    Workload {
        name: "hit-16k",
        about: "hits in the local tier, 16 KiB",
        measure: |bench| Box::pin(hit::sixteen(bench)),
    },
    Workload {
        name: "hit-304",
        about: "hits in the local tier that the client has already: 304",
        measure: |bench| Box::pin(hit::not_modified(bench)),
    },
    Workload {
        name: "log",
        about: "hits in the local tier, 1 KiB, with the lines of the level info",
        measure: |bench| Box::pin(hit::logged(bench)),
    },
    Workload {
        name: "redis-1k",
        about: "hits in Redis without a local tier, 1 KiB; Redis on the servers' core, too",
        measure: |bench| Box::pin(remote::kibibyte(bench)),
    },
    Workload {
        name: "redis-16k",
        about: "hits in Redis without a local tier, 16 KiB; Redis on the servers' core, too",
        measure: |bench| Box::pin(remote::sixteen(bench)),
    },
    Workload {
        name: "miss",
        about: "misses, each of a key that was never asked before; the origin answers at once, from the core of the load",
        measure: |bench| Box::pin(miss::misses(bench)),
    },
    Workload {
        name: "zipf",
        about: "a mix of hits and misses over 100 tenants",
        measure: |bench| Box::pin(zipf::mixed(bench)),
    },
    Workload {
        name: "tenants",
        about: "hits in the local tier of 10,000 tenants, one token and one key each",
        measure: |bench| Box::pin(many::tenants(bench)),
    },
    Workload {
        name: "keys",
        about: "hits in the local tier of one tenant with 10,000 keys",
        measure: |bench| Box::pin(many::keys(bench)),
    },
    Workload {
        name: "latency",
        about: "hits at a steady rate, half of the service's peak, in an open loop",
        measure: |bench| Box::pin(latency::half_of_peak(bench)),
    },
    Workload {
        name: "storm",
        about: "hits of 100 tenants while each of them invalidates its products over and over",
        measure: |bench| Box::pin(storm::storm(bench)),
    },
    Workload {
        name: "stampede",
        about: "200 requests at once for a key that nobody has; the origin takes 50 ms",
        measure: |bench| Box::pin(stampede::stampede(bench)),
    },
    Workload {
        name: "outage",
        about: "hits at a steady rate while Redis hangs, and while it is gone",
        measure: |bench| Box::pin(outage::outage(bench)),
    },
    Workload {
        name: "start",
        about: "the start of the service, and what it takes when it is empty",
        measure: |bench| Box::pin(start::start(bench)),
    },
];

impl Workload {
    /// The workload of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        WORKLOADS.iter().find(|workload| workload.name == name)
    }

    /// Measures it.
    ///
    /// # Errors
    ///
    /// If a server does not start, or an answer is wrong.
    pub async fn measure(&self, bench: &Bench) -> anyhow::Result<Report> {
        (self.measure)(bench).await
    }
}
