//! What a flight does: read the remote tier, ask the origin, fill both tiers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tenantcache_core::{DecodeError, Freshness, Key, StoredEntry, Table, Tags};
use tracing::Instrument as _;

use crate::Error;
use crate::answer::Source;
use crate::cache::Inner;
use crate::flight::{Found, Landing, Pilot};
use crate::labels::Labels;
use crate::lease::{self, HeldLease, LookedUp};
use crate::loaded::{BoxLoader, Loaded};
use crate::mirror::{News, TenantState, Trust};
use crate::nesting::Chain;
use crate::origin;
use crate::patience::Patience;
use crate::read::{Look, Request};
use crate::remote::{Fill, Remote, RemoteEntry, RemoteError, RemoteRead, RemoteTable};
use crate::value::{Facts, LoadStamp, Value, millis};

/// Begins the flight, detached from its caller, who has found a stored entry with the head `seen` wanting.
pub(crate) fn begin(
    inner: &Arc<Inner>,
    request: &Request,
    loader: BoxLoader,
    pilot: Pilot,
    patience: Patience,
    seen: Vec<u8>,
) {
    let (inner, request) = (Arc::clone(inner), request.clone());
    let outer = Chain::current();
    // For those who collect traces: without this, what a flight does would belong to nobody's request.
    let span =
        tracing::trace_span!(target: "traces", "flight", cache.endpoint = request.key.endpoint());
    let flight = async move {
        let landing = fly(&inner, &request, loader, outer, &pilot, patience, seen).await;
        pilot.land(landing);
    };
    tokio::spawn(flight.instrument(span));
}

async fn fly(
    inner: &Arc<Inner>,
    request: &Request,
    loader: BoxLoader,
    outer: Option<Arc<Chain>>,
    pilot: &Pilot,
    mut patience: Patience,
    seen: Vec<u8>,
) -> Landing {
    let looked = match &inner.remote {
        Some(remote) => {
            let remote = remote.as_ref();
            lease::look_up(inner, remote, request, pilot, &mut patience, seen).await
        }
        None => LookedUp::new(request, find(inner, request, false, None), None, false),
    };
    let LookedUp {
        found,
        lease,
        remote_down,
    } = looked;
    let stale = match found {
        Some((Freshness::Fresh, found)) => return Landing::Found { found, remote_down },
        Some((_, stale)) => Some(stale),
        None => None,
    };
    let (turn, deadline) = request.deadlines();
    let loaded = async {
        // Nobody needs to wait for a turn while there is something to serve.
        let _permit =
            origin::admit(inner, request, outer.as_deref(), turn, stale.is_none()).await?;
        let now = inner.clock.monotonic();
        let stamp = request
            .state
            .stamp(inner.remote.is_none(), inner.sequence(), now);
        pilot.loading(stamp, stale.clone());
        if stale.is_none() {
            tracing::info!("Cache MISS: {}", request.key);
        }
        let loaded = origin::load(inner, request, loader, outer, deadline).await?;
        Ok::<_, Error>((loaded, stamp, now))
    };
    match loaded.await {
        Ok::<_, Error>((loaded, stamp, now)) => {
            let (store, ttl) = (loaded.store, chosen_ttl(request, &loaded));
            let value = to_value(inner, request, loaded, stamp, now);
            let stored =
                store && keep(inner, request, &value, ttl, lease.as_ref(), &mut patience).await;
            if let Some(lease) = lease {
                lease.end(inner);
            }
            prove(inner, &request.state, &mut patience).await;
            Landing::Loaded {
                value,
                stored,
                remote_down,
            }
        }
        Err(error) => {
            if let Some(stale) = stale {
                let now = inner.clock.monotonic();
                stale.value.refresh.failed(now, error.retry_after());
            }
            if let Some(lease) = lease {
                lease.end(inner);
            }
            prove(inner, &request.state, &mut patience).await;
            Landing::Failed(error)
        }
    }
}

/// The better of what the two tiers have, now that the table was read: a fresh one, else the one loaded later.
pub(crate) fn find(
    inner: &Inner,
    request: &Request,
    remote_down: bool,
    remote: Option<Value>,
) -> Option<(Freshness, Found)> {
    let trust = if remote_down {
        inner.trust_in_outage()
    } else {
        inner.trust()
    };
    let local = match inner.look(request, trust) {
        Look::Found(_, value) => Some(Found {
            value,
            source: Source::Local,
        }),
        Look::Nothing | Look::Unproven => None,
    };
    let remote = remote.map(|value| Found {
        value,
        source: Source::Remote,
    });
    let better = match (local, remote) {
        // What was just taken up from the remote tier stands in the local one by now.
        (Some(local), Some(remote)) if local.value.is(&remote.value) => remote,
        (Some(local), Some(remote)) if remote.value.loaded_at > local.value.loaded_at => remote,
        (Some(local), _) => local,
        (None, remote) => remote?,
    };
    match better.value.freshness(inner.clock.monotonic()) {
        Freshness::Expired => None,
        freshness => Some((freshness, better)),
    }
}

/// Reads the tenant's table, and installs it in the mirror, and entries with it.
pub(crate) async fn read_remote(
    inner: &Arc<Inner>,
    remote: &dyn Remote,
    state: &Arc<TenantState>,
    keys: &[Key],
    patience: &mut Patience,
) -> Result<RemoteRead, RemoteError> {
    let known = state.shared_table();
    let read = async {
        match &known {
            Some(known) => remote.read_known(&state.id, keys, known).await,
            None => remote.read(&state.id, keys).await,
        }
    };
    let sent_at = inner.clock.monotonic();
    let read = patience.wait_for(read).await;
    let read = read.inspect_err(|error| inner.counters.remote_failed(error))?;
    inner.learn(state, &read.table, sent_at);
    Ok(read)
}

impl Inner {
    /// Takes note of a table that the remote tier gave to a request sent at `sent_at`.
    pub(crate) fn learn(
        self: &Arc<Self>,
        state: &Arc<TenantState>,
        read: &RemoteTable,
        sent_at: Duration,
    ) {
        // Whatever the shared tier may have forgotten is judged before anything that it gave.
        self.heed_history(read.history);
        let now = self.clock.monotonic();
        let news = state.install(&read.table, sent_at, now);
        if let (News::Newer, Some(ago)) = (news, read.invalidated_ago) {
            self.counters.lag.observe(ago + now.saturating_sub(sent_at));
        }
        if let Some(made) = read.made {
            self.counters.table_made(made, news == News::Other);
        }
    }
}

/// Reads the tenant's table if there is a remote tier, and gives whether it was. A failure leaves the mirror as it is.
pub(crate) async fn read_table(
    inner: &Arc<Inner>,
    state: &Arc<TenantState>,
    patience: &mut Patience,
) -> bool {
    match &inner.remote {
        Some(remote) => read_remote(inner, remote.as_ref(), state, &[], patience)
            .await
            .is_ok(),
        None => false,
    }
}

/// Reads the table unless the mirror is proven current: what a load that took long brings is judged by a table that is as
/// current as that of a hit, and so is the stale value that stands in for it.
pub(crate) async fn prove(inner: &Arc<Inner>, state: &Arc<TenantState>, patience: &mut Patience) {
    if inner.remote_up() && !state.is_proven(inner.trust(), inner.clock.monotonic()) {
        read_table(inner, state, patience).await;
    }
}

/// Reads the table again in the background when trust in it is half over, so that tenants in use never wait for it.
pub(crate) fn reread_if_due(
    inner: &Arc<Inner>,
    state: &Arc<TenantState>,
    trust: Trust,
    now: Duration,
) {
    let is_up = inner.remote.is_some() && trust.outage_ttl.is_none();
    if is_up && state.is_reread_due(trust, now) {
        reread(inner, state);
    }
}

/// The same for somebody who wants to be told of changes, and so needs a mirror to begin with.
pub(crate) fn reread_for_subscriber(inner: &Arc<Inner>, state: &Arc<TenantState>) {
    if inner.remote_up() && !state.is_shared() {
        reread(inner, state);
    } else {
        reread_if_due(inner, state, inner.trust(), inner.clock.monotonic());
    }
}

/// Reads the table in the background, and once more if it was doubted meanwhile.
pub(crate) fn reread(inner: &Arc<Inner>, state: &Arc<TenantState>) {
    if !state.begin_reread() {
        return;
    }
    let (inner, state) = (Arc::clone(inner), Arc::clone(state));
    tokio::spawn(async move {
        loop {
            let told_at = state.told_at(inner.trust());
            let read = read_table(&inner, &state, &mut Patience::default()).await;
            state.reread_ended();
            // A doubt that came during the read found it under way.
            let told_since = state.told_at(inner.trust()) > told_at;
            if !(read && told_since && state.begin_reread()) {
                return;
            }
        }
    });
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
) -> Option<Value> {
    let endpoint = inner.endpoints.state(key.endpoint());
    let schema = endpoint.policy.schema();
    let decoded = match StoredEntry::decode_with_texts(&stored.bytes, key) {
        Ok((entry, _)) if entry.schema != schema => Err(DecodeError::OtherSchema),
        decoded => decoded,
    };
    let (entry, texts) = match decoded {
        Ok(decoded) => decoded,
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
    let (age, now) = (by_wall.max(by_remaining), inner.clock.monotonic());
    let value = Value::from_stored(&entry, texts, endpoint, age, now);
    if !valid_as_read || !state.admits_value(&value) {
        inner
            .counters
            .promotions_refused
            .fetch_add(1, Ordering::Relaxed);
        return None;
    }
    if value.freshness(now) == Freshness::Expired {
        return None;
    }
    keep_locally(inner, state, &value);
    Some(value)
}

/// Stores a loaded value in both tiers, unless something that covers it was invalidated since its load began: then it
/// goes into none.
pub(crate) async fn keep(
    inner: &Inner,
    request: &Request,
    value: &Value,
    ttl: Duration,
    lease: Option<&HeldLease>,
    patience: &mut Patience,
) -> bool {
    if value.lifetime().hard.is_zero() {
        return false;
    }
    let filled = match &inner.remote {
        Some(remote) if value.stamp().shared => {
            let stored = value.to_stored(request.policy().schema());
            fill(inner, remote.as_ref(), &stored, lease, patience).await
        }
        _ => None,
    };
    let outdated = !request.state.admits_value(value);
    if filled == Some(Fill::Refused) || outdated {
        inner.counters.fills_refused.fetch_add(1, Ordering::Relaxed);
        return false;
    }
    let kept = keep_locally(inner, &request.state, value) || filled == Some(Fill::Stored);
    if kept {
        tracing::info!("Cache SET: {} (TTL: {}s)", value.key(), ttl.as_secs());
    }
    kept
}

fn keep_locally(inner: &Inner, state: &TenantState, value: &Value) -> bool {
    inner.local.insert(value, |known| state.admits_value(known))
}

async fn fill(
    inner: &Inner,
    remote: &dyn Remote,
    stored: &StoredEntry,
    lease: Option<&HeldLease>,
    patience: &mut Patience,
) -> Option<Fill> {
    let filled = patience
        .wait_for(remote.fill(stored, lease.map(HeldLease::token)))
        .await;
    if let (Ok(_), Some(lease)) = (&filled, lease) {
        lease.ended_by_fill();
    }
    filled
        .inspect_err(|error| inner.counters.remote_failed(error))
        .ok()
}

/// The soft TTL before jitter: the loader's choice, else the policy's.
pub(crate) fn chosen_ttl(request: &Request, loaded: &Loaded) -> Duration {
    if loaded.negative {
        request.policy().negative_ttl()
    } else {
        loaded.ttl.unwrap_or(request.policy().soft_ttl())
    }
}

pub(crate) fn to_value(
    inner: &Inner,
    request: &Request,
    loaded: Loaded,
    stamp: LoadStamp,
    loaded_at: Duration,
) -> Value {
    let tags = match loaded.tags {
        Tags::Known(tags) => tags.iter().chain(&request.tags).cloned().collect(),
        Tags::Unknown => Tags::Unknown,
    };
    let age = inner.clock.monotonic().saturating_sub(loaded_at);
    let random = fastrand::u64(..);
    let lifetime = if loaded.negative {
        request.policy().lifetime_negative(random)
    } else {
        request.policy().lifetime(loaded.ttl, random)
    };
    let facts = Facts {
        stamp,
        loaded_at,
        loaded_at_wall_ms: millis(inner.clock.wall().saturating_sub(age)),
        lifetime,
        labels: Labels::new(tags, &loaded.content_type),
        negative: loaded.negative,
        body_hash: StoredEntry::hash_body(&loaded.body),
        endpoint: Arc::clone(&request.endpoint),
    };
    Value::new(&request.key, &loaded.body, facts)
}

#[cfg(test)]
mod tests;
