//! The bytes of an entry in a remote tier.
//!
//! An entry carries its own full key, so that a reply meant for another key or tenant is recognised and dropped, and two
//! checksums, so that damaged bytes are a miss. Formats 1 and 2, all integers big-endian:
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 2 | magic `tc` |
//! | 2 | 1 | format version, 1 or 2 |
//! | 3 | 1 | flags: 1 negative entry, 2 tags unknown |
//! | 4 | 16 | stamp: incarnation |
//! | 20 | 8 | stamp: generation |
//! | 28 | 8 | when the load began, milliseconds since 1970 |
//! | 36 | 8 | soft TTL, milliseconds |
//! | 44 | 8 | hard TTL, milliseconds |
//! | 52 | 8 | XXH3-64 of the body |
//! | 60 | 4 | length of the body |
//! | 64 | 1 | encoding of the body, 0: as it is |
//! | 65 | 2 + n | key |
//! | … | 1 + n | content type |
//! | … | 1 + (1 + n) × tags | tags |
//! | … | 8 | schema; in format 2 only |
//! | … | 8 | XXH3-64 of everything before |
//! | … | | body |
//! | … | 0 or 12 | when the store drops the entry |
//!
//! The stamp stands at a fixed place so that a script in the store can compare it. An entry costs
//! 77 bytes beside its key, content type, tags and body, and 8 more with a schema.
//!
//! The store puts the last field there itself, by its own clock: milliseconds since 1970 in two halves of 4 bytes, then 4
//! bytes that make the sum of all three a multiple of 2³², less 1. So one read tells for how long an entry is kept yet.
//!
//! Format 1 is written where the schema is 0, so nodes of before there were schemas read it. They take format 2 for a newer
//! one: a miss. Every format that was ever written stays readable.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use crate::{Key, Lifetime, Stamp, Tags};

pub use decode::DecodeError;

const MAGIC: &[u8; 2] = b"tc";
/// Without a schema.
const VERSION_1: u8 = 1;
const VERSION_2: u8 = 2;
const FLAG_NEGATIVE: u8 = 1;
const FLAG_TAGS_UNKNOWN: u8 = 2;
const ENCODING_IDENTITY: u8 = 0;
const HEAD_BYTES: usize = 36;
const EXPIRY_BYTES: usize = 12;

/// An entry as a remote tier holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// The entry's key.
    pub key: Key,
    /// What the body's shape is called, 0 if it has no name. An entry of another schema is never taken for one of this.
    pub schema: u64,
    /// What the load noted before it began.
    pub stamp: Stamp,
    /// When the load began, since 1970, by the wall clock of the node that loaded.
    pub loaded_at: Duration,
    /// How long the entry lives, counted from the beginning of its load.
    pub lifetime: Lifetime,
    /// The entry's tags.
    pub tags: Tags,
    /// Whether this is a "does not exist".
    pub negative: bool,
    /// The body's media type, at most 255 bytes.
    pub content_type: String,
    /// The value.
    pub body: Bytes,
    /// XXH3-64 of the body, which also serves as an entity tag.
    pub body_hash: u64,
}

impl StoredEntry {
    /// The largest body, in bytes: 64 MiB.
    pub const BODY_BYTES_MAX: usize = 64 << 20;

    /// What tells one stored entry of a key from another, without decoding it: its stamp and when its load began. Shorter
    /// than 36 bytes if the stored bytes are.
    #[must_use]
    pub fn head(stored: &[u8]) -> &[u8] {
        &stored[..stored.len().min(HEAD_BYTES)]
    }

    /// When the store drops the entry, since 1970, by the store's clock, as it stands at the end of the stored bytes. `None` if
    /// nothing of the kind stands there.
    #[must_use]
    pub fn expiry(stored: &[u8]) -> Option<Duration> {
        let [high, low, check] = *stored.last_chunk::<EXPIRY_BYTES>()?.as_chunks::<4>().0 else {
            return None;
        };
        let [high, low, check] = [high, low, check].map(u32::from_be_bytes);
        let is_sound = high.wrapping_add(low).wrapping_add(check) == u32::MAX;
        let millis = u64::from(high) << 32 | u64::from(low);
        is_sound.then(|| Duration::from_millis(millis))
    }

    /// The hash of a body.
    #[must_use]
    pub fn hash_body(body: &[u8]) -> u64 {
        xxh3_64(body)
    }
}
