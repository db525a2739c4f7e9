use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tenantcache_core::{Freshness, Generation, KeyRef, Lifetime, NameLengths, Stamp, StoredEntry};
use triomphe::ThinArc;

use crate::atomic::{AtomicU64, Ordering};
use crate::endpoints::EndpointState;
use crate::labels::Labels;
use crate::nanos::Nanos;

/// What the local tier charges for an entry beside its texts and its body, in bytes: what stands before the texts with its
/// count and length; the tier's slot, table and ghost; and the allocator's own word.
const OVERHEAD_BYTES: usize = size_of::<Head>() + 16 + 48 + 8;

/// What a load notes before it begins: the tenant's generation, and this node's own count of invalidations that Redis
/// has not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoadStamp {
    pub(crate) stamp: Stamp,
    pub(crate) sequence: Generation,
    /// Whether the stamp may leave this node: it comes from a table that all nodes share.
    pub(crate) shared: bool,
}

/// A value of one key with everything that is needed to judge it. All of it stands in one allocation, which clones share:
/// the [`Head`], the key's text, the body; between those two, of an entry that was stored, what stood there.
#[derive(Clone)]
pub(crate) struct Value(ThinArc<Head, u8>);

/// What is known of a value when it is made.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) stamp: LoadStamp,
    /// When the load began, by this node's monotonic clock.
    pub(crate) loaded_at: Duration,
    /// The same by the wall clock of the node that loaded it, in milliseconds since 1970.
    pub(crate) loaded_at_wall_ms: u64,
    pub(crate) lifetime: Lifetime,
    pub(crate) labels: Labels,
    pub(crate) negative: bool,
    pub(crate) body_hash: u64,
    pub(crate) endpoint: Arc<EndpointState>,
}

/// A value without its texts. What a hit reads stands first, as it is written here.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Head {
    pub(crate) admitted: Admitted,
    pub(crate) loaded_at: Nanos,
    soft_ttl_ms: u32,
    grace_ms: u32,
    pub(crate) endpoint: Arc<EndpointState>,
    key_bytes: u16,
    key_names: NameLengths,
    pub(crate) negative: bool,
    is_shared: bool,
    /// Bytes between the key and the body.
    gap_bytes: u16,
    stamp: Stamp,
    sequence: Generation,
    loaded_at_wall_ms: u64,
    pub(crate) labels: Labels,
    pub(crate) body_hash: u64,
    pub(crate) refresh: RefreshBackoff,
}

impl Deref for Value {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.0.header.header
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value")
            .field("key", &self.key())
            .field("head", &**self)
            .field("body_bytes", &self.body().len())
            .finish()
    }
}

/// As of which version of its tenant's knowledge a value was last found valid; 0: never.
#[derive(Debug, Default)]
pub(crate) struct Admitted(AtomicU64);

impl Admitted {
    pub(crate) fn note(&self, version: u64) {
        self.0.store(version, Ordering::Relaxed);
    }

    pub(crate) fn is_as_of(&self, version: u64) -> bool {
        self.0.load(Ordering::Relaxed) == version
    }
}

/// Until when no refresh of a value is begun, since the last one failed.
#[derive(Debug, Default)]
pub(crate) struct RefreshBackoff(AtomicU64);

impl RefreshBackoff {
    /// A failed refresh is not repeated sooner than this, however many requests come.
    const SPAN: Duration = Duration::from_secs(1);
    /// An origin that does not want to be asked for longer is asked all the same.
    const SPAN_MAX: Duration = Duration::from_secs(5 * 60);

    /// Notes a refresh that failed, and when the origin wants to be asked again, if it said so.
    pub(crate) fn failed(&self, now: Duration, retry_after: Option<Duration>) {
        let span = retry_after
            .unwrap_or_default()
            .clamp(Self::SPAN, Self::SPAN_MAX);
        let until = Nanos::from(now + span);
        self.0.store(until.get(), Ordering::Relaxed);
    }

    pub(crate) fn allows(&self, now: Duration) -> bool {
        now >= Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

impl Value {
    /// Lifetimes are cut to milliseconds, of which each of the two spans has under 2³²: 49 days.
    pub(crate) fn new<'a>(key: impl Into<KeyRef<'a>>, body: &[u8], facts: Facts) -> Self {
        let key = key.into();
        Self::of_texts(key, &[key.as_bytes(), body].concat(), 0, facts)
    }

    /// Of texts that begin with the key, so many bytes after which the body stands.
    fn of_texts(key: KeyRef<'_>, texts: &[u8], gap_bytes: u16, facts: Facts) -> Self {
        let Lifetime { soft, hard } = facts.lifetime;
        let span_ms = |span: Duration| u32::try_from(span.as_millis()).unwrap_or(u32::MAX);
        let head = Head {
            admitted: Admitted::default(),
            loaded_at: facts.loaded_at.into(),
            soft_ttl_ms: span_ms(soft),
            grace_ms: span_ms(hard.saturating_sub(soft)),
            endpoint: facts.endpoint,
            key_bytes: u16::try_from(key.as_bytes().len()).expect("a key has at most 1,024 bytes"),
            key_names: key.name_lengths(),
            negative: facts.negative,
            is_shared: facts.stamp.shared,
            gap_bytes,
            stamp: facts.stamp.stamp,
            sequence: facts.stamp.sequence,
            loaded_at_wall_ms: facts.loaded_at_wall_ms,
            labels: facts.labels,
            body_hash: facts.body_hash,
            refresh: RefreshBackoff::default(),
        };
        Self(ThinArc::from_header_and_slice(head, texts))
    }

    /// A stored entry of known age with its texts ([`StoredEntry::decode_with_texts`]), as this node sees it at `now`.
    pub(crate) fn from_stored(
        entry: &StoredEntry,
        texts: &[u8],
        endpoint: Arc<EndpointState>,
        age: Duration,
        now: Duration,
    ) -> Self {
        let facts = Facts {
            stamp: LoadStamp {
                stamp: entry.stamp,
                sequence: Generation::ZERO,
                shared: true,
            },
            loaded_at: now.saturating_sub(age),
            loaded_at_wall_ms: millis(entry.loaded_at),
            lifetime: entry.lifetime,
            labels: Labels::new(entry.tags.clone(), &entry.content_type),
            negative: entry.negative,
            body_hash: entry.body_hash,
            endpoint,
        };
        let gap = texts.len() - entry.key.as_bytes().len() - entry.body.len();
        let gap = u16::try_from(gap).expect("tags and media type have at most 33,168 bytes");
        Self::of_texts(KeyRef::from(&entry.key), texts, gap, facts)
    }

    pub(crate) fn key(&self) -> KeyRef<'_> {
        KeyRef::from_parts(&self.0.slice[..usize::from(self.key_bytes)], self.key_names)
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.0.slice[usize::from(self.key_bytes) + usize::from(self.gap_bytes)..]
    }

    /// The body as bytes that share the value.
    pub(crate) fn body_shared(&self) -> Bytes {
        Bytes::from_owner(OwnedBody(self.clone()))
    }

    /// Whether both are one value, and not only equal.
    pub(crate) fn is(&self, other: &Self) -> bool {
        std::ptr::eq::<Head>(&**self, &**other)
    }

    /// The entry as a remote tier keeps it.
    pub(crate) fn to_stored(&self, schema: u64) -> StoredEntry {
        StoredEntry {
            key: self.key().to_key(),
            schema,
            stamp: self.stamp,
            loaded_at: Duration::from_millis(self.loaded_at_wall_ms),
            lifetime: self.lifetime(),
            tags: self.labels.tags().clone(),
            negative: self.negative,
            content_type: self.labels.content_type().to_owned(),
            body: self.body_shared(),
            body_hash: self.body_hash,
        }
    }

    /// The bytes that the local tier charges for this value.
    pub(crate) fn weight(&self) -> u64 {
        let bytes = OVERHEAD_BYTES + self.0.slice.len() + self.labels.bytes();
        // A sixteenth more is what allocators lose between blocks of many sizes.
        u64::try_from(bytes + bytes / 16).unwrap_or(u64::MAX)
    }
}

impl Head {
    pub(crate) fn stamp(&self) -> LoadStamp {
        LoadStamp {
            stamp: self.stamp,
            sequence: self.sequence,
            shared: self.is_shared,
        }
    }

    /// What tells the stored entry that this value is a copy of from others of its key.
    pub(crate) fn stored_head(&self, schema: u64) -> Vec<u8> {
        let loaded_at = Duration::from_millis(self.loaded_at_wall_ms);
        StoredEntry::head_of(
            schema,
            self.negative,
            self.labels.tags(),
            self.stamp,
            loaded_at,
        )
        .to_vec()
    }

    /// Whether both values are copies of one load's.
    pub(crate) fn is_same_load(&self, other: &Self) -> bool {
        self.stamp == other.stamp
            && self.loaded_at == other.loaded_at
            && self.body_hash == other.body_hash
    }

    pub(crate) fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.loaded_at.into())
    }

    pub(crate) fn freshness(&self, now: Duration) -> Freshness {
        self.endpoint
            .policy
            .freshness(self.lifetime(), self.age(now))
    }

    pub(crate) fn lifetime(&self) -> Lifetime {
        let soft = Duration::from_millis(self.soft_ttl_ms.into());
        Lifetime {
            soft,
            hard: soft + Duration::from_millis(self.grace_ms.into()),
        }
    }
}

/// Keeps a value alive for its body.
struct OwnedBody(Value);

impl AsRef<[u8]> for OwnedBody {
    fn as_ref(&self) -> &[u8] {
        self.0.body()
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
