//! Which keys there are, what they hold, and in which order they are read.

use bytes::Bytes;

/// As many tenants as the comparison over HTTP has.
pub const TENANTS: usize = 100;
/// What every entry holds, in bytes.
pub const BODY_BYTES: usize = 1024;
/// How unevenly keys are read: the probability of the nth is proportional to n^-0.9.
pub const ZIPF_EXPONENT: f64 = 0.9;
/// Reads after which a thread begins anew. They are drawn before anything is timed.
const READS: usize = 1 << 20;
const SEED: u64 = 5;
pub const ENDPOINT: &str = "dashboard_trends";

/// An entry's place: tenant and number.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub tenant: usize,
    pub number: usize,
}

/// All entries, and how likely each is.
#[derive(Debug)]
pub struct Workload {
    pub places: Vec<Place>,
    /// The text of each entry's key, as tenantcache builds it.
    pub keys: Vec<String>,
    pub bodies: Vec<Bytes>,
    cumulative: Vec<f64>,
}

impl Workload {
    pub fn new(entries_per_tenant: usize) -> Self {
        let mut places: Vec<_> = (0..TENANTS)
            .flat_map(|tenant| (0..entries_per_tenant).map(move |number| Place { tenant, number }))
            .collect();
        // So that the popular keys are those of all tenants.
        fastrand::Rng::with_seed(SEED).shuffle(&mut places);
        let mut sum = 0.0;
        let cumulative = (1..=places.len()).map(|rank| {
            sum += (rank as f64).powf(-ZIPF_EXPONENT);
            sum
        });
        Self {
            cumulative: cumulative.collect(),
            keys: places.iter().map(Place::key).collect(),
            bodies: places.iter().map(Place::body).collect(),
            places,
        }
    }

    /// The entries that a thread reads, in order.
    pub fn reads(&self, thread: usize) -> Vec<usize> {
        let mut rng = fastrand::Rng::with_seed(SEED + thread as u64);
        let sum = self.cumulative.last().copied().unwrap_or_default();
        (0..READS)
            .map(|_| {
                let drawn = rng.f64() * sum;
                let entry = self.cumulative.partition_point(|up_to| *up_to < drawn);
                entry.min(self.places.len() - 1)
            })
            .collect()
    }
}

impl Place {
    pub fn tenant_id(&self) -> String {
        format!("tenant-{:03}", self.tenant)
    }

    fn key(&self) -> String {
        format!("{ENDPOINT}:{}:days:{}", self.tenant_id(), self.number)
    }

    /// A text that tells every entry from the others.
    fn body(&self) -> Bytes {
        let mut body = self.key().into_bytes();
        body.resize(BODY_BYTES, b'.');
        body.into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_and_bodies_differ() {
        let workload = Workload::new(10);
        let keys: HashSet<_> = workload.keys.iter().collect();
        let bodies: HashSet<_> = workload.bodies.iter().collect();
        assert_eq!(keys.len(), 10 * TENANTS);
        assert_eq!(bodies.len(), 10 * TENANTS);
    }

    #[test]
    fn the_first_key_is_read_as_often_as_zipf_says() {
        let workload = Workload::new(10);
        let reads = workload.reads(0);
        let firsts = reads.iter().filter(|entry| **entry == 0).count();
        let weights: f64 = (1..=1_000)
            .map(|rank| f64::from(rank).powf(-ZIPF_EXPONENT))
            .sum();
        let expected = READS as f64 / weights;
        assert!(
            (firsts as f64 / expected - 1.0).abs() < 0.02,
            "{firsts} of {expected}"
        );
    }
}
