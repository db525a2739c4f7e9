//! A cache for services with many tenants: a tier in the process, a tier that all nodes share, one load per key at a
//! time, and invalidation that no late load can undo.
//!
//! - **Tenants are a type.** Every entry belongs to a tenant, and there is no way to an entry but through its tenant.
//! - **No stale value comes back.** Once an invalidation is acknowledged, this node never serves a value whose load began
//!   before it, whether it comes from a load that was under way, a background refresh, or the shared tier.
//! - **The cache cannot break the service.** A tier that is slow, broken or gone is a miss, never an error.
//!
//! ```
//! use tenantcache::{Cache, Endpoint, Loaded, TenantId};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = Cache::builder().build()?;
//! let tenant = cache.tenant(&TenantId::new("tenant-001")?);
//! let trends = tenant.entry(&Endpoint::new("dashboard_trends")?).param("days", 30);
//! let answer = trends.get_or_load(async |context| {
//!     Ok::<_, std::io::Error>(Loaded::new(format!("trends of {}", context.key.tenant())))
//! }).await?;
//! assert_eq!(answer.body(), b"trends of tenant-001");
//! # Ok(()) }
//! ```
//!
//! # How long a value lives
//!
//! An entry is *fresh* until its soft TTL, *stale* for the grace after it, then *expired*. A stale entry is served at
//! once while one refresh runs in the background, and stands in for a load that fails. [`Policy`] says how long, by
//! endpoint; a loader may choose a TTL and tags of its own, find that there is nothing ([`Loaded::missing`]), or ask not
//! to store its value.
//!
//! # How invalidation works
//!
//! Each tenant has one small table of generations; see [`tenantcache_core::generation`]. An invalidation is one entry in
//! that table, whatever it covers: a key, an endpoint, a prefix of endpoint names, a tag, the tenant. With a remote tier
//! the table lives there, and a node trusts its copy for the coherence bound (default 2 s) after it was read.
//!
//! # Without the remote tier
//!
//! While a configured remote tier is away, entries of the local tier are served up to the outage TTL (default 5 s), then
//! loaded anew. Invalidations hold on this node at once, and are sent when the remote tier is back; with
//! [`CacheBuilder::with_state_dir`] also by the process that comes after this one.

#![forbid(unsafe_code)]

/// The examples in the project's pages compile and run.
#[cfg(doctest)]
#[expect(
    rustdoc::invalid_codeblock_attributes,
    reason = "blocks of other languages say how they are tested"
)]
mod pages {
    macro_rules! pages {
        ($($name:ident: $path:literal)*) => {$(
            #[doc = include_str!($path)]
            struct $name;
        )*};
    }

    pages! {
        Readme: "../../../README.md"
        BatchReads: "../../../docs/features/batch-reads.md"
        Events: "../../../docs/events.md"
        Fairness: "../../../docs/features/fairness.md"
        Grace: "../../../docs/features/grace.md"
        Invalidation: "../../../docs/features/invalidation.md"
        NegativeEntries: "../../../docs/features/negative-entries.md"
        SingleFlight: "../../../docs/features/single-flight.md"
        Tags: "../../../docs/features/tags.md"
        Tenants: "../../../docs/features/tenants.md"
    }
}

mod admission;
mod answer;
mod atomic;
mod cache;
mod changes;
pub mod clock;
mod counters;
mod durable;
mod endpoints;
mod error;
pub mod events;
mod flight;
mod follow;
mod hashing;
mod histogram;
mod incarnation;
mod inspect;
mod invalidate;
mod journal;
mod labels;
mod lease;
mod load;
mod loaded;
mod local;
mod mirror;
mod nanos;
mod nesting;
mod origin;
mod patience;
mod read;
pub mod remote;
mod replay;
mod sharded;
mod tenant;
mod tenants;
mod top;
mod value;

pub use admission::LoadUsage;
pub use answer::{Answer, Outcome, Source, Status};
pub use cache::{Cache, CacheBuilder};
pub use changes::{Change, Changes};
pub use counters::{CounterSnapshot, EndpointSnapshot, RequestSnapshot};
pub use error::{BoxError, Error, ErrorKind, Unavailable};
pub use histogram::{Histogram, HistogramSnapshot};
pub use incarnation::random_incarnation;
pub use inspect::EntryDetails;
pub use invalidate::Invalidation;
pub use loaded::{LoadContext, Loaded};
pub use local::{LocalUsage, TenantUsage};
pub use tenant::{EntryRef, Tenant, Ticket};
pub use tenantcache_core::{
    self as core, Consistency, Endpoint, EndpointPrefix, Generation, Key, KeyError, KeyRef,
    NameError, Policy, PolicyTable, Scope, Tag, Tags, TenantId,
};
pub use top::{TenantOrder, TenantShare};
