//! The Redis tier against real servers.

mod cache;
mod faults;
mod server;
mod support;
mod tables;
