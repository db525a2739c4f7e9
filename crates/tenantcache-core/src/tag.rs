//! Labels on entries, for invalidating a group of them.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use crate::NameError;

/// A label such as `product:123`: 1 to 128 bytes of UTF-8 without control characters. Cloning is cheap.
///
/// Tags belong to a tenant: the same tag of two tenants is two tags.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);

impl Tag {
    /// The longest tag, in bytes.
    pub const BYTES_MAX: usize = 128;

    /// Parses a tag.
    ///
    /// # Errors
    ///
    /// [`NameError`] if it is empty, too long, or has a control character.
    pub fn new(tag: &str) -> Result<Self, NameError> {
        if tag.is_empty() {
            Err(NameError::Empty { what: "tag" })
        } else if tag.len() > Self::BYTES_MAX {
            Err(NameError::TooLong {
                what: "tag",
                bytes_max: Self::BYTES_MAX,
            })
        } else if tag.chars().any(char::is_control) {
            Err(NameError::Alphabet {
                what: "tag",
                alphabet: "characters that are not controls",
            })
        } else {
            Ok(Self(tag.into()))
        }
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Tag {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl Borrow<str> for Tag {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

/// What is known about an entry's tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    /// Exactly these, sorted and distinct.
    Known(Arc<[Tag]>),
    /// Not known, or too many to store: any invalidation of the tenant may concern the entry.
    Unknown,
}

impl Tags {
    /// The most tags one entry can carry; more make its tags [`Tags::Unknown`].
    pub const COUNT_MAX: usize = 255;

    /// No tags. All of these share one allocation.
    #[must_use]
    pub fn none() -> Self {
        static NONE: LazyLock<Arc<[Tag]>> = LazyLock::new(|| Arc::from([]));
        Self::Known(Arc::clone(&NONE))
    }

    /// The tags as a slice, or `None` if they are not known.
    #[must_use]
    pub fn known(&self) -> Option<&[Tag]> {
        match self {
            Self::Known(tags) => Some(tags),
            Self::Unknown => None,
        }
    }
}

impl FromIterator<Tag> for Tags {
    /// Sorts, removes repetitions, and gives [`Tags::Unknown`] for more than [`Tags::COUNT_MAX`].
    fn from_iter<I: IntoIterator<Item = Tag>>(tags: I) -> Self {
        let mut tags: Vec<Tag> = tags.into_iter().collect();
        tags.sort_unstable();
        tags.dedup();
        if tags.len() > Self::COUNT_MAX {
            Self::Unknown
        } else if tags.is_empty() {
            Self::none()
        } else {
            Self::Known(tags.into())
        }
    }
}
