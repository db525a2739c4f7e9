//! Who loads a key, over all nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tenantcache_core::{Freshness, Key, StoredEntry};

use crate::cache::Inner;
use crate::flight::{Found, Pilot};
use crate::load;
use crate::patience::Patience;
use crate::read::Request;
use crate::remote::{Claim, Claimed, Lease, LeaseToken, Remote, RemoteError, RemoteErrorKind};

/// A lease outlives the longest load by this, so that only that of a holder that died is ever taken over.
const MARGIN: Duration = Duration::from_millis(250);
/// The pauses between two looks whether the holder of a lease has filled the entry.
const POLL_MIN: Duration = Duration::from_millis(4);
const POLL_MAX: Duration = Duration::from_millis(40);

/// What a flight found before it asks the origin.
pub(crate) struct LookedUp {
    pub(crate) found: Option<(Freshness, Found)>,
    pub(crate) lease: Option<HeldLease>,
    pub(crate) remote_down: bool,
}

impl LookedUp {
    /// Whoever wants a new load has found nothing.
    pub(crate) fn new(
        request: &Request,
        found: Option<(Freshness, Found)>,
        lease: Option<HeldLease>,
        remote_down: bool,
    ) -> Self {
        Self {
            found: found.filter(|_| !request.reload),
            lease,
            remote_down,
        }
    }
}

/// The right to load a key, on behalf of all nodes. It ends with the fill, by [`HeldLease::end`], or by time.
pub(crate) struct HeldLease {
    key: Key,
    token: LeaseToken,
    ttl: Duration,
    ended: AtomicBool,
}

impl HeldLease {
    pub(crate) fn token(&self) -> LeaseToken {
        self.token
    }

    /// A fill that was stored or refused ends the lease, too.
    pub(crate) fn ended_by_fill(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Lets the other nodes load at once, unless they need not wait any more. Nobody waits for that here, and a connection
    /// that is lost just now does not hold the others up for longer than it takes to connect again.
    pub(crate) fn end(self, inner: &Arc<Inner>) {
        if self.ended.load(Ordering::Relaxed) {
            return;
        }
        let inner = Arc::clone(inner);
        tokio::spawn(async move {
            let Some(remote) = &inner.remote else { return };
            let mut health = remote.health();
            let release = async {
                while remote.release(&self.key, self.token).await.is_err() {
                    tokio::time::sleep(POLL_MAX).await;
                    let up = health.wait_for(|health| health.state.is_usable());
                    if up.await.is_err() {
                        return;
                    }
                }
            };
            let _ended_by_time = tokio::time::timeout(self.ttl, release).await;
        });
    }
}

/// Reads the entry from the remote tier until it is good, or nobody else is loading it. A value within grace is shown to
/// the flight's waiters meanwhile.
pub(crate) async fn look_up(
    inner: &Arc<Inner>,
    remote: &dyn Remote,
    request: &Request,
    pilot: &Pilot,
    patience: &mut Patience,
    mut seen: Vec<u8>,
) -> LookedUp {
    let lease_ttl = request.policy().load_timeout() + MARGIN;
    let give_up_at = inner.clock.monotonic() + lease_ttl;
    let mut taken_up = None;
    let mut poll = POLL_MIN;
    loop {
        let token = LeaseToken {
            node: inner.node,
            number: fastrand::u64(..),
        };
        let claim = Claim {
            key: &request.key,
            tags: &request.tags,
            seen: &seen,
            lease: token,
            lease_ttl,
            force: request.reload,
        };
        let held = || HeldLease {
            key: request.key.clone(),
            token,
            ttl: lease_ttl,
            ended: AtomicBool::new(false),
        };
        let claimed = match claim_now(inner, remote, request, claim, patience).await {
            Ok(claimed) => claimed,
            Err(error) => {
                let found = load::find(inner, request, true, taken_up);
                // The lease may have been taken although the answer was lost; the fill ends it.
                let lease = (error.kind() != RemoteErrorKind::Down).then(held);
                return LookedUp::new(request, found, lease, true);
            }
        };
        match claimed.lease {
            Lease::Another(stored) => {
                seen = StoredEntry::head(&stored.bytes).to_vec();
                let table = &claimed.table.table;
                taken_up = load::promote(inner, &request.state, &request.key, stored, table);
                let found = load::find(inner, request, false, taken_up.clone());
                if let Some((Freshness::Fresh, _)) = found {
                    return LookedUp::new(request, found, None, false);
                }
                pilot.looking(found.map(|(_, stale)| stale));
            }
            Lease::Held(remaining) if inner.clock.monotonic() < give_up_at => {
                let found = load::find(inner, request, false, taken_up.clone());
                if let Some((Freshness::Fresh, _)) = found {
                    return LookedUp::new(request, found, None, false);
                }
                inner.counters.lease_waits.fetch_add(1, Ordering::Relaxed);
                pilot.looking(found.map(|(_, stale)| stale));
                tokio::time::sleep(poll.min(remaining).max(POLL_MIN)).await;
                poll = (poll * 3 / 2).min(POLL_MAX);
            }
            Lease::Held(_) => {
                let found = load::find(inner, request, false, taken_up);
                return LookedUp::new(request, found, None, false);
            }
            Lease::Taken => {
                let lease = held();
                let found = load::find(inner, request, false, taken_up);
                if let Some((Freshness::Fresh, _)) = found
                    && !request.reload
                {
                    lease.end(inner);
                    return LookedUp::new(request, found, None, false);
                }
                return LookedUp::new(request, found, Some(lease), false);
            }
        }
    }
}

async fn claim_now(
    inner: &Arc<Inner>,
    remote: &dyn Remote,
    request: &Request,
    claim: Claim<'_>,
    patience: &mut Patience,
) -> Result<Claimed, RemoteError> {
    let sent_at = inner.clock.monotonic();
    let claimed = patience.wait_for(remote.claim(claim)).await;
    let claimed = claimed.inspect_err(|error| inner.counters.remote_failed(error))?;
    inner.learn(&request.state, &claimed.table, sent_at);
    Ok(claimed)
}
