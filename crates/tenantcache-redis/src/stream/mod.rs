//! Events from a Redis Stream: each is handled once across all nodes, and none is lost unnoticed.
//!
//! An entry of the stream has a field `event`, which is an [`Event`](tenantcache::events::Event) as JSON. All nodes read
//! as one consumer group. Redis hands each entry to one node, which [publishes](tenantcache::Cache::publish) it, and
//! acknowledges it once its invalidation is applied or queued. What a node took and did not acknowledge is claimed by
//! another one (or by itself) after a while. So an event may be handled twice, which is harmless, but not never.
//!
//! # Gaps
//!
//! A stream can lose entries: it is trimmed, deleted, evicted, or comes back from an older snapshot. Redis then goes on
//! with the next entry without a word. Each read therefore compares, in the same script, how far the group has come with
//! what the stream has had: the counts of entries added and left, the ids of the first and last one, and the highest id
//! deleted. If an entry may have gone unread, or one that a crashed node had taken is no longer there, nobody knows what
//! it said: then everything is invalidated, before anything else is read, and the gap is counted and logged.
//!
//! What a read found is not marked as read while a gap is open. A node that crashes before it has made up for a gap
//! leaves it to the next one. An exception is an entry that was taken, not acknowledged and then deleted by hand
//! (`XDEL`): a crash in the moment of finding out hides it.

mod consumer;
mod counters;
mod entry;
mod handle;
mod link;
mod options;
mod scripts;
mod view;

pub use counters::{StreamSnapshot, StreamState};
pub use handle::EventStream;
pub use options::StreamOptions;

/// Reads a value as every reply that the reader of the stream gets.
#[cfg(fuzzing)]
pub(crate) fn fuzz(value: &redis::Value) {
    let _ = entry::view(value.clone());
    let _ = entry::claimed(value.clone());
}
