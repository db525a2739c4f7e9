//! Events about changes, kept until somebody has sent them (a *transactional outbox*).
//!
//! A store made by [`Store::with_outbox`](crate::Store::with_outbox) writes a row for each change in
//! the transaction of the change: there is never one without the other. Who sends the events reads
//! the rows through [`Outbox`], oldest first within a tenant, and removes what has arrived. A crash
//! between the two sends an event twice, never not at all; its [`id`](OutboxEvent::id) stays.

mod event;
mod queue;
mod signal;

pub use event::{EventKind, OutboxCounts, OutboxEvent};
pub use queue::Outbox;
pub use signal::Woken;

pub(crate) use event::{Note, OutboxRow};
pub(crate) use signal::Signal;
