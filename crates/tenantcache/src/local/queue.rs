use std::sync::atomic::AtomicU8;

use slab::Slab;

use crate::value::Value;

/// Nobody's place.
const NONE: u32 = u32::MAX;

/// An entry in its place: 24 bytes.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) value: Value,
    /// Its tenant's account.
    pub(super) account: u32,
    older: u32,
    newer: u32,
    /// How often it was read since it was last considered, up to a few.
    pub(super) hits: AtomicU8,
    pub(super) place: Place,
}

/// The queue that an entry stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// What has proved itself, or has its tenant's protection.
    Main,
    /// What came lately.
    Small,
}

impl Slot {
    pub(super) fn new(value: Value, account: u32, place: Place) -> Self {
        Self {
            value,
            account,
            older: NONE,
            newer: NONE,
            hits: AtomicU8::new(0),
            place,
        }
    }
}

/// A queue of slots that are linked among themselves, and what they weigh.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) bytes: u64,
    oldest: u32,
    newest: u32,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            bytes: 0,
            oldest: NONE,
            newest: NONE,
        }
    }

    /// The entry that has stood here longest.
    pub(super) fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    /// Puts a slot that stands in no queue at the end.
    pub(super) fn push(&mut self, slots: &mut Slab<Slot>, at: u32, weight: u64) {
        let older = std::mem::replace(&mut self.newest, at);
        let slot = &mut slots[index(at)];
        (slot.older, slot.newer) = (older, NONE);
        match older {
            NONE => self.oldest = at,
            older => slots[index(older)].newer = at,
        }
        self.bytes += weight;
    }

    /// Takes a slot out, wherever it stands.
    pub(super) fn unlink(&mut self, slots: &mut Slab<Slot>, at: u32, weight: u64) {
        let slot = &slots[index(at)];
        let (older, newer) = (slot.older, slot.newer);
        match older {
            NONE => self.oldest = newer,
            older => slots[index(older)].newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => slots[index(newer)].older = older,
        }
        self.bytes -= weight;
    }
}

/// Where a slot stands in the slab.
pub(super) fn index(at: u32) -> usize {
    usize::try_from(at).expect("a machine's words have 32 bits or more")
}
