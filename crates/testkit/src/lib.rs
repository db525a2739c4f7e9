//! What the tests of tenantcache and sellerboard share: real Redis servers that a test owns, a proxy that makes their
//! network fail, an origin that answers as a script says, futures that are dropped half-way, and a checker of histories.
//!
//! Not published. Failures to set a test up panic: a test cannot go on without its server.

#![forbid(unsafe_code)]

mod certificates;
mod drop_after;
pub mod history;
mod origin;
mod proxy;
mod redis_server;

pub use drop_after::DropAfter;
pub use origin::{Request, Response, ScriptedOrigin};
pub use proxy::{
    Connections, Direction, Greeting, Pace, ProxyCounts, Replies, TcpProxy, Then, Twist,
};
pub use redis_server::{RedisServer, RedisServerBuilder, RefusesClients, free_port};
