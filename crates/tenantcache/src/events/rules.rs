use std::collections::BTreeMap;

use tenantcache_core::{Endpoint, NameError, Scope};

use super::attributes;
use super::{Event, TagTemplate};

/// What the name of a family of kinds ends with.
const FAMILY: &str = "*";

/// What each kind of event invalidates.
///
/// A rule stands under a kind, such as `order.created`, or under a family of kinds, such as `order.*`: all that start
/// with what stands before the `*`. The exact kind wins over families, and a longer family over a shorter one; rules are
/// not added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    exact: BTreeMap<String, Rule>,
    /// By what the kinds start with, the dot included.
    families: BTreeMap<String, Rule>,
}

/// What one kind of event invalidates: endpoints and tags of its tenant. Without any, the event matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Rule {
    endpoints: Vec<Endpoint>,
    tags: Vec<TagTemplate>,
}

/// Why a rule was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The kind is not a text of 1 to 1,024 bytes, or has a `*` elsewhere than in `.*` at its end.
    #[error("`{0}` is not a kind of event, such as `order.created` or `order.*`")]
    Kind(String),
    /// The template has braces that are not `{{subject}}`.
    #[error("`{0}` has a placeholder other than `{{subject}}`")]
    Placeholder(String),
    /// The template can never become a tag.
    #[error(transparent)]
    Tag(NameError),
}

impl Rules {
    /// No rules: every event matches nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the rule of a kind, or of a family of kinds (`order.*`), in place of one that it had.
    ///
    /// # Errors
    ///
    /// [`RuleError::Kind`] if `kind` can be neither.
    pub fn with(mut self, kind: &str, rule: Rule) -> Result<Self, RuleError> {
        let refused = || RuleError::Kind(kind.to_owned());
        attributes::check(kind).map_err(|_| refused())?;
        let (name, rules) = match kind.strip_suffix(FAMILY) {
            Some(start) if start.len() > 1 && start.ends_with('.') => (start, &mut self.families),
            Some(_) => return Err(refused()),
            None => (kind, &mut self.exact),
        };
        if name.contains(FAMILY) {
            return Err(refused());
        }
        rules.insert(name.to_owned(), rule);
        Ok(self)
    }

    /// The rules, by the name they were set under: exact kinds first, then families.
    pub fn iter(&self) -> impl Iterator<Item = (String, &Rule)> {
        let exact = self.exact.iter().map(|(kind, rule)| (kind.clone(), rule));
        let families = self.families.iter();
        exact.chain(families.map(|(start, rule)| (format!("{start}{FAMILY}"), rule)))
    }

    /// The rule for a kind of event, with the name that it was set under.
    #[must_use]
    pub fn rule(&self, kind: &str) -> Option<(String, &Rule)> {
        if let Some(rule) = self.exact.get(kind) {
            return Some((kind.to_owned(), rule));
        }
        let dots = kind.rmatch_indices('.').map(|(at, _)| &kind[..=at]);
        let mut families = dots.filter_map(|start| Some((start, self.families.get(start)?)));
        let (start, rule) = families.next()?;
        Some((format!("{start}{FAMILY}"), rule))
    }

    /// What `event` invalidates, without repetitions; nothing if no rule is for it.
    ///
    /// A tag that the event's subject should complete, but cannot, becomes the whole tenant: what is concerned is then
    /// not known, and an invalidation is widened rather than lost.
    #[must_use]
    pub fn scopes(&self, event: &Event) -> Vec<Scope> {
        let Some((_, rule)) = self.rule(event.kind()) else {
            return Vec::new();
        };
        let mut scopes = Vec::with_capacity(rule.endpoints.len() + rule.tags.len());
        let endpoints = rule.endpoints.iter().cloned().map(Scope::Endpoint);
        let tags = rule
            .tags
            .iter()
            .map(|template| template.tag(event).map_or(Scope::Tenant, Scope::Tag));
        for scope in endpoints.chain(tags) {
            if scope == Scope::Tenant {
                return vec![scope];
            }
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes
    }
}

impl Rule {
    /// A rule that invalidates nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an endpoint, all of whose entries are invalidated.
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// Adds a tag, all entries with which are invalidated.
    pub fn with_tag(mut self, tag: TagTemplate) -> Self {
        self.tags.push(tag);
        self
    }

    /// The endpoints.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The tags.
    #[must_use]
    pub fn tags(&self) -> &[TagTemplate] {
        &self.tags
    }
}
