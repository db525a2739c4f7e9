//! Three cache nodes on one real Redis, readers, writers and faults: does anything outdated ever come back?
//!
//! Each node reaches Redis through a proxy of its own, which fails as told. The origin numbers its versions and its loads.
//! Everything that is read, written, invalidated and loaded goes into a log, and [`testkit::history`] judges it by rules
//! that know nothing of how the cache works.
//!
//! ```text
//! cargo run --release -p coherence -- --fault flushall --reads 1000000 --seed 7
//! cargo run --release -p coherence -- --fault all --reads 500000
//! ```
//!
//! A run is a list of [`Fault`]s under a [`Plan`]. A seed fixes what each task chooses; what the machine makes of it is not
//! repeatable, since Redis and the network are real.
//!
//! # The load
//!
//! Two tenants are *hot*: something of theirs is invalidated every few milliseconds, so that loads, refreshes, promotions
//! and late fills keep meeting invalidations. The others are *calm*: one invalidation in a few coherence bounds, so that a
//! node that missed it would go on with the old value for longer than it may; of half of these, only lasting entries are
//! read. Some endpoints are fresh for a tenth of a
//! second and refreshed all the time, others for a minute, so that nothing but the invalidation ends their entries.

#![forbid(unsafe_code)]

mod clock;
mod faults;
mod keys;
mod library;
mod load;
mod node;
mod origin;
mod outcome;
mod plan;
mod recorder;
mod run;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "service")]
mod storm;
mod world;

pub use faults::Fault;
pub use outcome::Outcome;
pub use plan::{Nodes, Plan};
pub use run::run;
#[cfg(feature = "service")]
pub use storm::{Condition, LineCounter, StormOutcome, StormPlan, storm};
