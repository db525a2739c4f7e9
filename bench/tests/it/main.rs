//! The load generator against servers that do it right and wrong.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic, as tests do"
)]

mod load;
mod server;
