//! The cache's shared state under every order of its threads' steps.
//!
//! `mirror`, `flight` and `local` are tenantcache's own files, compiled once more. The crates `parking_lot` and `arc_swap` that
//! they name are, in here, this crate: its [`Mutex`], [`RwLock`], [`ArcSwap`] and [`ArcSwapOption`] stop at every step and let
//! [shuttle](https://docs.rs/shuttle) decide which thread goes on. So nothing in tenantcache has to know of it, and
//! nothing else has to be built anew. Each function runs one situation in many orders, and panics if one of them breaks
//! what it says; `tests` has a test for each.
//!
//! Left out: the atomics of `std`, but for those of `atomic`, and the channels of tokio, which are steps of no length here;
//! orders of memory weaker than sequential; and what is not in those files, such as the orders in `replay` and `read`,
//! which the situations repeat.

// The examples in those files belong to tenantcache, where they are run.
#![cfg(not(doctest))]
#![forbid(unsafe_code)]

extern crate self as arc_swap;
extern crate self as parking_lot;

mod atomic;
mod changes;
mod counters;
mod endpoints;
mod flights;
#[path = "../../tenantcache/src/hashing.rs"]
mod hashing;
#[path = "../../tenantcache/src/incarnation.rs"]
#[expect(unreachable_pub, reason = "it is tenantcache that makes it public")]
mod incarnation;
mod invalidations;
#[path = "../../tenantcache/src/labels.rs"]
mod labels;
#[path = "../../tenantcache/src/nanos.rs"]
mod nanos;
mod shims;
mod support;
mod tier;

/// Takes in a file of tenantcache as it is. A macro, since rustfmt would otherwise follow it to its unit tests.
macro_rules! real {
    ($($name:ident in $path:literal, $($lint:ident),+;)*) => {$(
        #[expect($($lint),+, reason = "the situations need parts of it")]
        #[path = $path]
        mod $name;
    )*};
}

real! {
    error in "../../tenantcache/src/error.rs", dead_code, unreachable_pub;
    flight in "../../tenantcache/src/flight.rs", dead_code;
    local in "../../tenantcache/src/local/mod.rs", dead_code, unreachable_pub, unused_imports;
    mirror in "../../tenantcache/src/mirror/mod.rs", dead_code, unused_imports;
    value in "../../tenantcache/src/value.rs", dead_code;
}

pub use flights::{
    a_dropped_pilot_fails_its_waiters, a_landed_flight_is_found_by_nobody,
    a_late_landing_leaves_the_newer_flight, nobody_gets_what_was_invalidated_before_it_came,
};
pub use invalidations::{
    a_late_confirmation_forgets_nothing_newer, a_proof_is_never_taken_for_an_older_table,
    a_table_read_before_another_was_learned_is_not_trusted,
    an_invalidation_is_never_in_neither_place, invalidations_queued_at_once_are_all_kept,
    no_own_invalidation_is_lost, tables_only_go_forward,
};
pub use shims::{ArcSwap, ArcSwapOption, Guard, Mutex, RwLock};
pub use tier::{the_latest_load_stays, what_is_evicted_by_two_is_accounted_once};

pub(crate) use error::{Error, ErrorKind};

/// Where an answer came from; stands for tenantcache's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The remote tier.
    #[expect(dead_code, reason = "the real code names it")]
    Remote,
}
