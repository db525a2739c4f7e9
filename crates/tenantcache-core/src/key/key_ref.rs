use std::fmt;

use super::{Key, KeyDraft};

/// A [`Key`] whose text lies elsewhere: in a key, or in something that keeps the text itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyRef<'a> {
    text: &'a [u8],
    names: NameLengths,
}

/// How long the endpoint and the tenant are in a key's text, in bytes: what there is to know of a key beside its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameLengths {
    pub(super) endpoint: u8,
    pub(super) tenant: u8,
}

impl NameLengths {
    pub(super) fn of(endpoint: &str, tenant: &str) -> Self {
        let length = |name: &str| u8::try_from(name.len()).expect("names are at most 128 bytes");
        Self {
            endpoint: length(endpoint),
            tenant: length(tenant),
        }
    }
}

impl<'a> KeyRef<'a> {
    /// The key again of which [`KeyRef::as_bytes`] and [`KeyRef::name_lengths`] gave these two. Of anything else it makes
    /// no key, and its methods may panic.
    #[must_use]
    pub fn from_parts(text: &'a [u8], names: NameLengths) -> Self {
        Self { text, names }
    }

    /// The bytes of the key's text; see [`Key::as_bytes`].
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.text
    }

    /// Where the names stand in the text.
    #[must_use]
    pub fn name_lengths(self) -> NameLengths {
        self.names
    }

    /// The key as text; see [`Key::as_str`].
    #[must_use]
    pub fn as_str(self) -> &'a str {
        ascii(self.text)
    }

    /// The endpoint's name.
    #[must_use]
    pub fn endpoint(self) -> &'a str {
        ascii(&self.text[..usize::from(self.names.endpoint)])
    }

    /// The tenant's id.
    #[must_use]
    pub fn tenant(self) -> &'a str {
        let start = usize::from(self.names.endpoint) + 1;
        ascii(&self.text[start..start + usize::from(self.names.tenant)])
    }

    /// The key, with a text of its own.
    #[must_use]
    pub fn to_key(self) -> Key {
        Key::from_canonical(self.as_str(), self.names)
    }
}

fn ascii(text: &[u8]) -> &str {
    std::str::from_utf8(text).expect("names and escapes are ASCII")
}

impl<'a> From<&'a Key> for KeyRef<'a> {
    fn from(key: &'a Key) -> Self {
        Self::from_parts(key.as_bytes(), key.name_lengths())
    }
}

impl<'a> From<&'a KeyDraft> for KeyRef<'a> {
    fn from(draft: &'a KeyDraft) -> Self {
        Self::from_parts(draft.as_bytes(), draft.name_lengths())
    }
}

impl fmt::Debug for KeyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for KeyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
