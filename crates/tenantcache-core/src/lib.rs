//! The pure core of tenantcache: what a key is, when an entry is valid, how it is stored.
//!
//! Nothing here does I/O, reads a clock, spawns a task or uses `unsafe`. Every rule can be tested with plain values.
//!
//! | module | holds |
//! | --- | --- |
//! | [`key`] | [`TenantId`], [`Endpoint`], [`EndpointPrefix`], [`Key`], [`KeyDraft`]: names that cannot be confused |
//! | [`tag`] | [`Tag`] and [`Tags`]: labels for group invalidation |
//! | [`generation`] | [`Table`], [`Stamp`], [`Scope`]: the rule that keeps invalidated values dead |
//! | [`policy`] | [`Policy`] and [`PolicyTable`]: lifetimes by endpoint |
//! | [`entry`] | [`StoredEntry`]: the bytes of an entry in a remote tier |
//!
//! ```
//! use tenantcache_core::{Endpoint, Generation, Incarnation, Key, Scope, Stamp, Table, Tags, TenantId};
//!
//! let tenant: TenantId = "tenant-001".parse()?;
//! let key = Key::new(&Endpoint::new("dashboard_trends")?, &tenant).param("days", 30)?;
//! assert_eq!(key.as_str(), "dashboard_trends:tenant-001:days:30");
//!
//! let mut table = Table::new(Incarnation::from_u128(7));
//! let stamp = table.stamp(); // noted before the load begins
//! table.invalidate([Scope::Tenant]); // happens while it runs
//! assert!(!table.admits(stamp, &key, &Tags::none())); // so its value is never served
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod entry;
pub mod generation;
pub mod key;
pub mod policy;
pub mod tag;

pub use entry::{DecodeError, StoredEntry};
pub use generation::{Generation, Incarnation, Records, Scope, Stamp, Table, TableError};
pub use key::{
    Endpoint, EndpointPrefix, Key, KeyDraft, KeyError, KeyRef, NameError, NameLengths, TenantId,
};
pub use policy::{Consistency, Freshness, Lifetime, Policy, PolicyTable};
pub use tag::{Tag, Tags};
