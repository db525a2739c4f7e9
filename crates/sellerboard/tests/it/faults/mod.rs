//! One test for each fault of `docs/faults.md`, named after its number. Those that take long are run by
//! `cargo xtask faults` alone, which also says what was seen.

mod absent;
mod bytes;
mod callers;
mod clients;
mod event_faults;
mod identity;
mod in_flight;
mod invalidations_many;
mod lab;
mod limits;
mod lost_state;
mod origin;
mod pushes;
mod queue;
mod reach;
mod refused;
mod report;
mod shapes;
mod slow;
mod tokens;
mod visits;
mod wire;
