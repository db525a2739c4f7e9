//! What a flight does: read the remote tier, ask the origin, fill both tiers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use tenantcache_core::{DecodeError, Freshness, Key, StoredEntry, Table, Tags};

use crate::answer::{Answer, Source, Status};
use crate::cache::Inner;
use crate::flight::{Found, Landing, Pilot};
use crate::loaded::{BoxLoader, LoadContext, Loaded};
use crate::mirror::TenantState;
use crate::read::{Look, Request};
use crate::remote::{Fill, Remote, RemoteEntry, RemoteError, RemoteErrorKind, RemoteRead};
use crate::value::{LoadStamp, RefreshBackoff, Value};
use crate::{Error, ErrorKind};

/// Begins the flight, detached from its caller.
pub(crate) fn begin(inner: &Arc<Inner>, request: &Request, loader: BoxLoader, pilot: Pilot) {
    let (inner, request) = (Arc::clone(inner), request.clone());
    tokio::spawn(async move {
        let landing = fly(&inner, &request, loader, &pilot).await;
        pilot.land(landing);
    });
}

async fn fly(inner: &Inner, request: &Request, loader: BoxLoader, pilot: &Pilot) -> Landing {
    let read = match &inner.remote {
        Some(remote) => Some(read_entry(inner, remote.as_ref(), request).await),
        None => None,
    };
    let remote_down = matches!(read, Some(Err(_)));
    let found = if request.reload {
        None
    } else {
        find(inner, request, remote_down, read)
    };
    let stale = match found {
        Some((Freshness::Fresh, found)) => return Landing::Found { found, remote_down },
        Some((_, stale)) => Some(stale),
        None => None,
    };
    let now = inner.clock.monotonic();
    let stamp = request
        .state
        .stamp(inner.remote.is_none(), inner.sequence(), now);
    pilot.loading(stamp, stale.clone());
    if stale.is_none() {
        tracing::info!("Cache MISS: {}", request.key);
    }
    match load(request, loader).await {
        Ok(loaded) => {
            let (store, ttl) = (loaded.store, chosen_ttl(request, &loaded));
            let value = Arc::new(to_value(request, loaded, stamp, now));
            let stored = store && keep(inner, request, &value, ttl).await;
            prove(inner, &request.state).await;
            Landing::Loaded {
                value,
                stored,
                remote_down,
            }
        }
        Err(error) => {
            if let Some(stale) = stale {
                stale.value.refresh.failed(inner.clock.monotonic());
            }
            prove(inner, &request.state).await;
            Landing::Failed(error)
        }
    }
}

/// The better of what the two tiers have, now that the table was read: a fresh one, else the one loaded later.
fn find(
    inner: &Inner,
    request: &Request,
    remote_down: bool,
    read: Option<Result<Option<Arc<Value>>, RemoteError>>,
) -> Option<(Freshness, Found)> {
    let trust = if remote_down {
        inner.trust_in_outage()
    } else {
        inner.trust()
    };
    let local = match inner.look(request, trust) {
        Look::Fresh(value) | Look::Stale(value) => Some(Found {
            value,
            source: Source::Local,
        }),
        Look::Nothing => None,
    };
    let remote = read.and_then(Result::ok).flatten();
    let remote = remote.map(|value| Found {
        value,
        source: Source::Remote,
    });
    let better = match (local, remote) {
        // What was just taken up from the remote tier stands in the local one by now.
        (Some(local), Some(remote)) if Arc::ptr_eq(&local.value, &remote.value) => remote,
        (Some(local), Some(remote)) if remote.value.loaded_at > local.value.loaded_at => remote,
        (Some(local), _) => local,
        (None, remote) => remote?,
    };
    match better.value.freshness(inner.clock.monotonic()) {
        Freshness::Expired => None,
        freshness => Some((freshness, better)),
    }
}

/// Reads the tenant's table and the entry, and takes the entry up if it is valid.
async fn read_entry(
    inner: &Inner,
    remote: &dyn Remote,
    request: &Request,
) -> Result<Option<Arc<Value>>, RemoteError> {
    let keys = std::slice::from_ref(&request.key);
    let read = read_remote(inner, remote, &request.state, keys).await?;
    let stored = read.entries.into_iter().next().flatten();
    Ok(stored.and_then(|stored| promote(inner, &request.state, &request.key, stored, &read.table)))
}

/// Reads the tenant's table, and installs it in the mirror, and entries with it.
pub(crate) async fn read_remote(
    inner: &Inner,
    remote: &dyn Remote,
    state: &TenantState,
    keys: &[Key],
) -> Result<RemoteRead, RemoteError> {
    let sent_at = inner.clock.monotonic();
    let read = remote.read(&state.id, keys).await.inspect_err(|error| {
        if error.kind() != RemoteErrorKind::Down {
            inner.counters.remote_errors.fetch_add(1, Ordering::Relaxed);
        }
    })?;
    state.install(&read.table, sent_at, inner.clock.monotonic());
    Ok(read)
}

/// Reads the tenant's table if there is a remote tier. A failure leaves the mirror as it is.
pub(crate) async fn read_table(inner: &Inner, state: &TenantState) {
    if let Some(remote) = &inner.remote {
        let _failure_is_counted = read_remote(inner, remote.as_ref(), state, &[]).await;
    }
}

/// Reads the table unless the mirror is proven current: what a load that took long brings is judged by a table that is as
/// current as that of a hit, and so is the stale value that stands in for it.
pub(crate) async fn prove(inner: &Inner, state: &TenantState) {
    let bound = inner.trust().coherence_bound;
    if inner.remote_up() && !state.is_proven(bound, inner.clock.monotonic()) {
        read_table(inner, state).await;
    }
}

/// Reads the table again in the background when trust in it is half over, so that tenants in use never wait for it.
pub(crate) fn reread_if_due(inner: &Arc<Inner>, state: &Arc<TenantState>) {
    let now = inner.clock.monotonic();
    if inner.remote_up() && state.reread_due(inner.trust().coherence_bound, now) {
        let (inner, state) = (Arc::clone(inner), Arc::clone(state));
        tokio::spawn(async move {
            read_table(&inner, &state).await;
            state.reread_ended();
        });
    }
}

/// Takes an entry of the remote tier up into the local one, if it is sound, valid by the table read with it and by the
/// mirror as it is now, and not expired.
///
/// Its age is the greater of what two clocks say: the loading node's wall clock, and the time the remote tier will keep
/// it yet. So a clock that is wrong makes an entry old, never young.
pub(crate) fn promote(
    inner: &Inner,
    state: &TenantState,
    key: &Key,
    stored: RemoteEntry,
    table: &Table,
) -> Option<Arc<Value>> {
    let entry = match StoredEntry::decode(&stored.bytes, key) {
        Ok(entry) => entry,
        Err(error) => {
            inner.counters.unusable(error);
            if error == DecodeError::Foreign {
                tracing::error!(%key, "The remote tier gave an entry of another key; dropped");
            }
            return None;
        }
    };
    let by_wall = inner.clock.wall().saturating_sub(entry.loaded_at);
    let by_remaining = stored.remaining.map_or(Duration::ZERO, |remaining| {
        entry.lifetime.hard.saturating_sub(remaining)
    });
    let valid_as_read = state.admits_stored(&entry, table);
    let value = Value::from_stored(entry, by_wall.max(by_remaining), inner.clock.monotonic());
    if !valid_as_read || !state.admits(value.stamp, &value.key, &value.tags) {
        inner
            .counters
            .promotions_refused
            .fetch_add(1, Ordering::Relaxed);
        return None;
    }
    if value.freshness(inner.clock.monotonic()) == Freshness::Expired {
        return None;
    }
    let value = Arc::new(value);
    keep_locally(inner, state, &value);
    Some(value)
}

/// Runs the loader within the policy's time-out.
async fn load(request: &Request, loader: BoxLoader) -> Result<Loaded, Error> {
    request.counters.loads.fetch_add(1, Ordering::Relaxed);
    let context = LoadContext {
        key: request.key.clone(),
    };
    let load = AssertUnwindSafe(async move { loader(context).await }).catch_unwind();
    let loaded = match tokio::time::timeout(request.policy.load_timeout(), load).await {
        Ok(Ok(Ok(loaded))) => return Ok(loaded),
        Ok(Ok(Err(error))) => Error::with_source(ErrorKind::LoadFailed, error),
        Ok(Err(_panic)) => Error::new(ErrorKind::LoadPanicked),
        Err(_elapsed) => Error::new(ErrorKind::LoadTimedOut),
    };
    request
        .counters
        .loads_failed
        .fetch_add(1, Ordering::Relaxed);
    tracing::warn!(key = %request.key, error = %loaded, "Load failed");
    Err(loaded)
}

/// Stores a loaded value in both tiers, unless something that covers it was invalidated since its load began: then it
/// goes into none.
pub(crate) async fn keep(
    inner: &Inner,
    request: &Request,
    value: &Arc<Value>,
    ttl: Duration,
) -> bool {
    if value.lifetime.hard.is_zero() {
        return false;
    }
    let filled = match &inner.remote {
        Some(remote) if value.stamp.shared => fill(inner, remote.as_ref(), value).await,
        _ => None,
    };
    let outdated = !request.state.admits(value.stamp, &value.key, &value.tags);
    if filled == Some(Fill::Refused) || outdated {
        inner.counters.fills_refused.fetch_add(1, Ordering::Relaxed);
        return false;
    }
    let kept = keep_locally(inner, &request.state, value) || filled == Some(Fill::Stored);
    if kept {
        tracing::info!("Cache SET: {} (TTL: {}s)", value.key, ttl.as_secs());
    }
    kept
}

fn keep_locally(inner: &Inner, state: &TenantState, value: &Arc<Value>) -> bool {
    inner.local.insert(value, |known| {
        state.admits(known.stamp, &known.key, &known.tags)
    })
}

async fn fill(inner: &Inner, remote: &dyn Remote, value: &Value) -> Option<Fill> {
    let stored = value.to_stored(inner.clock.wall(), inner.clock.monotonic());
    match remote.fill(&stored).await {
        Ok(fill) => Some(fill),
        Err(error) => {
            if error.kind() != RemoteErrorKind::Down {
                inner.counters.remote_errors.fetch_add(1, Ordering::Relaxed);
            }
            None
        }
    }
}

/// A request while the cache is switched off.
pub(crate) async fn bypass(
    inner: &Inner,
    request: &Request,
    loader: BoxLoader,
) -> Result<Answer, Error> {
    let now = inner.clock.monotonic();
    let stamp = request.state.stamp(true, inner.sequence(), now);
    let loaded = load(request, loader).await?;
    let value = Arc::new(to_value(request, loaded, stamp, now));
    Ok(inner.answer(value, Status::Bypass, Source::Origin))
}

/// The soft TTL before jitter: the loader's choice, else the policy's.
pub(crate) fn chosen_ttl(request: &Request, loaded: &Loaded) -> Duration {
    if loaded.negative {
        request.policy.negative_ttl()
    } else {
        loaded.ttl.unwrap_or(request.policy.soft_ttl())
    }
}

pub(crate) fn to_value(
    request: &Request,
    loaded: Loaded,
    stamp: LoadStamp,
    loaded_at: Duration,
) -> Value {
    let tags = match loaded.tags {
        Tags::Known(tags) => tags.iter().chain(&request.tags).cloned().collect(),
        Tags::Unknown => Tags::Unknown,
    };
    let random = fastrand::u64(..);
    let lifetime = if loaded.negative {
        request.policy.lifetime_negative(random)
    } else {
        request.policy.lifetime(loaded.ttl, random)
    };
    Value {
        key: request.key.clone(),
        stamp,
        loaded_at,
        lifetime,
        tags,
        negative: loaded.negative,
        content_type: loaded.content_type,
        body_hash: StoredEntry::hash_body(&loaded.body),
        body: loaded.body,
        refresh: RefreshBackoff::default(),
    }
}

#[cfg(test)]
mod tests;
