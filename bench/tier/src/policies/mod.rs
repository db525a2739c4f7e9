//! Models of cache policies, in entries of equal weight.

mod lru;
mod optimum;
mod quick;
mod recency;
mod s3_fifo;
mod sieve;
mod tiny_lfu;

pub(crate) use lru::Lru;
pub(crate) use optimum::optimal_hits;
pub(crate) use quick::Quick;
pub(crate) use s3_fifo::S3Fifo;
pub(crate) use sieve::Sieve;
pub(crate) use tiny_lfu::TinyLfu;

/// A cache that can be read from; what is missing is put there.
pub(crate) trait Policy {
    /// Gives whether it was a hit.
    fn read(&mut self, key: u64) -> bool;
}

/// The share of hits.
pub(crate) fn hit_ratio(policy: &mut dyn Policy, keys: &[u64]) -> f64 {
    ratio(
        keys.iter().filter(|key| policy.read(**key)).count(),
        keys.len(),
    )
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
pub(crate) fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
