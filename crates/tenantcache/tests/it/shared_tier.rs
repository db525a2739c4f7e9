//! A remote tier in memory, which can be away, lose answers, and lose tables.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tenantcache::clock::{Clock, ManualClock};
use tenantcache::core::{Stamp, StoredEntry, Table};
use tenantcache::remote::{
    Claim, Claimed, Durability, Fill, Health, HealthState, History, Lease, LeaseToken, Notice,
    Remote, RemoteEntry, RemoteError, RemoteErrorKind, RemoteInvalidated, RemoteRead, RemoteTable,
    RemoteUsage,
};
use tenantcache::{
    Cache, Invalidation, Key, Policy, PolicyTable, Scope, Source, Status, TenantId,
    random_incarnation,
};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use crate::support::{
    Origin, came, endpoint, policy, read_held, seconds, settle, status, tenant, text,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing is sent.
    Away,
    /// What is sent is done, but no answer arrives.
    Mute,
    Well,
}

#[derive(Debug)]
pub(crate) struct SharedTier {
    clock: ManualClock,
    mode: Mutex<Mode>,
    health: watch::Sender<Health>,
    stored: Mutex<Stored>,
    notices: broadcast::Sender<Notice>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    tables: HashMap<TenantId, Table>,
    entries: HashMap<Key, (Bytes, Duration)>,
    /// They end by the runtime's clock, as waiters wait.
    leases: HashMap<Key, (LeaseToken, Stamp, Instant)>,
    /// Which history the tier writes.
    history: u64,
}

/// A node with this tier, on this clock.
pub(crate) fn node(tier: &Arc<SharedTier>, clock: &ManualClock, policy: Policy) -> Cache {
    let builder = Cache::builder()
        .with_clock(clock.clone())
        .with_policies(PolicyTable::uniform(policy));
    builder
        .with_remote(Arc::clone(tier) as Arc<dyn Remote>)
        .build()
        .unwrap()
}

impl SharedTier {
    pub(crate) fn new(clock: &ManualClock) -> Arc<Self> {
        let up = Health {
            state: HealthState::Up,
            since: Duration::ZERO,
            cause: None,
        };
        Arc::new(Self {
            clock: clock.clone(),
            mode: Mutex::new(Mode::Well),
            health: watch::Sender::new(up),
            stored: Mutex::default(),
            notices: broadcast::Sender::new(64),
        })
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.mode.lock() = mode;
        let state = match mode {
            Mode::Away => HealthState::Down,
            Mode::Mute | Mode::Well => HealthState::Up,
        };
        self.health.send_modify(|health| health.state = state);
    }

    pub(crate) fn lose_tables(&self) {
        self.stored.lock().tables.clear();
    }

    pub(crate) fn tell(&self, notice: Notice) {
        let _ = self.notices.send(notice);
    }

    /// A copy of everything, to come back to.
    pub(crate) fn snapshot(&self) -> Stored {
        self.stored.lock().clone()
    }

    /// Comes back to an earlier state under another history, as a failover that lost writes does.
    pub(crate) fn roll_back(&self, earlier: Stored) {
        let mut stored = self.stored.lock();
        let history = stored.history + 1;
        *stored = Stored {
            history,
            tables: HashMap::new(),
            ..earlier
        };
    }

    /// Does at once what is asked, and lets the answer arrive later.
    fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Stored) -> T,
    ) -> BoxFuture<'static, Result<T, RemoteError>> {
        let mode = *self.mode.lock();
        let result = match mode {
            Mode::Away => Err(RemoteErrorKind::Down),
            Mode::Mute => {
                let _lost = act(&mut self.stored.lock());
                Err(RemoteErrorKind::TimedOut)
            }
            Mode::Well => Ok(act(&mut self.stored.lock())),
        };
        Box::pin(async move {
            if mode != Mode::Away {
                tokio::task::yield_now().await;
            }
            result.map_err(RemoteError::new)
        })
    }
}

impl Stored {
    fn table(&mut self, tenant: &TenantId) -> &mut Table {
        let made = || Table::new(random_incarnation());
        self.tables.entry(tenant.clone()).or_insert_with(made)
    }
}

impl Stored {
    fn read(&mut self, tenant: &TenantId) -> RemoteTable {
        RemoteTable {
            table: self.table(tenant).clone().into(),
            history: History(self.history + 1),
            made: None,
            invalidated_ago: None,
        }
    }

    fn entry(&self, key: &Key, now: Duration) -> Option<RemoteEntry> {
        let (bytes, until) = self.entries.get(key)?;
        let remaining = until.checked_sub(now).filter(|left| !left.is_zero())?;
        Some(RemoteEntry {
            bytes: bytes.clone(),
            remaining: Some(remaining),
        })
    }
}

impl Remote for SharedTier {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<RemoteRead, RemoteError>> {
        let now = self.clock.monotonic();
        self.run(|stored| RemoteRead {
            table: stored.read(tenant),
            entries: keys.iter().map(|key| stored.entry(key, now)).collect(),
        })
    }

    fn claim<'a>(&'a self, claim: Claim<'a>) -> BoxFuture<'a, Result<Claimed, RemoteError>> {
        let now = self.clock.monotonic();
        self.run(|stored| {
            let tenant = TenantId::new(claim.key.tenant()).unwrap();
            let table = stored.read(&tenant);
            if let Some(entry) = stored.entry(claim.key, now)
                && !claim.force
                && StoredEntry::head(&entry.bytes) != claim.seen
            {
                let lease = Lease::Another(entry);
                return Claimed { table, lease };
            }
            let tags = claim.tags.iter().cloned().collect();
            if let Some((held, stamp, until)) = stored.leases.get(claim.key)
                && !claim.force
                && held.node != claim.lease.node
                && *until > Instant::now()
                && table.table.admits(*stamp, claim.key, &tags)
            {
                let lease = Lease::Held(*until - Instant::now());
                return Claimed { table, lease };
            }
            let until = Instant::now() + claim.lease_ttl;
            let held = (claim.lease, table.table.stamp(), until);
            stored.leases.insert(claim.key.clone(), held);
            let lease = Lease::Taken;
            Claimed { table, lease }
        })
    }

    fn fill<'a>(
        &'a self,
        entry: &'a StoredEntry,
        lease: Option<LeaseToken>,
    ) -> BoxFuture<'a, Result<Fill, RemoteError>> {
        let now = self.clock.monotonic();
        self.run(|stored| {
            let held = stored.leases.get(&entry.key);
            let held = held.filter(|(_, _, until)| *until > Instant::now());
            let is_own = held.is_some_and(|(token, ..)| Some(*token) == lease);
            if held.is_some() && !is_own {
                return Fill::Refused;
            }
            stored.leases.remove(&entry.key);
            let tenant = TenantId::new(entry.key.tenant()).unwrap();
            if !stored
                .table(&tenant)
                .admits(entry.stamp, &entry.key, &entry.tags)
            {
                return Fill::Refused;
            }
            let bytes = entry.encode().unwrap();
            let until = now + entry.lifetime.hard;
            stored.entries.insert(entry.key.clone(), (bytes, until));
            Fill::Stored
        })
    }

    fn release<'a>(
        &'a self,
        key: &'a Key,
        lease: LeaseToken,
    ) -> BoxFuture<'a, Result<(), RemoteError>> {
        self.run(|stored| {
            if stored
                .leases
                .get(key)
                .is_some_and(|(token, ..)| *token == lease)
            {
                stored.leases.remove(key);
            }
        })
    }

    fn invalidate<'a>(
        &'a self,
        tenant: &'a TenantId,
        scopes: &'a [Scope],
        _durability: Durability,
    ) -> BoxFuture<'a, Result<RemoteInvalidated, RemoteError>> {
        self.run(|stored| {
            stored.table(tenant).invalidate(scopes.iter().cloned());
            RemoteInvalidated {
                table: stored.read(tenant),
                replicated: false,
            }
        })
    }

    fn invalidate_everything(&self) -> BoxFuture<'_, Result<(), RemoteError>> {
        self.run(|stored| stored.tables.clear())
    }

    fn recent<'a>(&'a self, _tenant: &'a TenantId) -> BoxFuture<'a, Result<Vec<Key>, RemoteError>> {
        self.run(|_| Vec::new())
    }

    fn usage(&self) -> Option<RemoteUsage> {
        None
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    fn is_notifying(&self) -> bool {
        false
    }
}

fn two_nodes() -> (Arc<SharedTier>, ManualClock, [Cache; 2]) {
    let clock = ManualClock::new();
    let tier = SharedTier::new(&clock);
    let node = || {
        let patient = policy().with_load_timeout_soft(seconds(2));
        let builder = Cache::builder()
            .with_clock(clock.clone())
            .with_policies(PolicyTable::uniform(patient));
        let remote = Arc::clone(&tier) as Arc<dyn Remote>;
        builder.with_remote(remote).build().unwrap()
    };
    let nodes = [node(), node()];
    (tier, clock, nodes)
}

fn entry(node: &Cache) -> tenantcache::EntryRef {
    tenant(node, "a").entry(&endpoint("products"))
}

async fn invalidate(node: &Cache) -> Invalidation {
    tenant(node, "a")
        .invalidate(&[Scope::Tenant])
        .await
        .unwrap()
}

/// A waiter joins a load while its node may still trust its mirror. By the time the load ends, that trust is long over,
/// and another node had invalidated before the waiter came.
#[tokio::test(start_paused = true)]
async fn a_value_refused_by_the_shared_tier_is_not_handed_to_late_waiters() {
    let (_tier, clock, [one, two]) = two_nodes();
    let (before, mut old) = read_held(entry(&one));
    old.begun().await;
    assert!(matches!(
        invalidate(&two).await,
        Invalidation::Applied { .. }
    ));
    clock.advance(seconds(1));
    let (after, mut new) = read_held(entry(&one));
    settle().await;
    clock.advance(seconds(4));
    old.give("old");
    assert_eq!(
        text(&before.await.unwrap().unwrap()),
        "old",
        "it came before"
    );
    new.begun().await;
    new.give("new");
    assert_eq!(text(&after.await.unwrap().unwrap()), "new");
}

/// The same, where no fill asks the shared tier.
#[tokio::test(start_paused = true)]
async fn a_value_that_is_not_stored_is_checked_too() {
    let (_tier, clock, [one, two]) = two_nodes();
    let (_before, mut old) = read_held(entry(&one));
    old.begun().await;
    let _ = invalidate(&two).await;
    clock.advance(seconds(1));
    let (after, mut new) = read_held(entry(&one));
    settle().await;
    clock.advance(seconds(4));
    old.end(Ok(tenantcache::Loaded::new("old").do_not_store()));
    new.begun().await;
    new.give("new");
    assert_eq!(text(&after.await.unwrap().unwrap()), "new");
}

/// An entry that was loaded while the shared tier was away is dead when it is back, and must not keep the shared one
/// from the local tier though it is younger.
#[tokio::test(start_paused = true)]
async fn a_dead_local_entry_does_not_block_a_promotion() {
    let (tier, clock, [one, two]) = two_nodes();
    let origin = Origin::default();
    let _ = origin.read(entry(&one)).await;
    tier.set(Mode::Away);
    clock.advance(seconds(1));
    assert_eq!(text(&origin.read(entry(&two)).await), "answer 2");
    tier.set(Mode::Well);
    clock.advance(seconds(1));
    let promoted = origin.read(entry(&two)).await;
    assert_eq!(came(promoted.outcome()), (Status::Hit, Source::Remote));
    let hit = origin.read(entry(&two)).await;
    assert_eq!(came(hit.outcome()), (Status::Hit, Source::Local));
    assert_eq!(text(&hit), "answer 1");
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_without_an_answer_is_queued_and_repeated() {
    let (tier, clock, [one, two]) = two_nodes();
    let origin = Origin::default();
    let _ = origin.read(entry(&one)).await;
    for (mode, pending) in [(Mode::Mute, 1), (Mode::Away, 1)] {
        tier.set(mode);
        assert_eq!(invalidate(&one).await, Invalidation::Queued);
        assert_eq!(one.pending_invalidations(), pending);
        assert_eq!(status(&origin.read(entry(&one)).await), Status::Miss);
        tier.set(Mode::Well);
        tokio::time::sleep(seconds(1)).await;
        assert_eq!(one.pending_invalidations(), 0);
        clock.advance(seconds(2));
        let _ = origin.read(entry(&two)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_what_was_queued_when_it_is_applied() {
    let clock = ManualClock::new();
    let tier = SharedTier::new(&clock);
    let told = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let observer = Arc::clone(&told);
    let node = Cache::builder()
        .with_clock(clock.clone())
        .with_remote(Arc::clone(&tier) as Arc<dyn Remote>)
        .with_replay_observer(move |tenant, scopes, generation| {
            let told = (tenant.to_string(), scopes.to_vec(), generation);
            observer.lock().push(told);
        })
        .build()
        .unwrap();
    tier.set(Mode::Away);
    assert_eq!(invalidate(&node).await, Invalidation::Queued);
    assert!(told.lock().is_empty(), "nothing is applied yet");
    tier.set(Mode::Well);
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(told.lock().len(), 1);
    let Invalidation::Applied { generation } = invalidate(&node).await else {
        panic!("the tier is well");
    };
    let (tenant, scopes, before) = told.lock()[0].clone();
    assert_eq!((tenant.as_str(), &scopes[..]), ("a", &[Scope::Tenant][..]));
    assert!(before < generation);
    assert_eq!(told.lock().len(), 1, "what is applied at once is no replay");
}

/// The load took longer than the mirror may be trusted: it is proven again before a stale value may stand in.
#[tokio::test(start_paused = true)]
async fn a_stale_value_stands_in_for_a_load_that_failed_slowly() {
    let (_tier, clock, [one, _]) = two_nodes();
    let origin = Origin::default();
    let _ = origin.read(entry(&one)).await;
    clock.advance(seconds(61));
    let (read, mut load) = read_held(entry(&one));
    load.begun().await;
    clock.advance(seconds(5));
    load.end(Err("the origin is slow, and down"));
    let answer = read.await.unwrap().unwrap();
    assert_eq!(
        (status(&answer), text(&answer)),
        (Status::StaleHit, "answer 1")
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_table_kills_its_entries() {
    let (tier, clock, [one, two]) = two_nodes();
    let origin = Origin::default();
    let _ = origin.read(entry(&one)).await;
    assert_eq!(status(&origin.read(entry(&two)).await), Status::Hit);
    tier.lose_tables();
    clock.advance(seconds(2));
    assert_eq!(status(&origin.read(entry(&one)).await), Status::Miss);
    assert_eq!(text(&origin.read(entry(&two)).await), "answer 2");
}

/// The mirror does not know of the other node's invalidation yet, and may still be trusted; the shared tier knows.
#[tokio::test(start_paused = true)]
async fn a_value_refused_by_the_shared_tier_goes_into_no_tier() {
    let (_tier, _clock, [one, two]) = two_nodes();
    let (before, mut old) = read_held(entry(&one));
    old.begun().await;
    let _ = invalidate(&two).await;
    old.give("old");
    assert!(!before.await.unwrap().unwrap().outcome().stored);
    for node in [&one, &two] {
        assert!(entry(node).get().await.unwrap().is_none());
        assert_eq!(node.local_usage().entries, 0);
    }
    assert_eq!(one.counters().fills_refused, 1);
}

/// A request waits with a stale value in hand, which another node had invalidated just before. By the end of the wait
/// this node must heed it.
#[tokio::test(start_paused = true)]
async fn a_stale_value_in_hand_is_judged_again_after_the_wait() {
    let (_tier, clock, [one, two]) = two_nodes();
    let origin = Origin::default();
    let _ = origin.read(entry(&one)).await;
    clock.advance(seconds(61));
    let _ = entry(&one).get().await.unwrap();
    let _ = invalidate(&two).await;
    let (read, mut load) = read_held(entry(&one));
    settle().await;
    clock.advance(seconds(2));
    tokio::time::sleep(seconds(3)).await;
    load.begun().await;
    assert!(!read.is_finished());
    load.give("new");
    assert_eq!(text(&read.await.unwrap().unwrap()), "new");
}

/// Whoever comes when the mirror is no longer trusted has it read first, and so begins a load of its own at once.
#[tokio::test(start_paused = true)]
async fn a_reader_does_not_wait_for_a_load_it_may_not_have() {
    let (_tier, clock, [one, two]) = two_nodes();
    let (_before, mut old) = read_held(entry(&one));
    old.begun().await;
    let _ = invalidate(&two).await;
    clock.advance(seconds(2));
    let (after, mut new) = read_held(entry(&one));
    settle().await;
    assert!(new.has_begun());
    new.give("new");
    assert_eq!(text(&after.await.unwrap().unwrap()), "new");
}

/// The wait for the soft time-out outlasts the trust in the mirror, but nothing was invalidated.
#[tokio::test(start_paused = true)]
async fn a_stale_value_in_hand_is_served_after_a_long_wait() {
    let (_tier, clock, [one, _]) = two_nodes();
    let _ = Origin::default().read(entry(&one)).await;
    clock.advance(seconds(61));
    let (read, mut load) = read_held(entry(&one));
    load.begun().await;
    clock.advance(seconds(2));
    tokio::time::sleep(seconds(3)).await;
    assert!(read.is_finished());
    assert_eq!(status(&read.await.unwrap().unwrap()), Status::StaleHit);
}

#[tokio::test(start_paused = true)]
async fn a_reload_does_not_join_a_look_up() {
    let (_tier, _clock, [one, two]) = two_nodes();
    let origin = Origin::default();
    let _ = origin.read(entry(&two)).await;
    let looking = origin.read(entry(&one));
    let reloading = origin.read(entry(&one).reload());
    let (found, reloaded) = futures_util::future::join(looking, reloading).await;
    assert_eq!(status(&found), Status::Hit);
    assert_eq!(
        (status(&reloaded), text(&reloaded)),
        (Status::Reload, "answer 2")
    );
}

/// A queue that grows too long forgets what of a tenant was invalidated, never that something was.
#[tokio::test(start_paused = true)]
async fn a_crowded_queue_widens_to_tenants() {
    let (tier, _clock, [one, _]) = two_nodes();
    tier.set(Mode::Away);
    for number in 0..1_100 {
        let tenant = tenant(&one, &format!("tenant-{number}"));
        for name in ["products", "orders"] {
            let scope = Scope::Endpoint(endpoint(name));
            assert_eq!(
                tenant.invalidate(&[scope]).await.unwrap(),
                Invalidation::Queued
            );
        }
    }
    // The thousandth tenant is the first whose second endpoint no longer counts.
    assert_eq!(one.pending_invalidations(), 999 * 2 + 1 + 100);
    assert!(one.pending_age().is_zero(), "the clock stands still");
    tier.set(Mode::Well);
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(one.pending_invalidations(), 0);
}

/// The shared tier goes away during a load. When it is back, the other node need not wait for the lease to run out.
#[tokio::test(start_paused = true)]
async fn a_lease_is_given_back_after_an_outage() {
    let (tier, _clock, [one, two]) = two_nodes();
    let (read, mut load) = read_held(entry(&one));
    load.begun().await;
    tier.set(Mode::Away);
    load.give("loaded in an outage");
    let _ = read.await.unwrap().unwrap();
    tier.set(Mode::Well);
    let begun = tokio::time::Instant::now();
    let answer = Origin::default().read(entry(&two)).await;
    assert_eq!(status(&answer), Status::Miss);
    assert!(begun.elapsed() < seconds(1), "{:?}", begun.elapsed());
}
