use std::collections::{BTreeSet, HashMap};

use super::ratio;

/// The share of hits that could be had by one who knows the future: what is needed last leaves (Belady 1966).
pub(crate) fn optimal_hits(keys: &[u64], entries_max: usize) -> f64 {
    let mut needed_next = vec![usize::MAX; keys.len()];
    let mut seen = HashMap::new();
    for (at, key) in keys.iter().enumerate().rev() {
        if let Some(later) = seen.insert(key, at) {
            needed_next[at] = later;
        }
    }
    // What is not needed again, told apart by its key, stands last.
    let mut resident = BTreeSet::new();
    let mut hits = 0;
    for (at, key) in keys.iter().enumerate() {
        if resident.remove(&(at, 0)) {
            hits += 1;
        }
        let last = if needed_next[at] == usize::MAX {
            *key + 1
        } else {
            0
        };
        resident.insert((needed_next[at], last));
        if resident.len() > entries_max {
            resident.pop_last();
        }
    }
    ratio(hits, keys.len())
}
