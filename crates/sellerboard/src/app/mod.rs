//! The service: sellers' answers from the cache, and the operators' view of it.
//!
//! [`Service::start`] connects what the configuration names; [`Service::run`] answers until it is told to stop.
//! A request goes through [`crate::http::identify`], then its token makes a `Caller`, and only a `Caller`
//! gives access to a tenant's part of the cache.

mod answer;
mod cached;
mod caller;
mod connections;
mod docs;
mod events;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod hits;
mod latency;
mod limits;
mod metrics;
mod operate;
mod pages;
mod params;
mod read;
mod router;
mod service;
mod shape;
mod source;
mod state;
mod stream;

pub(crate) use pages::DEMO_TOKEN_TTL;
pub use pages::DemoSignIn;
pub use router::openapi;
pub use service::Service;
