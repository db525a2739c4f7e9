//! The atomics that a hit's judgement rests on, named here so that `interleavings` can put its own in their place.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
