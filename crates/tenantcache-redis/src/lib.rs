//! The Redis tier of [`tenantcache`]: entries and generation tables that all nodes share. It needs Redis 7 or newer, or
//! Valkey.
//!
//! ```no_run
//! use std::sync::Arc;
//! use tenantcache::Cache;
//! use tenantcache_redis::{RedisOptions, RedisTier};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tier = RedisTier::start(RedisOptions::new("redis://localhost:6379/0")?);
//! tier.ready().await; // optional: waits for the first attempt to connect, at most 1 s
//! let cache = Cache::builder().with_remote(Arc::new(tier)).build()?;
//! # let _ = cache; Ok(()) }
//! ```
//!
//! # What it does when Redis is not well
//!
//! A task of the tier's own connects, and connects again with a growing pause of 50 to 250 ms. While there is no
//! connection, every operation fails at once. A command that takes longer than its budget (default 100 ms) fails; five in
//! a row, a broken connection, or a server that has become a replica end the connection. Nothing is retried but by the
//! cache above. Every reply carries a random number of its request: one that does not is dropped, and ends the connection.
//!
//! # TLS
//!
//! `rediss://` needs no preparation: where the application has installed no cryptography provider for rustls, AWS-LC
//! becomes the process's default when the first such tier starts. The server's certificate is always verified, against
//! the system's authorities or [`RedisOptions::with_ca_certificates`].
//!
//! # What it stores
//!
//! | key | holds |
//! | --- | --- |
//! | the entry's key | the entry, in the format of [`tenantcache_core::entry`], until its hard TTL |
//! | `tenantcache:table:{tenant}` | the tenant's generation table: `i` incarnation, `n` generation, `_h` the server's history, `_at` when it was last invalidated, and a field for each scope invalidated lately |
//! | `tenantcache:lease:{entry's key}` | who loads the entry, and at which generation, for a little longer than a load may take |
//! | `tenantcache:epoch` | when the database's epoch began, and a random text; a new one invalidates all tenants |
//! | `tenantcache:index:{tenant}` | the tenant's last 1,000 filled keys, for operators |
//! | `tenantcache:events` | the stream that an [`EventStream`] reads, with its consumer group |
//! | `tenantcache:events:{group}` | that the group was made, so that its absence is known to be a loss |
//!
//! An entry is at most 32 MiB, its header included. A larger value is not stored; of a larger one that stands under an
//! entry's key only the first 36 bytes are read, and it is a miss. A table of more than 1,024 fields is none.
//!
//! Every key has a time to live. `SCAN`, `KEYS` and `FLUSHALL` are never used.

#![forbid(unsafe_code)]

mod connect;
mod cryptography;
mod options;
mod reply;
mod scripts;
mod stream;
mod supervisor;
mod tier;
mod tracking;

pub use options::{CertificatesError, RedisOptions, UrlError};
pub use stream::{EventStream, StreamOptions, StreamSnapshot, StreamState};
pub use tier::RedisTier;
