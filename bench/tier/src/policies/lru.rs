use super::Policy;
use super::recency::Recency;

/// The entry that was not used for longest leaves.
pub(crate) struct Lru {
    entries_max: usize,
    keys: Recency,
}

impl Lru {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            entries_max,
            keys: Recency::default(),
        }
    }
}

impl Policy for Lru {
    fn read(&mut self, key: u64) -> bool {
        let hit = self.keys.contains(key);
        self.keys.use_now(key);
        if self.keys.len() > self.entries_max {
            self.keys.pop();
        }
        hit
    }
}
