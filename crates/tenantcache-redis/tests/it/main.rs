//! The Redis tier against real servers.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic, as tests do"
)]

mod cache;
mod cancel;
mod coherence;
mod faults;
mod hostile;
mod server;
mod stream;
mod stream_gaps;
mod stream_support;
mod support;
mod tables;
mod tls;
