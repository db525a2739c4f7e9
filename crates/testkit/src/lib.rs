//! Process control for the tests of tenantcache and sellerboard: real Redis servers that a test owns.
//!
//! Not published. Failures to set a test up panic: a test cannot go on without its server.

#![forbid(unsafe_code)]

mod certificates;
mod redis_server;

pub use redis_server::{RedisServer, RedisServerBuilder, free_port};
