//! A model of how nodes and Redis keep invalidated values dead, checked exhaustively within bounds.
//!
//! Two nodes serve one key of one tenant through local tiers and one Redis. Messages are late or lost, nodes are cut off,
//! tables are evicted, servers fail over or restart from a snapshot. [stateright](https://docs.rs/stateright) tries every
//! order of these within a [`Scenario`], and asks of each state whether the promises of
//! [`promise`](properties::promise) hold. Whether a table or an overlay admits a value is not modelled: the real
//! `tenantcache_core::Table` and `Records` decide.
//!
//! # How to read it
//!
//! | module | holds |
//! | --- | --- |
//! | [`state`] | one moment of the modelled world |
//! | [`protocol`] | what can happen: [`Action`] |
//! | `step`, `mirror`, `server` | what it does to a node, and to Redis |
//! | [`judge`] | the answers of the real rule |
//! | [`properties`] | the promises, and the situations that make them worth something |
//! | [`mechanism`] | the parts that can be left out, each with what then goes wrong |
//! | [`scenario`] | the bounds |
//!
//! A load notes the table of its node's mirror as its stamp; its value is filled into Redis by a script that compares
//! stamp and table. A read brings entry and table as they were when it was sent, and comes later. An invalidation is a
//! script whose reply comes later or is lost; then it waits in the overlay and is made again. A request is no step: of
//! every state it is asked what a request would be given, by [`promise`](properties::promise). A value knows which
//! invalidations were made before its load began, which is how a promise can tell that it should be dead; no step looks
//! at that.
//!
//! Time is a few ticks. Two things in one tick have an order all the same: a push, a loss of connection, or another
//! incarnation marks the replies under way as *disturbed*, where the real code compares clocks.
//!
//! # What the checks say
//!
//! With every [`Mechanism`] in place, no promise is broken in any scenario. Without any one of them, some is: the tests
//! print how. And each [`situation`](properties::situation) occurs, so that the promises are not kept by doing nothing.
//! Two rules are here because the model broke its promises without them: [`Mechanism::MirrorForRedis`], and that an
//! invalidation stays in the overlay when its table came but could not be installed
//! ([`Mechanism::OverlayUntilInstalled`]).
//!
//! # What is left out
//!
//! - Flights and waiters within a node, and threads: the crate `interleavings` has them.
//! - Keys, endpoints, prefixes, trimming: `tenantcache-core` has property tests of the rule itself.
//! - A read is processed when it is sent. If it were later, it would be newer than it is taken for, which is harmless.
//! - A node that dies. What it queued is on disk, what it acknowledged is in its journal, which dies with it: a primary
//!   that fails over at the same time is the residue that the design names.
//! - A node that goes on using a primary that was replaced. It stops when it connects to the new one, and the bounds hold
//!   from then on.
//! - That a queue is emptied in the end, that a lease saves loads: the model shows that nothing bad happens, not that
//!   something good does.

#![forbid(unsafe_code)]

pub mod judge;
pub mod mechanism;
mod mirror;
pub mod properties;
pub mod protocol;
pub mod scenario;
mod server;
pub mod state;
mod step;
#[cfg(test)]
mod tests;

pub use mechanism::Mechanism;
pub use protocol::{Action, Protocol};
pub use scenario::Scenario;
