/// How many ghosts stand in one bucket: half a cache line.
const WAYS: usize = 8;

/// Fingerprints of keys that left lately, at least as many as there are entries: 4 to 8 bytes an entry.
///
/// A hash belongs to one bucket, whose newest ghost stands first and pushes out the oldest. That is a queue for each
/// bucket, in place of the one queue of the paper, and needs neither links nor a table. Of two keys, one is taken for the
/// other once in 2²⁹; then an entry begins in the main queue, and nothing is wrong.
#[derive(Debug)]
pub(super) struct Ghosts {
    /// A power of two of them; 0 stands for nobody.
    buckets: Vec<[u32; WAYS]>,
}

impl Ghosts {
    pub(super) fn new() -> Self {
        Self {
            buckets: vec![[0; WAYS]],
        }
    }

    /// Has room for as many ghosts as entries.
    pub(super) fn grow_to(&mut self, entries: usize) {
        while self.buckets.len() * WAYS < entries {
            // Which half a ghost belongs to is not known any more: it stands in both until it is pushed out.
            self.buckets.extend_from_within(..);
        }
    }

    pub(super) fn add(&mut self, hash: u64) {
        let bucket = self.bucket(hash);
        bucket.rotate_right(1);
        bucket[0] = fingerprint(hash);
    }

    /// Whether there was a ghost of that hash, which is gone now.
    pub(super) fn take(&mut self, hash: u64) -> bool {
        let bucket = self.bucket(hash);
        let place = bucket.iter().position(|ghost| *ghost == fingerprint(hash));
        if let Some(place) = place {
            bucket[place..].rotate_left(1);
            bucket[WAYS - 1] = 0;
        }
        place.is_some()
    }

    fn bucket(&mut self, hash: u64) -> &mut [u32; WAYS] {
        let mask = self.buckets.len() - 1;
        let low = usize::try_from(hash & u64::from(u32::MAX)).unwrap_or_default();
        &mut self.buckets[low & mask]
    }
}

/// The upper half of the hash, since the lower says the bucket.
fn fingerprint(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default().max(1)
}
