//! What operators see of entries.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tenantcache_core::{Generation, Incarnation, Key, KeyRef, Lifetime, StoredEntry, Tags};

use crate::Source;
use crate::cache::Inner;
use crate::load;
use crate::mirror::{Judgement, TenantState};
use crate::patience::Patience;
use crate::value::Value;

/// An entry as a tier holds it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EntryDetails {
    /// The tier.
    pub tier: Source,
    /// Whether it may be served, apart from its age.
    pub valid: bool,
    /// How long ago its load began.
    pub age: Duration,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// The stamp's incarnation.
    pub incarnation: Incarnation,
    /// The stamp's generation.
    pub generation: Generation,
    /// Its tags.
    pub tags: Tags,
    /// Whether it is a "does not exist".
    pub negative: bool,
    /// The value's media type.
    pub content_type: String,
    /// The value.
    pub body: Bytes,
}

pub(crate) async fn keys(
    inner: &Arc<Inner>,
    state: &Arc<TenantState>,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Vec<Key> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut add = |key: KeyRef<'_>| {
        let text = key.as_str();
        if text.starts_with(prefix) && after.is_none_or(|after| text > after) {
            found.insert(text.to_owned());
        }
    };
    inner
        .local
        .of_tenant(&state.id)
        .iter()
        .for_each(|value| add(value.key()));
    if let Some(remote) = &inner.remote
        && let Ok(recent) = remote.recent(&state.id).await
    {
        recent
            .iter()
            .filter(|key| key.tenant() == state.id.as_str())
            .for_each(|key| add(key.into()));
    }
    found
        .iter()
        .take(limit)
        .filter_map(|text| text.parse().ok())
        .collect()
}

pub(crate) async fn entry(
    inner: &Arc<Inner>,
    state: &Arc<TenantState>,
    key: &Key,
) -> Vec<EntryDetails> {
    let mut found = Vec::new();
    if let Some(remote) = &inner.remote
        && let Ok(read) = {
            let (keys, mut patience) = (std::slice::from_ref(key), Patience::default());
            load::read_remote(inner, remote.as_ref(), state, keys, &mut patience).await
        }
        && let Some(Some(stored)) = read.entries.into_iter().next()
        && let Ok((entry, texts)) = StoredEntry::decode_with_texts(&stored.bytes, key)
    {
        let valid = state.admits_stored(&entry, &read.table.table);
        let age = inner.clock.wall().saturating_sub(entry.loaded_at);
        let endpoint = inner.endpoints.state(key.endpoint());
        let value = Value::from_stored(&entry, texts, endpoint, age, inner.clock.monotonic());
        found.push(details(inner, &value, Source::Remote, valid));
    }
    if let Some(value) = inner.local.get(key.as_bytes()) {
        let trusted = state.judge(&value, inner.trust(), || inner.clock.monotonic());
        found.insert(
            0,
            details(inner, &value, Source::Local, trusted == Judgement::Valid),
        );
    }
    found
}

fn details(inner: &Inner, value: &Value, tier: Source, valid: bool) -> EntryDetails {
    EntryDetails {
        tier,
        valid,
        age: value.age(inner.clock.monotonic()),
        lifetime: value.lifetime(),
        incarnation: value.stamp().stamp.incarnation,
        generation: value.stamp().stamp.generation,
        tags: value.labels.tags().clone(),
        negative: value.negative,
        content_type: value.labels.content_type().to_owned(),
        body: value.body_shared(),
    }
}
