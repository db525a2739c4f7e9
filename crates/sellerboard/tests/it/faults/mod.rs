//! One test for each fault of `docs/faults.md`, named after its number. Those that take long are run by
//! `cargo xtask faults` alone, which also says what was seen.

mod absent;
mod bytes;
mod callers;
mod clients;
mod clocks;
mod crowd;
mod event_faults;
mod failover;
mod identity;
mod in_flight;
mod invalidations_many;
mod lab;
mod limits;
mod load;
mod lost_state;
mod memory;
mod not_ready;
mod origin;
mod overload;
mod oversized;
mod pushes;
mod queue;
mod reach;
mod refused;
pub(crate) mod report;
mod rights;
mod script;
mod secrets;
mod shapes;
mod shared_cache;
mod slow;
mod subject;
mod tokens;
mod visits;
mod wire;
