use std::collections::{BTreeMap, HashMap};

/// Keys in the order of their last use.
#[derive(Default)]
pub(super) struct Recency {
    order: BTreeMap<u64, u64>,
    last: HashMap<u64, u64>,
    clock: u64,
}

impl Recency {
    pub(super) fn contains(&self, key: u64) -> bool {
        self.last.contains_key(&key)
    }

    pub(super) fn len(&self) -> usize {
        self.last.len()
    }

    pub(super) fn use_now(&mut self, key: u64) {
        self.clock += 1;
        if let Some(before) = self.last.insert(key, self.clock) {
            self.order.remove(&before);
        }
        self.order.insert(self.clock, key);
    }

    pub(super) fn oldest(&self) -> Option<u64> {
        self.order.first_key_value().map(|(_, key)| *key)
    }

    pub(super) fn remove(&mut self, key: u64) -> bool {
        match self.last.remove(&key) {
            Some(place) => self.order.remove(&place).is_some(),
            None => false,
        }
    }

    pub(super) fn pop(&mut self) -> Option<u64> {
        let key = self.oldest()?;
        self.remove(key);
        Some(key)
    }
}
