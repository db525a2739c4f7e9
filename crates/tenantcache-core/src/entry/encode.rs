use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    ENCODING_IDENTITY, FLAG_NEGATIVE, FLAG_TAGS_UNKNOWN, HEAD_BYTES, MAGIC, StoredEntry, VERSION_1,
    VERSION_2,
};
use crate::{Stamp, Tags};

impl StoredEntry {
    /// The entry's bytes, or `None` if the body or the content type is over its limit.
    #[must_use]
    pub fn encode(&self) -> Option<Bytes> {
        let content_type_len = u8::try_from(self.content_type.len()).ok()?;
        let body_len = Some(self.body.len()).filter(|len| *len <= Self::BODY_BYTES_MAX)?;
        let body_len = u32::try_from(body_len).ok()?;
        let tags = self.tags.known().unwrap_or_default();
        let tags_len: usize = tags.iter().map(|tag| 1 + tag.as_str().len()).sum();
        let key = self.key.as_str();
        let capacity = 85 + key.len() + self.content_type.len() + tags_len + self.body.len();
        let mut out = BytesMut::with_capacity(capacity);

        out.put_slice(&Self::head_of(
            self.schema,
            self.negative,
            &self.tags,
            self.stamp,
            self.loaded_at,
        ));
        out.put_u64(millis(self.lifetime.soft));
        out.put_u64(millis(self.lifetime.hard));
        out.put_u64(self.body_hash);
        out.put_u32(body_len);
        out.put_u8(ENCODING_IDENTITY);
        out.put_u16(u16::try_from(key.len()).ok()?);
        out.put_slice(key.as_bytes());
        out.put_u8(content_type_len);
        out.put_slice(self.content_type.as_bytes());
        out.put_u8(u8::try_from(tags.len()).ok()?);
        for tag in tags {
            out.put_u8(u8::try_from(tag.as_str().len()).ok()?);
            out.put_slice(tag.as_str().as_bytes());
        }
        if self.schema != 0 {
            out.put_u64(self.schema);
        }
        let header_hash = xxh3_64(&out);
        out.put_u64(header_hash);
        out.put_slice(&self.body);
        Some(out.freeze())
    }

    /// The head ([`StoredEntry::head`]) of an entry with these properties, once it is stored.
    #[must_use]
    pub fn head_of(
        schema: u64,
        negative: bool,
        tags: &Tags,
        stamp: Stamp,
        loaded_at: Duration,
    ) -> [u8; HEAD_BYTES] {
        let version = if schema == 0 { VERSION_1 } else { VERSION_2 };
        let negative = if negative { FLAG_NEGATIVE } else { 0 };
        let unknown = match tags {
            Tags::Known(_) => 0,
            Tags::Unknown => FLAG_TAGS_UNKNOWN,
        };
        let mut head = [0; HEAD_BYTES];
        let mut out = head.as_mut_slice();
        out.put_slice(MAGIC);
        out.put_u8(version);
        out.put_u8(negative | unknown);
        out.put_u128(stamp.incarnation.get());
        out.put_u64(stamp.generation.get());
        out.put_u64(millis(loaded_at));
        head
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
