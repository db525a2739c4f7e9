use std::time::Duration;

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    ENCODING_IDENTITY, EXPIRY_BYTES, FLAG_NEGATIVE, FLAG_TAGS_UNKNOWN, MAGIC, StoredEntry,
    VERSION_1, VERSION_2,
};
use crate::{Generation, Incarnation, Key, Lifetime, Stamp, Tag, Tags};

/// Why stored bytes are not the entry that was asked for. All of them are a miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A field, a length or a checksum is wrong.
    #[error("the stored entry is damaged")]
    Corrupt,
    /// A sound entry, but of another key: somebody copied it, or the reply was meant for another request.
    #[error("the stored entry belongs to another key")]
    Foreign,
    /// Not written by this cache.
    #[error("the stored value is not an entry")]
    NotAnEntry,
    /// Written by a newer version of this cache.
    #[error("the stored entry has a newer format")]
    Newer,
    /// Its body has another shape, as another release writes it. [`StoredEntry::decode`] does not look at this.
    #[error("the stored entry has another schema")]
    OtherSchema,
}

impl DecodeError {
    /// The closed set of names that [`DecodeError::name`] gives, for metrics.
    pub const NAMES: [&str; 5] = [
        "corrupt",
        "foreign",
        "not_an_entry",
        "newer",
        "other_schema",
    ];

    /// The error as metrics and logs call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Corrupt => "corrupt",
            Self::Foreign => "foreign",
            Self::NotAnEntry => "not_an_entry",
            Self::Newer => "newer",
            Self::OtherSchema => "other_schema",
        }
    }
}

impl StoredEntry {
    /// Reads the entry of `key`; the body shares memory with `bytes`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] for anything but a whole, sound entry of exactly this key. Never panics.
    pub fn decode(bytes: &Bytes, key: &Key) -> Result<Self, DecodeError> {
        Self::decode_with_texts(bytes, key).map(|(entry, _)| entry)
    }

    /// The same, and `bytes` from the first of the key to the last of the body.
    ///
    /// # Errors
    ///
    /// As [`StoredEntry::decode`].
    pub fn decode_with_texts<'a>(
        bytes: &'a Bytes,
        key: &Key,
    ) -> Result<(Self, &'a [u8]), DecodeError> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take(2) != Some(MAGIC.as_slice()) {
            return Err(DecodeError::NotAnEntry);
        }
        let has_schema = match reader.take(1) {
            Some([VERSION_1]) => false,
            Some([VERSION_2]) => true,
            Some([version]) if *version > VERSION_2 => return Err(DecodeError::Newer),
            _ => return Err(DecodeError::Corrupt),
        };
        let entry = reader.rest(has_schema, key).ok_or(DecodeError::Corrupt)?;
        entry.ok_or(DecodeError::Foreign)
    }
}

struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl<'a> Reader<'a> {
    /// What follows the version; of an entry of another key nothing. The checksum is compared before any text is believed.
    fn rest(&mut self, has_schema: bool, key: &Key) -> Option<Option<(StoredEntry, &'a [u8])>> {
        let [flags] = self.array()?;
        let incarnation = Incarnation::from_u128(u128::from_be_bytes(self.array()?));
        let generation = Generation::from_u64(self.u64()?);
        let loaded_at = Duration::from_millis(self.u64()?);
        let soft = Duration::from_millis(self.u64()?);
        let hard = Duration::from_millis(self.u64()?);
        let body_hash = self.u64()?;
        let body_len = usize::try_from(u32::from_be_bytes(self.array()?)).ok()?;
        let [encoding] = self.array()?;
        let key_len = u16::from_be_bytes(self.array()?);
        let key_start = self.at;
        let own_key = self.take(key_len.into())?;
        let content_type = self.short_text()?;
        let [tags_count] = self.array()?;
        let tags = (0..tags_count)
            .map(|_| self.short_text())
            .collect::<Option<Vec<_>>>()?;
        let schema = if has_schema { self.u64()? } else { 0 };
        // One entry has one spelling.
        if has_schema && schema == 0 {
            return None;
        }
        let header_hash = xxh3_64(&self.bytes[..self.at]);
        if self.u64()? != header_hash || encoding != ENCODING_IDENTITY || soft > hard {
            return None;
        }
        let body_end = self.at.checked_add(body_len)?;
        let texts = self.bytes.get(key_start..body_end)?;
        let body = self.bytes.slice(self.at..body_end);
        let rest = &self.bytes[body_end..];
        let rest_is_sound =
            rest.is_empty() || rest.len() == EXPIRY_BYTES && StoredEntry::expiry(rest).is_some();
        if !rest_is_sound || xxh3_64(&body) != body_hash {
            return None;
        }
        let tags = match flags & FLAG_TAGS_UNKNOWN {
            0 => tags
                .into_iter()
                .map(|tag| Tag::new(tag).ok())
                .collect::<Option<Tags>>()?,
            _ => Tags::Unknown,
        };
        if own_key != key.as_bytes() {
            let another = std::str::from_utf8(own_key).ok()?.parse::<Key>();
            return another.ok().map(|_| None);
        }
        let entry = StoredEntry {
            key: key.clone(),
            schema,
            stamp: Stamp {
                incarnation,
                generation,
            },
            loaded_at,
            lifetime: Lifetime { soft, hard },
            tags,
            negative: flags & FLAG_NEGATIVE != 0,
            content_type: content_type.to_owned(),
            body,
            body_hash,
        };
        Some(Some((entry, texts)))
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(len)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn text(&mut self, len: usize) -> Option<&'a str> {
        std::str::from_utf8(self.take(len)?).ok()
    }

    fn short_text(&mut self) -> Option<&'a str> {
        let [len] = self.array()?;
        self.text(len.into())
    }
}
