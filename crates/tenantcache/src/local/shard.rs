use std::hash::BuildHasher;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hashbrown::HashTable;
use slab::Slab;
use tenantcache_core::Freshness;

use super::accounts::Accounts;
use super::ghosts::Ghosts;
use super::queue::{Place, Queue, Slot, index};
use crate::hashing::Hashing;
use crate::value::Value;

/// How many reads of an entry are remembered.
const HITS_MAX: u8 = 3;

/// One part of the tier, with a bound of its own.
///
/// It evicts by S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction", SOSP 2023). What
/// comes stands in the small queue, for a tenth of the bytes; what was read there moves on to the main queue when its turn
/// to leave comes, and the rest leaves, but is remembered as a ghost: if it comes back soon, it begins in the main queue. In
/// that one an entry that was read stays for another round. So keys that are read once push out each other, and nobody
/// else; and a read writes nothing but a count in its own entry.
///
/// Beyond the paper, an entry of a tenant that keeps to its floor stays for another round as if it had been read, see
/// [`Accounts`], and what has expired leaves when its turn comes, whoever's it is. At least half of the shard is never
/// protected, so an eviction passes over one entry for each that leaves, on average, and there is always one that may.
///
/// Per entry it takes 25 bytes for the slot, 6 to 12 for the table, and 4 to 8 for a ghost.
#[derive(Debug)]
pub(super) struct Shard {
    bytes_max: u64,
    hashing: Hashing,
    by_key: HashTable<u32>,
    slots: Slab<Slot>,
    small: Queue,
    main: Queue,
    ghosts: Ghosts,
    accounts: Accounts,
}

/// What became of a value, and what it displaced, which is to be dropped without the shard's lock.
#[derive(Debug)]
#[must_use]
pub(super) enum Inserted {
    /// It is there, or what is there need not yield to it.
    Kept {
        evicted: Vec<Value>,
        _replaced: Option<Value>,
    },
    /// It can't be kept.
    TooLarge { _replaced: Option<Value> },
}

impl Shard {
    pub(super) fn new(bytes_max: u64, floors_bytes: u64, hashing: Hashing) -> Self {
        Self {
            bytes_max,
            accounts: Accounts::new(floors_bytes, hashing.clone()),
            hashing,
            by_key: HashTable::new(),
            slots: Slab::new(),
            small: Queue::new(),
            main: Queue::new(),
            ghosts: Ghosts::new(),
        }
    }

    /// Puts the value in, unless one is there that does not yield.
    pub(super) fn insert(
        &mut self,
        hash: u64,
        value: &Value,
        yields: impl Fn(&Value) -> bool,
    ) -> Inserted {
        let known = self.find(hash, value.key().as_bytes());
        let weight = value.weight();
        if weight + Accounts::BYTES_EACH > self.bytes_max / 2 {
            let known = known.filter(|at| yields(&self.slots[index(*at)].value));
            return Inserted::TooLarge {
                _replaced: known.map(|at| self.remove(at)),
            };
        }
        let mut evicted = Vec::new();
        let mut replaced = None;
        match known {
            Some(at) if yields(&self.slots[index(at)].value) => {
                replaced = Some(self.replace(at, value));
                self.make_room(0, value.loaded_at.into(), &mut evicted);
            }
            Some(_) => {}
            None => {
                let account = self.accounts.enter(value.key().tenant(), weight);
                self.make_room(weight, value.loaded_at.into(), &mut evicted);
                self.put(hash, value, account, weight);
            }
        }
        Inserted::Kept {
            evicted,
            _replaced: replaced,
        }
    }

    /// The value, whose being read is noted.
    pub(super) fn get(&self, hash: u64, key: &[u8]) -> Option<&Value> {
        let slot = &self.slots[index(self.find(hash, key)?)];
        // Two at once may count as one.
        let hits = slot.hits.load(Ordering::Relaxed);
        if hits < HITS_MAX {
            slot.hits.store(hits + 1, Ordering::Relaxed);
        }
        Some(&slot.value)
    }

    pub(super) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.slots.iter().map(|(_, slot)| &slot.value)
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.small.bytes + self.main.bytes + self.accounts.bytes()
    }

    pub(super) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// The slot of the key with this text.
    fn find(&self, hash: u64, key: &[u8]) -> Option<u32> {
        let is_it = |at: &u32| self.slots[index(*at)].value.key().as_bytes() == key;
        self.by_key.find(hash, is_it).copied()
    }

    fn put(&mut self, hash: u64, value: &Value, account: u32, weight: u64) {
        if self.slots.len() == self.slots.capacity() {
            // Doubling would leave half of the room unused.
            self.slots.reserve_exact(self.slots.len() / 16 + 8);
        }
        let place = if self.ghosts.take(hash) {
            Place::Main
        } else {
            Place::Small
        };
        let slot = Slot::new(value.clone(), account, place);
        let at = u32::try_from(self.slots.insert(slot)).expect("a shard has under 2³² entries");
        let Self {
            by_key,
            slots,
            hashing,
            ..
        } = self;
        by_key.insert_unique(hash, at, |at| {
            hashing.hash_one(slots[index(*at)].value.key().as_bytes())
        });
        self.ghosts.grow_to(self.slots.len());
        self.link(at, place, weight);
    }

    fn replace(&mut self, at: u32, value: &Value) -> Value {
        let slot = &mut self.slots[index(at)];
        let replaced = std::mem::replace(&mut slot.value, value.clone());
        let (before, now) = (replaced.weight(), value.weight());
        let queue = match slot.place {
            Place::Main => &mut self.main,
            Place::Small => &mut self.small,
        };
        queue.bytes = queue.bytes - before + now;
        self.accounts.change(slot.account, before, now);
        replaced
    }

    /// Evicts until `weight` more bytes fit.
    fn make_room(&mut self, weight: u64, now: Duration, evicted: &mut Vec<Value>) {
        while self.bytes() + weight > self.bytes_max {
            let crowded = self.small.bytes > self.bytes_max / 10;
            let oldest = self.small.oldest().filter(|_| crowded);
            let Some(at) = oldest.or(self.main.oldest()).or(self.small.oldest()) else {
                return;
            };
            evicted.extend(self.consider(at, now));
        }
    }

    /// The oldest entry of a queue leaves, or stays for another round of the main one.
    fn consider(&mut self, at: u32, now: Duration) -> Option<Value> {
        let slot = &mut self.slots[index(at)];
        let hits = slot.hits.get_mut();
        if slot.value.freshness(now) == Freshness::Expired {
            *hits = 0;
        } else if self.accounts.is_protected(slot.account) {
            self.stay(at);
            return None;
        } else if *hits > 0 {
            *hits = match slot.place {
                Place::Main => *hits - 1,
                Place::Small => 0,
            };
            self.stay(at);
            return None;
        }
        if slot.place == Place::Small {
            self.ghosts
                .add(self.hashing.hash_one(slot.value.key().as_bytes()));
        }
        Some(self.remove(at))
    }

    fn stay(&mut self, at: u32) {
        let weight = self.unlink(at);
        self.link(at, Place::Main, weight);
    }

    fn remove(&mut self, at: u32) -> Value {
        let weight = self.unlink(at);
        let Slot { value, account, .. } = self.slots.remove(index(at));
        self.accounts.leave(account, weight);
        let hash = self.hashing.hash_one(value.key().as_bytes());
        if let Ok(place) = self.by_key.find_entry(hash, |known| *known == at) {
            place.remove();
        }
        value
    }

    fn unlink(&mut self, at: u32) -> u64 {
        let slot = &self.slots[index(at)];
        let weight = slot.value.weight();
        let queue = match slot.place {
            Place::Main => &mut self.main,
            Place::Small => &mut self.small,
        };
        queue.unlink(&mut self.slots, at, weight);
        weight
    }

    fn link(&mut self, at: u32, place: Place, weight: u64) {
        self.slots[index(at)].place = place;
        let queue = match place {
            Place::Main => &mut self.main,
            Place::Small => &mut self.small,
        };
        queue.push(&mut self.slots, at, weight);
    }
}
