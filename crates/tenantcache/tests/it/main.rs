//! The cache through its public API, on clocks that stand still.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic, as tests do"
)]

mod access;
mod admission;
mod bounds;
mod cancel;
mod counters;
mod durable;
mod flight;
mod history;
mod hit;
mod invalidate;
mod lifetime;
mod shared_tier;
mod stale;
mod support;
mod tags;
