//! What is read and invalidated.

use std::collections::HashMap;
use std::time::Duration;

use testkit::history::{KeyFacts, Scope};

/// Tenants of which something is invalidated every few milliseconds.
const HOT: usize = 2;
/// Tenants of which something is invalidated once in a few coherence bounds.
const CALM: usize = 6;
/// Those of them of which nothing is read that [stirs](Entry::stirs): what a node misses of them stays missed until it
/// reads the table of its own accord.
const STILL: usize = 3;
/// The longest hard TTL of any endpoint.
pub(crate) const HARD_TTL_MAX: Duration = Duration::from_secs(180);

/// One entry of each tenant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) endpoint: &'static str,
    pub(crate) params: &'static [(&'static str, &'static str)],
    /// Where a service answers it, below `/api/v1`.
    pub(crate) path: &'static str,
    /// A tag that the request implies.
    pub(crate) request_tag: Option<&'static str>,
    /// A tag that only the value shows.
    pub(crate) value_tag: Option<&'static str>,
    /// Whether it exists in every other version only.
    pub(crate) comes_and_goes: bool,
    /// Whether it is read strictly.
    pub(crate) strict: bool,
    /// Whether reads of it make a node read the tenant's table by and by: it is strict, or refreshed all the time.
    pub(crate) stirs: bool,
}

/// What there is of each tenant, and what of it is invalidated at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Catalogue {
    pub(crate) entries: &'static [Entry],
    pub(crate) tags: &'static [&'static str],
    pub(crate) endpoints: &'static [&'static str],
    pub(crate) prefix: &'static str,
}

impl Entry {
    pub(crate) const fn new(endpoint: &'static str) -> Self {
        Self {
            endpoint,
            params: &[],
            path: "",
            request_tag: None,
            value_tag: None,
            comes_and_goes: false,
            strict: false,
            stirs: false,
        }
    }

    /// The entry's key, as the cache writes it.
    fn text(&self, tenant: &str) -> String {
        let params = self.params.iter();
        params.fold(
            format!("{}:{tenant}", self.endpoint),
            |text, (name, value)| format!("{text}:{name}:{value}"),
        )
    }
}

/// All keys and scopes of a run.
#[derive(Debug)]
pub(crate) struct Keys {
    catalogue: Catalogue,
    pub(crate) facts: Vec<KeyFacts>,
    pub(crate) scopes: Vec<Scope>,
    tenants: Vec<Tenant>,
    by_text: HashMap<String, u32>,
    /// What readers choose from.
    read: Vec<u32>,
}

#[derive(Debug)]
struct Tenant {
    name: String,
    /// Positions in [`Keys::scopes`], the more frequent ones several times.
    scopes: Vec<u32>,
}

impl Keys {
    pub(crate) fn new(catalogue: Catalogue) -> Self {
        let hot = (0..HOT).map(|at| format!("hot-{at}"));
        let calm = (0..CALM).map(|at| format!("calm-{at}"));
        let mut keys = Self {
            catalogue,
            facts: Vec::new(),
            scopes: Vec::new(),
            tenants: Vec::new(),
            by_text: HashMap::new(),
            read: Vec::new(),
        };
        for tenant in hot.chain(calm) {
            keys.add(tenant);
        }
        keys
    }

    fn add(&mut self, tenant: String) {
        let catalogue = self.catalogue;
        let mut scopes = Vec::new();
        let mut scope = |keys: &mut Self, scope, weight| {
            scopes.extend(vec![position(keys.scopes.len()); weight]);
            keys.scopes.push(scope);
        };
        for entry in catalogue.entries {
            let text = entry.text(&tenant);
            let key = Scope::Key { text: text.clone() };
            scope(self, key, 1);
            let key = position(self.facts.len());
            if self.tenants.len() < HOT + CALM - STILL || !entry.stirs {
                self.read.push(key);
            }
            self.by_text.insert(text.clone(), key);
            let tags = [entry.request_tag, entry.value_tag];
            self.facts.push(KeyFacts {
                text,
                tenant: tenant.clone(),
                endpoint: entry.endpoint.to_owned(),
                tags: tags.into_iter().flatten().map(str::to_owned).collect(),
                strict: entry.strict,
            });
        }
        for tag in catalogue.tags {
            let (tenant, tag) = (tenant.clone(), (*tag).to_owned());
            scope(self, Scope::Tag { tenant, tag }, 1);
        }
        for endpoint in catalogue.endpoints {
            let (tenant, endpoint) = (tenant.clone(), (*endpoint).to_owned());
            scope(self, Scope::Endpoint { tenant, endpoint }, 1);
        }
        let prefix = Scope::Prefix {
            tenant: tenant.clone(),
            prefix: catalogue.prefix.to_owned(),
        };
        scope(self, prefix, 2);
        let whole = Scope::Tenant {
            tenant: tenant.clone(),
        };
        scope(self, whole, 2);
        self.tenants.push(Tenant {
            name: tenant,
            scopes,
        });
    }

    /// The entry of the catalogue that a key is.
    pub(crate) fn entry(&self, key: u32) -> &'static Entry {
        let entries = self.catalogue.entries;
        &entries[key as usize % entries.len()]
    }

    pub(crate) fn tenant(&self, key: u32) -> &str {
        &self.facts[key as usize].tenant
    }

    /// The key of this text; `likely` is tried first.
    pub(crate) fn position(&self, text: &str, likely: u32) -> Option<u32> {
        if self.facts[likely as usize].text == text {
            return Some(likely);
        }
        self.by_text.get(text).copied()
    }

    pub(crate) fn hot(&self) -> std::ops::Range<usize> {
        0..HOT
    }

    pub(crate) fn calm(&self) -> std::ops::Range<usize> {
        HOT..self.tenants.len()
    }

    pub(crate) fn tenant_names(&self) -> impl Iterator<Item = &str> {
        self.tenants.iter().map(|tenant| tenant.name.as_str())
    }

    /// A scope of one tenant.
    pub(crate) fn any_scope(&self, tenant: usize, rng: &mut fastrand::Rng) -> u32 {
        let scopes = &self.tenants[tenant].scopes;
        scopes[rng.usize(..scopes.len())]
    }

    pub(crate) fn any_key(&self, rng: &mut fastrand::Rng) -> u32 {
        self.read[rng.usize(..self.read.len())]
    }

    pub(crate) fn covered(&self, scope: u32) -> Vec<u32> {
        let scope = &self.scopes[scope as usize];
        let keys = self.facts.iter().enumerate();
        keys.filter(|(_, facts)| scope.covers(facts))
            .map(|(at, _)| position(at))
            .collect()
    }
}

fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
