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
//! A task of the tier's own keeps the connection, and says in [`Health`](tenantcache::remote::Health) how the server is:
//!
//! | state | what happens |
//! | --- | --- |
//! | up | everything is asked of it |
//! | degraded | it refuses something, such as fills when it is out of memory; everything else goes on |
//! | down | every operation fails at once, at no cost; the cache serves local entries up to its outage TTL and queues invalidations |
//!
//! A command that takes longer than its budget (default 100 ms) fails. The state becomes down when the connection breaks,
//! when five commands in a row or half of a second's have no answer in time, when the server becomes a replica, or refuses
//! to write at all. Half a second without use is followed by a heartbeat, and one that fails by the next, so a silent
//! server is found within about a second.
//!
//! It connects again with a growing, jittered pause of 10 to 500 ms (5 s after a refused password), one attempt at a time.
//! A server is used when it has answered within the budget: once; five times in a row if it was late before; and for ten
//! seconds if it was late again within ten seconds. One that answers that it is not ready (`-LOADING`, `-BUSY`, `-NOAUTH`) is
//! asked every 100 ms on the same connection. Each change of state is one line in the log, but no more than six at once and
//! one in ten seconds.
//!
//! Nothing is retried but by the cache above. Every reply carries a random number of its request: one that does not is
//! dropped, and ends the connection.
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

mod cause;
mod connect;
mod cryptography;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod link;
mod options;
mod reply;
mod scripts;
mod shared;
mod stream;
mod supervisor;
mod tier;
mod together;
mod traced;
mod tracking;

pub use options::{CertificatesError, RedisOptions, UrlError};
pub use stream::{EventStream, StreamOptions, StreamSnapshot, StreamState};
pub use tier::RedisTier;
