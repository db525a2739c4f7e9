//! The tier in this process. A [`LocalTier`] is divided into shards, each of which decides for itself who stays: by two
//! queues of slots, the ghosts of what left, and an account for each tenant.

mod accounts;
mod ghosts;
mod queue;
mod shard;
#[cfg(test)]
mod tests;
mod tier;

pub(crate) use tier::LocalTier;
pub use tier::{LocalUsage, TenantUsage};
