use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::escape::is_plain;

/// The name that starts every key which is not an entry, and which no endpoint may have.
const RESERVED: &str = "tenantcache";

/// Why a name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// A name has at least one byte.
    #[error("a {what} must not be empty")]
    Empty {
        /// The kind of name.
        what: &'static str,
    },
    /// A byte outside the alphabet.
    #[error("a {what} may only contain {alphabet}")]
    Alphabet {
        /// The kind of name.
        what: &'static str,
        /// The bytes that are allowed.
        alphabet: &'static str,
    },
    /// More bytes than the kind of name may have.
    #[error("a {what} must not be longer than {bytes_max} bytes")]
    TooLong {
        /// The kind of name.
        what: &'static str,
        /// The limit.
        bytes_max: usize,
    },
    /// The name is kept for the cache's own keys.
    #[error("the name `tenantcache` is reserved")]
    Reserved,
}

/// Whom data belongs to: 1 to 128 bytes of `A–Z a–z 0–9 - _ . @ +`, compared byte for byte.
///
/// Cloning is cheap.
///
/// ```
/// use tenantcache_core::TenantId;
/// assert!(TenantId::new("54d459ab-4ae8-480a-9d1c-d53b218a4fb2").is_ok());
/// assert!(TenantId::new("tenant:001").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The longest tenant id, in bytes.
    pub const BYTES_MAX: usize = 128;

    /// Parses a tenant id.
    ///
    /// # Errors
    ///
    /// [`NameError`] if it is empty, too long, or has a byte outside the alphabet.
    pub fn new(id: &str) -> Result<Self, NameError> {
        let allowed = |byte: u8| byte != b'~' && is_plain(byte);
        check(
            "tenant id",
            id,
            Self::BYTES_MAX,
            "A-Z a-z 0-9 - _ . @ +",
            allowed,
        )?;
        Ok(Self(id.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A named kind of answer, such as `dashboard_kpis`: 1 to 64 bytes of `A–Z a–z 0–9 - _ . ~ @ +`.
///
/// The name `tenantcache` is reserved. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint(Arc<str>);

impl Endpoint {
    /// The longest endpoint name, in bytes.
    pub const BYTES_MAX: usize = 64;

    /// Parses an endpoint's name.
    ///
    /// # Errors
    ///
    /// [`NameError`] if it is empty, too long, reserved, or has a byte outside the alphabet.
    pub fn new(name: &str) -> Result<Self, NameError> {
        check(
            "endpoint",
            name,
            Self::BYTES_MAX,
            "A-Z a-z 0-9 - _ . ~ @ +",
            is_plain,
        )?;
        if name == RESERVED {
            return Err(NameError::Reserved);
        }
        Ok(Self(name.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The literal start of endpoint names: 1 to 64 visible ASCII bytes. `*` and `?` stand for themselves.
///
/// Cloning is cheap.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointPrefix(Arc<str>);

impl EndpointPrefix {
    /// Parses a prefix.
    ///
    /// # Errors
    ///
    /// [`NameError`] if it is empty, too long, or has a byte that is not visible ASCII.
    pub fn new(prefix: &str) -> Result<Self, NameError> {
        let visible = |byte: u8| byte.is_ascii_graphic();
        check(
            "prefix",
            prefix,
            Endpoint::BYTES_MAX,
            "visible ASCII",
            visible,
        )?;
        Ok(Self(prefix.into()))
    }

    /// The prefix as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(
    what: &'static str,
    name: &str,
    bytes_max: usize,
    alphabet: &'static str,
    allowed: impl Fn(u8) -> bool,
) -> Result<(), NameError> {
    if name.is_empty() {
        Err(NameError::Empty { what })
    } else if name.len() > bytes_max {
        Err(NameError::TooLong { what, bytes_max })
    } else if name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(NameError::Alphabet { what, alphabet })
    }
}

macro_rules! text_newtype {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }
    )*};
}

text_newtype!(TenantId, Endpoint, EndpointPrefix);
