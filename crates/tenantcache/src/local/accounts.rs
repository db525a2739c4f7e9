use std::hash::BuildHasher;

use hashbrown::HashTable;
use slab::Slab;

use super::queue::index;
use crate::hashing::Hashing;

/// What each tenant that has entries in a shard takes of it.
///
/// A quarter of the shard, or what the cache was built with, is promised: in equal parts to those tenants, and one that keeps to
/// its part, the *floor*, loses nothing to others. The rest goes to whose entries are read most. So the promises never add
/// up to more than their part of the shard, however many tenants there are.
#[derive(Debug)]
pub(super) struct Accounts {
    accounts: Slab<Account>,
    by_tenant: HashTable<u32>,
    hashing: Hashing,
    /// What is promised to all tenants together.
    floors_bytes: u64,
}

#[derive(Debug)]
struct Account {
    tenant: Box<str>,
    bytes: u64,
    entries: u32,
}

impl Accounts {
    /// What is charged for an account, in bytes: 32 for itself, as much for a tenant's id of that length, and its place in
    /// two tables that grow.
    pub(super) const BYTES_EACH: u64 = 96;

    pub(super) fn new(floors_bytes: u64, hashing: Hashing) -> Self {
        Self {
            accounts: Slab::new(),
            by_tenant: HashTable::new(),
            hashing,
            floors_bytes,
        }
    }

    /// What the accounts themselves take.
    pub(super) fn bytes(&self) -> u64 {
        Self::BYTES_EACH * u64::try_from(self.accounts.len()).unwrap_or(u64::MAX)
    }

    /// A tenant's bytes and entries.
    pub(super) fn of(&self, tenant: &str) -> Option<(u64, u32)> {
        let hash = self.hashing.hash_one(tenant);
        let is_its = |at: &u32| *self.accounts[index(*at)].tenant == *tenant;
        let account = &self.accounts[index(*self.by_tenant.find(hash, is_its)?)];
        Some((account.bytes, account.entries))
    }

    /// Each tenant's id, bytes and entries.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u64, u32)> {
        let accounts = self.accounts.iter();
        accounts.map(|(_, account)| (&*account.tenant, account.bytes, account.entries))
    }

    /// Charges an entry that comes to its tenant's account.
    pub(super) fn enter(&mut self, tenant: &str, weight: u64) -> u32 {
        let Self {
            accounts,
            by_tenant,
            hashing,
            ..
        } = self;
        let hash = hashing.hash_one(tenant);
        let known = by_tenant.find(hash, |at| *accounts[index(*at)].tenant == *tenant);
        let at = known.copied().unwrap_or_else(|| {
            let account = Account {
                tenant: tenant.into(),
                bytes: 0,
                entries: 0,
            };
            let at =
                u32::try_from(accounts.insert(account)).expect("a shard has under 2³² entries");
            by_tenant.insert_unique(hash, at, |at| {
                hashing.hash_one(&*accounts[index(*at)].tenant)
            });
            at
        });
        let account = &mut accounts[index(at)];
        account.entries += 1;
        account.bytes += weight;
        at
    }

    /// Charges an entry that was `before` what it is `now`.
    pub(super) fn change(&mut self, at: u32, before: u64, now: u64) {
        let account = &mut self.accounts[index(at)];
        account.bytes = account.bytes - before + now;
    }

    /// Gives back what an entry was charged that has left. A tenant's account goes with its last entry.
    pub(super) fn leave(&mut self, at: u32, weight: u64) {
        let account = &mut self.accounts[index(at)];
        account.entries -= 1;
        account.bytes -= weight;
        if account.entries == 0 {
            let hash = self.hashing.hash_one(&*account.tenant);
            if let Ok(place) = self.by_tenant.find_entry(hash, |known| *known == at) {
                place.remove();
            }
            self.accounts.remove(index(at));
        }
    }

    /// Whether the tenant keeps to its floor, so that no other's entry may take the place of one of its own.
    pub(super) fn is_protected(&self, at: u32) -> bool {
        let tenants = u64::try_from(self.accounts.len()).unwrap_or(u64::MAX);
        let taken = self.accounts[index(at)].bytes + Self::BYTES_EACH;
        taken.saturating_mul(tenants) <= self.floors_bytes
    }
}
