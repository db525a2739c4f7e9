use std::collections::HashMap;

use super::{Generation, Scope};
use crate::{Endpoint, EndpointPrefix, Key, Tag, Tags};

/// The latest invalidation of each scope of one tenant, at most [`Records::COUNT_MAX`] of them.
///
/// Trimming is widening: a record that is dropped to make room raises the whole tenant's record to its generation, so
/// whatever it had made invalid stays so. About 100 bytes while empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    tenant: Generation,
    latest: Generation,
    prefixes: HashMap<EndpointPrefix, Generation>,
    endpoints: HashMap<Endpoint, Generation>,
    tags: HashMap<Tag, Generation>,
    keys: HashMap<Key, Generation>,
}

impl Records {
    /// The most records beside the tenant's own.
    pub const COUNT_MAX: usize = 512;

    /// The most records of prefixes, each of which costs a comparison on look-up.
    pub const PREFIXES_MAX: usize = 16;

    /// Notes that `scope` was invalidated at `generation`, and trims. An older record than the present one is ignored.
    pub fn note(&mut self, scope: Scope, generation: Generation) {
        self.set(scope, generation);
        self.trim();
    }

    /// Whether something that covers the entry was invalidated after `since`.
    #[must_use]
    pub fn covers_after(&self, since: Generation, key: &Key, tags: &Tags) -> bool {
        if self.latest <= since {
            return false;
        }
        let newer = |generation: Option<&Generation>| generation.is_some_and(|g| *g > since);
        let Some(tags) = tags.known() else {
            return true;
        };
        self.tenant > since
            || newer(self.endpoints.get(key.endpoint()))
            || newer(self.keys.get(key))
            || tags.iter().any(|tag| newer(self.tags.get(tag)))
            || self.prefixes.iter().any(|(prefix, generation)| {
                *generation > since && key.endpoint().starts_with(prefix.as_str())
            })
    }

    /// The newest generation that any scope was invalidated at; zero if none was.
    #[must_use]
    pub fn latest(&self) -> Generation {
        self.latest
    }

    /// How many records there are beside the tenant's own.
    #[must_use]
    pub fn len(&self) -> usize {
        self.prefixes.len() + self.endpoints.len() + self.tags.len() + self.keys.len()
    }

    /// How many of them are of single keys.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// Whether nothing was ever invalidated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.latest == Generation::ZERO
    }

    /// Every record, the tenant's own first if it has one.
    pub fn iter(&self) -> impl Iterator<Item = (Scope, Generation)> {
        let tenant = Some((Scope::Tenant, self.tenant)).filter(|_| self.tenant > Generation::ZERO);
        let prefixes = self
            .prefixes
            .iter()
            .map(|(p, g)| (Scope::Prefix(p.clone()), *g));
        let endpoints = self
            .endpoints
            .iter()
            .map(|(e, g)| (Scope::Endpoint(e.clone()), *g));
        let tags = self.tags.iter().map(|(t, g)| (Scope::Tag(t.clone()), *g));
        let keys = self.keys.iter().map(|(k, g)| (Scope::Key(k.clone()), *g));
        tenant
            .into_iter()
            .chain(prefixes)
            .chain(endpoints)
            .chain(tags)
            .chain(keys)
    }

    fn set(&mut self, scope: Scope, generation: Generation) {
        self.latest = self.latest.max(generation);
        if generation <= self.tenant {
            return;
        }
        match scope {
            Scope::Endpoint(endpoint) => {
                raise(self.endpoints.entry(endpoint).or_default(), generation)
            }
            Scope::Key(key) => raise(self.keys.entry(key).or_default(), generation),
            Scope::Tag(tag) => raise(self.tags.entry(tag).or_default(), generation),
            Scope::Prefix(prefix) => raise(self.prefixes.entry(prefix).or_default(), generation),
            Scope::Tenant => self.widen(generation),
        }
    }

    fn trim(&mut self) {
        while self.prefixes.len() > Self::PREFIXES_MAX {
            let oldest = self.prefixes.values().copied().min();
            self.widen(oldest.expect("there are more than none"));
        }
        while self.len() > Self::COUNT_MAX {
            let oldest = self
                .iter()
                .filter(|(scope, _)| *scope != Scope::Tenant)
                .map(|(_, g)| g)
                .min();
            self.widen(oldest.expect("there are more than none"));
        }
    }

    /// Raises the tenant's record, which makes every record that is not newer superfluous.
    fn widen(&mut self, generation: Generation) {
        raise(&mut self.tenant, generation);
        self.prefixes.retain(|_, known| *known > generation);
        self.endpoints.retain(|_, known| *known > generation);
        self.tags.retain(|_, known| *known > generation);
        self.keys.retain(|_, known| *known > generation);
    }
}

fn raise(known: &mut Generation, generation: Generation) {
    *known = (*known).max(generation);
}
