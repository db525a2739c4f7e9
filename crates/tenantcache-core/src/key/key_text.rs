use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::escape::{push_escaped, unescape};
use super::{Endpoint, NameError, TenantId};

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
    endpoint_len: u16,
    tenant_len: u16,
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
        Self::from_parts(endpoint.as_str(), tenant.as_str(), &[])
    }

    /// This key with one more parameter, at its place in the order of names.
    ///
    /// # Errors
    ///
    /// [`KeyError::Parameter`] if the name is empty or already there, [`KeyError::TooLong`] if the key grows too long.
    pub fn param(&self, name: &str, value: impl fmt::Display) -> Result<Self, KeyError> {
        if name.is_empty() {
            return Err(KeyError::Parameter);
        }
        let value = value.to_string();
        let mut params = self.params();
        match params.binary_search_by(|(known, _)| known.as_str().cmp(name)) {
            Ok(_) => return Err(KeyError::Parameter),
            Err(place) => params.insert(place, (name.to_owned(), value)),
        }
        let key = Self::from_parts(self.endpoint(), self.tenant(), &params);
        if key.text.len() > Self::BYTES_MAX {
            Err(KeyError::TooLong)
        } else {
            Ok(key)
        }
    }

    /// The key as text, as it stands in logs, headers and Redis.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The endpoint's name.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.text[..usize::from(self.endpoint_len)]
    }

    /// The tenant's id.
    #[must_use]
    pub fn tenant(&self) -> &str {
        let start = usize::from(self.endpoint_len) + 1;
        &self.text[start..start + usize::from(self.tenant_len)]
    }

    /// The parameters, decoded, in the order of their names.
    #[must_use]
    pub fn params(&self) -> Vec<(String, String)> {
        let start = usize::from(self.endpoint_len) + 1 + usize::from(self.tenant_len);
        match self.text[start..].strip_prefix(':') {
            None => Vec::new(),
            Some(rest) => parse_params(rest).expect("a key's text is canonical by construction"),
        }
    }

    fn from_parts(endpoint: &str, tenant: &str, params: &[(String, String)]) -> Self {
        let mut text = String::with_capacity(endpoint.len() + 1 + tenant.len() + 24 * params.len());
        text.push_str(endpoint);
        text.push(':');
        text.push_str(tenant);
        for (name, value) in params {
            text.push(':');
            push_escaped(&mut text, name);
            text.push(':');
            push_escaped(&mut text, value);
        }
        let len = |part: &str| u16::try_from(part.len()).expect("names are at most 128 bytes");
        Self {
            endpoint_len: len(endpoint),
            tenant_len: len(tenant),
            text: text.into(),
        }
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
        let params = match parts.next() {
            None => Vec::new(),
            Some(rest) => parse_params(rest).ok_or(KeyError::Malformed)?,
        };
        Ok(Self::from_parts(
            endpoint.as_str(),
            tenant.as_str(),
            &params,
        ))
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
        self.text.hash(state);
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.text
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
