//! How fast the service is over HTTP, beside what the machine allows.
//!
//! [`load`] asks: raw HTTP/1.1 over TCP on one thread, with requests that are ready before the clock runs, in a closed loop for the peak
//! and an open loop for latencies. [`origin`] answers what the service asks for on a miss. [`processes`] are the servers, each
//! pinned to its core, and what they cost. [`rounds`] sets figures of alternating runs side by side;
//! [`workloads`] are what is measured, and [`report`] what comes of it.
//!
//! The program `bare` is the limit: what hyper, or axum, does that answers a constant.

pub mod body;
pub mod load;
pub mod origin;
pub mod processes;
pub mod report;
pub mod rounds;
pub mod tokens;
pub mod workloads;
