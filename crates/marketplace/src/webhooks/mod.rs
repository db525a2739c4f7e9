//! Webhooks: every write is told to a receiver, at least once and in the order of its tenant.
//!
//! The store keeps an event in the transaction of its change ([`seller_data::outbox`]); here it is
//! sent, and removed when the receiver has answered 2xx. So a receiver that is down, or a marketplace
//! that is killed, delays events and loses none.
//!
//! One task, the *dispatcher*, knows which tenants have events: writes wake it, and it looks through
//! the outbox when it starts and now and then. For each such tenant it starts a *courier*, a few at a
//! time, who sends the tenant's events one after the other until there are none or an attempt fails.
//! Then the tenant waits, and its courier's place is free for another.

mod attempt;
mod backoff;
mod board;
mod courier;
mod dispatcher;
mod envelope;
mod progress;
mod signature;
mod webhook;

pub(crate) use dispatcher::Deliveries;
pub(crate) use progress::{Progress, Tally};
pub use webhook::Webhook;
