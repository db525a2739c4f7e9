use std::collections::{HashMap, HashSet, VecDeque};

use super::Policy;

/// S3-FIFO as its paper has it (Yang et al., SOSP 2023): a tenth for the small queue, as many ghosts as the main queue has
/// entries.
pub(crate) struct S3Fifo {
    entries_max: usize,
    small_max: usize,
    /// How often each key was read since it was last considered, and whether it is in a queue.
    hits: HashMap<u64, u8>,
    small: VecDeque<u64>,
    main: VecDeque<u64>,
    ghosts: VecDeque<u64>,
    remembered: HashSet<u64>,
}

impl S3Fifo {
    /// The small queue has one in `small_part` of the entries.
    pub(crate) fn new(entries_max: usize, small_part: usize) -> Self {
        Self {
            entries_max,
            small_max: (entries_max / small_part).max(1),
            hits: HashMap::new(),
            small: VecDeque::new(),
            main: VecDeque::new(),
            ghosts: VecDeque::new(),
            remembered: HashSet::new(),
        }
    }

    fn evict(&mut self) {
        loop {
            let from_small = self.small.len() >= self.small_max || self.main.is_empty();
            let queue = if from_small {
                &mut self.small
            } else {
                &mut self.main
            };
            let Some(key) = queue.pop_front() else { return };
            let hits = self.hits.entry(key).or_default();
            if *hits == 0 {
                self.hits.remove(&key);
                if from_small {
                    self.remember(key);
                }
                return;
            }
            *hits = if from_small { 0 } else { *hits - 1 };
            self.main.push_back(key);
        }
    }

    fn remember(&mut self, key: u64) {
        if self.remembered.insert(key) {
            self.ghosts.push_back(key);
        }
        if self.ghosts.len() > self.entries_max - self.small_max {
            let oldest = self.ghosts.pop_front();
            oldest.map(|oldest| self.remembered.remove(&oldest));
        }
    }
}

impl Policy for S3Fifo {
    fn read(&mut self, key: u64) -> bool {
        if let Some(hits) = self.hits.get_mut(&key) {
            *hits = (*hits + 1).min(3);
            return true;
        }
        if self.hits.len() >= self.entries_max {
            self.evict();
        }
        self.hits.insert(key, 0);
        let queue = if self.remembered.contains(&key) {
            &mut self.main
        } else {
            &mut self.small
        };
        queue.push_back(key);
        false
    }
}
