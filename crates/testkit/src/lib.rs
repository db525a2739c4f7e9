//! What the tests of tenantcache and sellerboard share: real Redis servers that a test owns, a proxy that makes their
//! network fail, and a checker of histories.
//!
//! Not published. Failures to set a test up panic: a test cannot go on without its server.

#![forbid(unsafe_code)]

mod certificates;
pub mod history;
mod proxy;
mod redis_server;

pub use proxy::{Direction, ProxyCounts, TcpProxy};
pub use redis_server::{RedisServer, RedisServerBuilder, free_port};
