use std::collections::HashMap;

use super::{Generation, Scope};
use crate::{Endpoint, EndpointPrefix, Key, KeyRef, Tag, Tags};

/// The latest invalidation of each scope of one tenant, at most [`Records::COUNT_MAX`] of them.
///
/// Trimming is widening: a record that is dropped to make room raises the whole tenant's record to its generation, so
/// whatever it had made invalid stays so. 24 bytes while there is no record beside the tenant's own: there are many
/// tenants of which that is true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    tenant: Generation,
    latest: Generation,
    /// `None` rather than empty.
    narrow: Option<Box<Narrow>>,
}

/// The records of scopes that are narrower than the tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Narrow {
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
    pub fn covers_after<'a>(
        &self,
        since: Generation,
        key: impl Into<KeyRef<'a>>,
        tags: &Tags,
    ) -> bool {
        if self.latest <= since {
            return false;
        }
        let Some(tags) = tags.known() else {
            return true;
        };
        let narrow = self.narrow.as_ref();
        self.tenant > since
            || narrow.is_some_and(|narrow| narrow.cover_after(since, key.into(), tags))
    }

    /// The newest generation that any scope was invalidated at; zero if none was.
    #[must_use]
    pub fn latest(&self) -> Generation {
        self.latest
    }

    /// How many records there are beside the tenant's own.
    #[must_use]
    pub fn len(&self) -> usize {
        self.narrow.as_ref().map_or(0, |narrow| narrow.len())
    }

    /// How many of them are of single keys.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.narrow.as_ref().map_or(0, |narrow| narrow.keys.len())
    }

    /// Whether nothing was ever invalidated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.latest == Generation::ZERO
    }

    /// Every record, the tenant's own first if it has one.
    pub fn iter(&self) -> impl Iterator<Item = (Scope, Generation)> {
        let tenant = Some((Scope::Tenant, self.tenant)).filter(|_| self.tenant > Generation::ZERO);
        let narrow = self.narrow.iter().flat_map(|narrow| narrow.iter());
        tenant.into_iter().chain(narrow)
    }

    fn set(&mut self, scope: Scope, generation: Generation) {
        self.latest = self.latest.max(generation);
        if generation <= self.tenant {
            return;
        }
        if scope == Scope::Tenant {
            self.widen(generation);
        } else {
            self.narrow.get_or_insert_default().set(scope, generation);
        }
    }

    fn trim(&mut self) {
        let oldest = |generations: &mut dyn Iterator<Item = Generation>| {
            generations.min().expect("there are more than none")
        };
        while let Some(narrow) = &self.narrow {
            let oldest = if narrow.prefixes.len() > Self::PREFIXES_MAX {
                oldest(&mut narrow.prefixes.values().copied())
            } else if narrow.len() > Self::COUNT_MAX {
                oldest(&mut narrow.iter().map(|(_, generation)| generation))
            } else {
                return;
            };
            self.widen(oldest);
        }
    }

    /// Raises the tenant's record, which makes every record that is not newer superfluous.
    fn widen(&mut self, generation: Generation) {
        raise(&mut self.tenant, generation);
        if let Some(narrow) = &mut self.narrow {
            narrow.keep_after(generation);
        }
        self.narrow.take_if(|narrow| narrow.len() == 0);
    }
}

impl Narrow {
    fn cover_after(&self, since: Generation, key: KeyRef<'_>, tags: &[Tag]) -> bool {
        let newer = |generation: Option<&Generation>| generation.is_some_and(|g| *g > since);
        newer(self.endpoints.get(key.endpoint()))
            || newer(self.keys.get(key.as_bytes()))
            || tags.iter().any(|tag| newer(self.tags.get(tag)))
            || self.prefixes.iter().any(|(prefix, generation)| {
                *generation > since && key.endpoint().starts_with(prefix.as_str())
            })
    }

    fn len(&self) -> usize {
        self.prefixes.len() + self.endpoints.len() + self.tags.len() + self.keys.len()
    }

    fn iter(&self) -> impl Iterator<Item = (Scope, Generation)> {
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
        prefixes.chain(endpoints).chain(tags).chain(keys)
    }

    fn set(&mut self, scope: Scope, generation: Generation) {
        let known = match scope {
            Scope::Endpoint(endpoint) => self.endpoints.entry(endpoint).or_default(),
            Scope::Key(key) => self.keys.entry(key).or_default(),
            Scope::Tag(tag) => self.tags.entry(tag).or_default(),
            Scope::Prefix(prefix) => self.prefixes.entry(prefix).or_default(),
            Scope::Tenant => unreachable!("the tenant's own record stands beside these"),
        };
        raise(known, generation);
    }

    fn keep_after(&mut self, generation: Generation) {
        self.prefixes.retain(|_, known| *known > generation);
        self.endpoints.retain(|_, known| *known > generation);
        self.tags.retain(|_, known| *known > generation);
        self.keys.retain(|_, known| *known > generation);
    }
}

fn raise(known: &mut Generation, generation: Generation) {
    *known = (*known).max(generation);
}
