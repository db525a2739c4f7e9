use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::escape::unescape;
use super::key_ref::{KeyRef, NameLengths};
use super::{Endpoint, KeyDraft, NameError, TenantId};

/// The name of one entry: `{endpoint}:{tenant}[:{name}:{value}]…`.
///
/// Parameters stand in the order of their names. Inside a parameter's name and value every byte outside
/// `A–Z a–z 0–9 - _ . ~ @ +` is percent-encoded, so no two triples of endpoint, tenant and parameters share a key, and
/// a key that parses is the only spelling of its triple. At most 1,024 bytes. Cloning is cheap.
///
/// ```
/// use tenantcache_core::{Endpoint, Key, TenantId};
/// let (products, tenant) = (Endpoint::new("products")?, TenantId::new("tenant-001")?);
/// let key = Key::new(&products, &tenant).param("q", "tea: green")?.param("limit", 20)?;
/// assert_eq!(key.as_str(), "products:tenant-001:limit:20:q:tea%3A%20green");
/// assert_eq!(key.as_str().parse::<Key>()?, key);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Key {
    text: Arc<str>,
    names: NameLengths,
}

/// Why a key was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not the canonical spelling of any key.
    #[error(
        "not a key: expected {{endpoint}}:{{tenant}}[:{{name}}:{{value}}]… with names in order"
    )]
    Malformed,
    /// The endpoint or the tenant id was refused.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A parameter's name is empty or occurs twice.
    #[error("a parameter's name must not be empty or occur twice")]
    Parameter,
    /// The key would be longer than [`Key::BYTES_MAX`].
    #[error("a key must not be longer than {} bytes", Key::BYTES_MAX)]
    TooLong,
}

impl Key {
    /// The longest key, in bytes.
    pub const BYTES_MAX: usize = 1024;

    /// The key of an endpoint's answer that has no parameters.
    #[must_use]
    pub fn new(endpoint: &Endpoint, tenant: &TenantId) -> Self {
        KeyDraft::new(endpoint, tenant).to_key()
    }

    /// This key with one more parameter, at its place in the order of names.
    ///
    /// # Errors
    ///
    /// [`KeyError::Parameter`] if the name is empty or already there, [`KeyError::TooLong`] if the key grows too long.
    pub fn param(&self, name: &str, value: impl fmt::Display) -> Result<Self, KeyError> {
        let mut draft = KeyDraft::from(self);
        draft.param(name, value)?;
        Ok(draft.to_key())
    }

    /// The key as text, as it stands in logs, headers and Redis.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The bytes of that text, by which maps are asked; see [`KeyDraft::as_bytes`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The endpoint's name.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        KeyRef::from(self).endpoint()
    }

    /// The tenant's id.
    #[must_use]
    pub fn tenant(&self) -> &str {
        KeyRef::from(self).tenant()
    }

    /// The parameters, decoded, in the order of their names.
    #[must_use]
    pub fn params(&self) -> Vec<(String, String)> {
        let start = usize::from(self.names.endpoint) + 1 + usize::from(self.names.tenant);
        match self.text[start..].strip_prefix(':') {
            None => Vec::new(),
            Some(rest) => parse_params(rest).expect("a key's text is canonical by construction"),
        }
    }

    /// The key of a text that is known to be canonical.
    pub(super) fn from_canonical(text: &str, names: NameLengths) -> Self {
        Self {
            text: text.into(),
            names,
        }
    }

    pub(super) fn name_lengths(&self) -> NameLengths {
        self.names
    }
}

impl FromStr for Key {
    type Err = KeyError;

    /// Parses the canonical spelling, and nothing else.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.len() > Self::BYTES_MAX {
            return Err(KeyError::TooLong);
        }
        let mut parts = text.splitn(3, ':');
        let endpoint = Endpoint::new(parts.next().unwrap_or_default())?;
        let tenant = TenantId::new(parts.next().ok_or(KeyError::Malformed)?)?;
        if let Some(params) = parts.next() {
            parse_params(params).ok_or(KeyError::Malformed)?;
        }
        let names = NameLengths::of(endpoint.as_str(), tenant.as_str());
        Ok(Self::from_canonical(text, names))
    }
}

/// `None` unless every part is canonically escaped and the names are distinct and in order.
fn parse_params(text: &str) -> Option<Vec<(String, String)>> {
    let mut params: Vec<(String, String)> = Vec::new();
    let mut parts = text.split(':');
    while let Some(name) = parts.next() {
        let name = unescape(name)?;
        let value = unescape(parts.next()?)?;
        let ordered = params.last().is_none_or(|(previous, _)| *previous < name);
        if name.is_empty() || !ordered {
            return None;
        }
        params.push((name, value));
    }
    Some(params)
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Key {}

impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

/// A map by key can be asked with [`KeyDraft::as_bytes`].
impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
