use std::collections::HashMap;

use super::Policy;

/// SIEVE (Zhang et al., NSDI 2024): one queue, whose hand passes over what was read, and doesn't move it.
pub(crate) struct Sieve {
    entries_max: usize,
    /// Keys from the oldest to the newest, and whether each was read; what has left leaves a hole until the next sweep.
    queue: Vec<Option<(u64, bool)>>,
    places: HashMap<u64, usize>,
    hand: usize,
}

impl Sieve {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            entries_max,
            queue: Vec::new(),
            places: HashMap::new(),
            hand: 0,
        }
    }

    fn evict(&mut self) {
        loop {
            if self.hand >= self.queue.len() {
                self.hand = 0;
                self.queue.retain(Option::is_some);
                let keys = self.queue.iter().flatten().enumerate();
                self.places = keys.map(|(place, (key, _))| (*key, place)).collect();
            }
            let place = &mut self.queue[self.hand];
            self.hand += 1;
            match place {
                Some((_, read @ true)) => *read = false,
                Some((key, false)) => {
                    self.places.remove(key);
                    *place = None;
                    return;
                }
                None => {}
            }
        }
    }
}

impl Policy for Sieve {
    fn read(&mut self, key: u64) -> bool {
        if let Some((_, read)) = self
            .places
            .get(&key)
            .and_then(|at| self.queue[*at].as_mut())
        {
            *read = true;
            return true;
        }
        if self.places.len() >= self.entries_max {
            self.evict();
        }
        self.places.insert(key, self.queue.len());
        self.queue.push(Some((key, false)));
        false
    }
}
