use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;

/// The most deliveries that are remembered. Above that the oldest is forgotten: a replay of it would be accepted, and
/// repeat an invalidation, which is harmless.
const DELIVERIES_MAX: usize = 100_000;

/// What proves a delivery: the code over its id, time and body.
pub(super) type Proof = [u8; 32];

/// The deliveries that were accepted on this node, for as long as their time would still be accepted.
#[derive(Debug, Default)]
pub(super) struct Replays {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The turn in which each came.
    turns: HashMap<Proof, u64>,
    /// All in the order in which they came, those that were forgotten since included.
    order: VecDeque<Turn>,
    next: u64,
}

#[derive(Debug)]
struct Turn {
    number: u64,
    proof: Proof,
    /// Seconds since 1970.
    ends_at: u64,
}

/// The right to handle a delivery once. Unless it is [kept](Self::keep), the delivery may come again.
#[derive(Debug)]
#[must_use]
pub(super) struct Admission {
    replays: Arc<Replays>,
    proof: Proof,
    turn: u64,
    kept: bool,
}

impl Replays {
    /// Admits a delivery that is not remembered, until `ends_at`, when its time will be refused anyway.
    pub(super) fn admit(
        self: &Arc<Self>,
        proof: Proof,
        now: u64,
        ends_at: u64,
    ) -> Option<Admission> {
        let mut seen = self.seen.lock();
        seen.forget(|turn| turn.ends_at < now);
        if seen.turns.contains_key(&proof) {
            return None;
        }
        if seen.order.len() >= DELIVERIES_MAX {
            seen.forget_first();
        }
        let turn = seen.next;
        seen.next += 1;
        seen.turns.insert(proof, turn);
        seen.order.push_back(Turn {
            number: turn,
            proof,
            ends_at,
        });
        Some(Admission {
            replays: Arc::clone(self),
            proof,
            turn,
            kept: false,
        })
    }
}

impl Seen {
    /// Forgets from the oldest on, for as long as `is_over` says so. Those that end earlier than one before them stay a
    /// little longer; times differ by ten minutes at most.
    fn forget(&mut self, is_over: impl Fn(&Turn) -> bool) {
        while self.order.front().is_some_and(&is_over) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some(turn) = self.order.pop_front() {
            self.remove(&turn.proof, turn.number);
        }
    }

    fn remove(&mut self, proof: &Proof, turn: u64) {
        // The same delivery may have come again since.
        if self.turns.get(proof) == Some(&turn) {
            self.turns.remove(proof);
        }
    }
}

impl Admission {
    /// The delivery was accepted: it is remembered.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if !self.kept {
            self.replays.seen.lock().remove(&self.proof, self.turn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(number: u32) -> Proof {
        let mut proof = [0; 32];
        proof[..4].copy_from_slice(&number.to_be_bytes());
        proof
    }

    #[test]
    fn a_delivery_is_admitted_once_while_its_time_counts() {
        let replays = Arc::new(Replays::default());
        replays.admit(proof(1), 100, 400).unwrap().keep();
        assert!(replays.admit(proof(1), 100, 400).is_none());
        assert!(replays.admit(proof(1), 400, 400).is_none());
        assert!(replays.admit(proof(2), 400, 700).is_some());
        assert!(replays.admit(proof(1), 401, 700).is_some());
    }

    #[test]
    fn one_that_was_not_accepted_may_come_again() {
        let replays = Arc::new(Replays::default());
        let admission = replays.admit(proof(1), 100, 400).unwrap();
        assert!(
            replays.admit(proof(1), 100, 400).is_none(),
            "it is under way"
        );
        drop(admission);
        replays.admit(proof(1), 100, 900).unwrap().keep();
        // The end of its first turn does not end its second.
        assert!(replays.admit(proof(1), 500, 900).is_none());
    }

    #[test]
    fn the_memory_is_bounded() {
        let replays = Arc::new(Replays::default());
        let most = u32::try_from(DELIVERIES_MAX).unwrap();
        for number in 0..=most {
            replays.admit(proof(number), 100, 400).unwrap().keep();
        }
        let seen = replays.seen.lock();
        assert_eq!(
            (seen.turns.len(), seen.order.len()),
            (DELIVERIES_MAX, DELIVERIES_MAX)
        );
        assert!(!seen.turns.contains_key(&proof(0)) && seen.turns.contains_key(&proof(1)));
        drop(seen);
        // Nor does it grow by deliveries that are never accepted.
        for number in 0..=most {
            drop(replays.admit(proof(most + 1 + number), 100, 400).unwrap());
        }
        assert_eq!(replays.seen.lock().order.len(), DELIVERIES_MAX);
    }
}
