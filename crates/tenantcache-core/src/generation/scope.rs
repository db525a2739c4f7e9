use std::fmt;

use crate::{Endpoint, EndpointPrefix, Key, KeyError, NameError, Tag};

/// What an invalidation covers, within one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Every entry of one endpoint.
    Endpoint(Endpoint),
    /// One entry.
    Key(Key),
    /// Every entry of the endpoints whose name starts so.
    Prefix(EndpointPrefix),
    /// Every entry that carries the tag.
    Tag(Tag),
    /// Every entry of the tenant.
    Tenant,
}

impl Scope {
    /// The closed set of names that [`Scope::name`] gives, for metrics.
    pub const NAMES: [&str; 5] = ["endpoint", "key", "prefix", "tag", "tenant"];

    /// The kind of scope, as metrics and logs call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Endpoint(_) => "endpoint",
            Self::Key(_) => "key",
            Self::Prefix(_) => "prefix",
            Self::Tag(_) => "tag",
            Self::Tenant => "tenant",
        }
    }

    /// The name of the scope's record in a stored table: `t`, or `e:`, `k:`, `p:`, `g:` and the text.
    #[must_use]
    pub fn field(&self) -> String {
        match self {
            Self::Endpoint(endpoint) => format!("e:{endpoint}"),
            Self::Key(key) => format!("k:{key}"),
            Self::Prefix(prefix) => format!("p:{prefix}"),
            Self::Tag(tag) => format!("g:{tag}"),
            Self::Tenant => "t".to_owned(),
        }
    }

    /// Parses what [`Scope::field`] wrote.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for anything else.
    pub fn from_field(field: &str) -> Result<Self, KeyError> {
        if field == "t" {
            return Ok(Self::Tenant);
        }
        let (kind, text) = field.split_at_checked(2).ok_or(KeyError::Malformed)?;
        let name = |error: NameError| KeyError::Name(error);
        match kind {
            "e:" => Endpoint::new(text).map(Self::Endpoint).map_err(name),
            "k:" => text.parse().map(Self::Key),
            "p:" => EndpointPrefix::new(text).map(Self::Prefix).map_err(name),
            "g:" => Tag::new(text).map(Self::Tag).map_err(name),
            _ => Err(KeyError::Malformed),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(endpoint) => write!(f, "endpoint {endpoint}"),
            Self::Key(key) => write!(f, "key {key}"),
            Self::Prefix(prefix) => write!(f, "prefix {prefix}"),
            Self::Tag(tag) => write!(f, "tag {tag}"),
            Self::Tenant => f.write_str("tenant"),
        }
    }
}
