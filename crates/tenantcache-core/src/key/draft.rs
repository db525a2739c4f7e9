use std::cmp::Ordering;
use std::fmt::{self, Write};

use smallvec::SmallVec;

use super::escape::{escape_into, unescaped};
use super::key_ref::{KeyRef, NameLengths};
use super::{Endpoint, Key, KeyError, TenantId};

/// What most keys need, in bytes: no draft of one allocates.
const INLINE_BYTES: usize = 96;

/// A key that is being written, for a look-up that allocates nothing while the text has at most 96 bytes.
///
/// It is a whole key at any time, and [`KeyDraft::to_key`] gives it as one.
///
/// ```
/// use tenantcache_core::{Endpoint, KeyDraft, TenantId};
/// let mut draft = KeyDraft::new(&Endpoint::new("products")?, &TenantId::new("tenant-001")?);
/// draft.param("q", "tea: green")?;
/// draft.param("limit", 20)?;
/// assert_eq!(draft.to_key().as_str(), "products:tenant-001:limit:20:q:tea%3A%20green");
/// assert_eq!(draft.as_bytes(), draft.to_key().as_str().as_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct KeyDraft {
    /// ASCII.
    text: SmallVec<[u8; INLINE_BYTES]>,
    names: NameLengths,
}

impl KeyDraft {
    /// The key of an endpoint's answer that has no parameters.
    #[must_use]
    pub fn new(endpoint: &Endpoint, tenant: &TenantId) -> Self {
        let (endpoint, tenant) = (endpoint.as_str(), tenant.as_str());
        let mut text = SmallVec::new();
        text.extend_from_slice(endpoint.as_bytes());
        text.push(b':');
        text.extend_from_slice(tenant.as_bytes());
        Self {
            text,
            names: NameLengths::of(endpoint, tenant),
        }
    }

    /// Adds a parameter, at its place in the order of names. After an error the draft is as before.
    ///
    /// # Errors
    ///
    /// [`KeyError::Parameter`] if the name is empty or already there, [`KeyError::TooLong`] if the key grows too long.
    pub fn param(&mut self, name: &str, value: impl fmt::Display) -> Result<(), KeyError> {
        if name.is_empty() {
            return Err(KeyError::Parameter);
        }
        let place = self.place(name)?;
        let end = self.text.len();
        let mut escaping = Escaping(&mut self.text);
        escaping.0.push(b':');
        let written = escaping.write_str(name).and_then(|()| {
            escaping.0.push(b':');
            write!(escaping, "{value}")
        });
        if written.is_err() || self.text.len() > Key::BYTES_MAX {
            self.text.truncate(end);
            return Err(KeyError::TooLong);
        }
        let added = self.text.len() - end;
        self.text[place..].rotate_right(added);
        Ok(())
    }

    /// The key's text, as it stands in [`Key::as_str`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// The endpoint's name.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        KeyRef::from(self).endpoint()
    }

    /// The key.
    #[must_use]
    pub fn to_key(&self) -> Key {
        KeyRef::from(self).to_key()
    }

    pub(super) fn name_lengths(&self) -> NameLengths {
        self.names
    }

    /// Where the parameter's `:name:value` belongs.
    fn place(&self, name: &str) -> Result<usize, KeyError> {
        let mut place = usize::from(self.names.endpoint) + 1 + usize::from(self.names.tenant);
        let mut parts = self.text[place..].split(|byte| *byte == b':').skip(1);
        while let (Some(known), Some(value)) = (parts.next(), parts.next()) {
            match unescaped(known).cmp(name.bytes()) {
                Ordering::Less => place += 1 + known.len() + 1 + value.len(),
                Ordering::Equal => return Err(KeyError::Parameter),
                Ordering::Greater => break,
            }
        }
        Ok(place)
    }
}

impl From<&Key> for KeyDraft {
    fn from(key: &Key) -> Self {
        Self {
            text: SmallVec::from_slice(key.as_bytes()),
            names: key.name_lengths(),
        }
    }
}

/// By hand, since `SmallVec` would copy the text byte by byte.
impl Clone for KeyDraft {
    fn clone(&self) -> Self {
        Self {
            text: SmallVec::from_slice(&self.text),
            names: self.names,
        }
    }
}

impl fmt::Debug for KeyDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_key(), f)
    }
}

/// Escapes what is written. Fails beyond [`Key::BYTES_MAX`], so that a value which writes without end is given up.
struct Escaping<'a>(&'a mut SmallVec<[u8; INLINE_BYTES]>);

impl Write for Escaping<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.0.len() + part.len() > Key::BYTES_MAX {
            return Err(fmt::Error);
        }
        escape_into(self.0, part);
        Ok(())
    }
}
