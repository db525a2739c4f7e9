//! Caches in the test's own process on one real Redis, each step of which can be held.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tenantcache::remote::{
    Claim, Claimed, Durability, Fill, Health, LeaseToken, Notice, Remote, RemoteError,
    RemoteInvalidated, RemoteRead, RemoteUsage,
};
use tenantcache::{
    Answer, Cache, Endpoint, Error, Invalidation, Key, Loaded, Policy, PolicyTable, Scope, Tag,
    TenantId,
};
use tenantcache_redis::{RedisOptions, RedisTier};
use tokio::sync::{Semaphore, broadcast, watch};

use crate::node::eventually;

/// Longer than any test: what is found in this time is found by something else.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);
const ENDPOINT: &str = "products";

/// A place where one who comes by can be held.
#[derive(Debug)]
pub(crate) struct Stop {
    armed: AtomicBool,
    reached: Semaphore,
    go: Semaphore,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            armed: AtomicBool::new(false),
            reached: Semaphore::new(0),
            go: Semaphore::new(0),
        }
    }
}

impl Stop {
    /// Holds the next one who comes by.
    pub(crate) fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Waits until somebody is held.
    pub(crate) async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    pub(crate) fn release(&self) {
        self.go.add_permits(1);
    }

    async fn pass(&self) {
        if self.armed.swap(false, Ordering::SeqCst) {
            self.reached.add_permits(1);
            self.go.acquire().await.unwrap().forget();
        }
    }
}

/// The tier of Redis, with places to stop at.
#[derive(Debug)]
pub(crate) struct Held {
    tier: RedisTier,
    /// An entry has come from Redis, and nobody has looked at it.
    pub(crate) found: Stop,
    /// A value was loaded, and Redis has not been told.
    pub(crate) before_fill: Stop,
    /// Redis has answered to the fill, and nobody has looked at it.
    pub(crate) after_fill: Stop,
}

/// A node.
pub(crate) struct Lab {
    pub(crate) cache: Cache,
    pub(crate) remote: Arc<Held>,
}

/// How a node is set up.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) bound: Duration,
    pub(crate) policy: Policy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bound: LONG,
            policy: Policy::new(LONG),
        }
    }
}

impl Lab {
    /// A node that reaches Redis there, gives it all the time it needs, and is told of changes.
    pub(crate) async fn start(url: &str, settings: Settings) -> Self {
        let options = RedisOptions::new(url).unwrap();
        let tier = RedisTier::start(options.with_command_timeout(Duration::from_secs(10)));
        tier.ready().await;
        let remote = Arc::new(Held {
            tier,
            found: Stop::default(),
            before_fill: Stop::default(),
            after_fill: Stop::default(),
        });
        let cache = Cache::builder()
            .with_coherence_bound(settings.bound)
            .with_policies(PolicyTable::uniform(settings.policy))
            .with_remote(Arc::clone(&remote) as Arc<dyn Remote>)
            .build()
            .unwrap();
        let lab = Self { cache, remote };
        lab.until_told().await;
        lab
    }

    /// Makes the node know a tenant: it heeds changes of no others.
    pub(crate) async fn know(&self, tenant: &str) {
        let tenant = self.cache.tenant(&TenantId::new(tenant).unwrap());
        let entry = tenant.entry(&Endpoint::new("orders").unwrap());
        let load = async |_| Ok::<_, io::Error>(Loaded::new("0"));
        let _answer = entry.get_or_load(load).await.unwrap();
    }

    /// Waits until the node is told of changes.
    pub(crate) async fn until_told(&self) {
        eventually("the node is told of changes", async || {
            self.cache.is_notified().then_some(())
        })
        .await;
    }

    /// Waits until the node has heard of one more change than `before`.
    pub(crate) async fn until_heard(&self, before: u64) {
        eventually("the node hears of it", async || {
            (self.heard() > before).then_some(())
        })
        .await;
    }

    pub(crate) fn heard(&self) -> u64 {
        self.cache.counters().pushes
    }

    pub(crate) async fn try_read(
        &self,
        tenant: &str,
        origin: &Arc<Origin>,
    ) -> Result<Answer, Error> {
        let tenant = self.cache.tenant(&TenantId::new(tenant).unwrap());
        let entry = tenant.entry(&Endpoint::new(ENDPOINT).unwrap());
        let origin = Arc::clone(origin);
        entry.get_or_load(async move |_| origin.load().await).await
    }

    pub(crate) async fn read(&self, tenant: &str, origin: &Arc<Origin>) -> Answer {
        self.try_read(tenant, origin).await.unwrap()
    }

    /// What a reader sees: the version.
    pub(crate) async fn sees(&self, tenant: &str, origin: &Arc<Origin>) -> u64 {
        version(&self.read(tenant, origin).await)
    }

    /// Invalidates, which must be applied.
    pub(crate) async fn invalidate(&self, tenant: &str, scope: Scope) {
        let tenant = self.cache.tenant(&TenantId::new(tenant).unwrap());
        let outcome = tenant.invalidate(&[scope]).await.unwrap();
        assert!(matches!(outcome, Invalidation::Applied { .. }));
    }
}

pub(crate) fn version(answer: &Answer) -> u64 {
    std::str::from_utf8(answer.body()).unwrap().parse().unwrap()
}

/// The text of the key of a tenant's entry, which is its key in Redis.
pub(crate) fn key(tenant: &str) -> String {
    Key::new(
        &Endpoint::new(ENDPOINT).unwrap(),
        &TenantId::new(tenant).unwrap(),
    )
    .as_str()
    .to_owned()
}

/// The scopes that cover a tenant's entry.
pub(crate) fn scopes(tenant: &str) -> [Scope; 5] {
    [
        Scope::Key(key(tenant).parse().unwrap()),
        Scope::Endpoint(Endpoint::new(ENDPOINT).unwrap()),
        Scope::Prefix("prod".parse().unwrap()),
        Scope::Tag(Tag::new(TAG).unwrap()),
        Scope::Tenant,
    ]
}

/// A tag that only the value shows.
const TAG: &str = "shown";

/// The source of truth: one version for everything.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    version: AtomicU64,
    calls: AtomicU64,
    fails: AtomicBool,
    /// The version is read, and not yet handed on.
    pub(crate) hold: Stop,
}

impl Origin {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Makes a new version.
    pub(crate) fn write(&self) -> u64 {
        self.version.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Whether loads fail, those included that are held.
    pub(crate) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    async fn load(&self) -> io::Result<Loaded> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let version = self.version.load(Ordering::SeqCst);
        self.hold.pass().await;
        if self.fails.load(Ordering::SeqCst) {
            return Err(io::Error::other("the origin is down"));
        }
        Ok(Loaded::new(version.to_string()).with_tags([Tag::new(TAG).unwrap()]))
    }
}

impl Remote for Held {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<RemoteRead, RemoteError>> {
        Box::pin(async move {
            let read = self.tier.read(tenant, keys).await;
            if !keys.is_empty() {
                self.found.pass().await;
            }
            read
        })
    }

    fn claim<'a>(&'a self, claim: Claim<'a>) -> BoxFuture<'a, Result<Claimed, RemoteError>> {
        Box::pin(async move {
            let claimed = self.tier.claim(claim).await;
            self.found.pass().await;
            claimed
        })
    }

    fn fill<'a>(
        &'a self,
        entry: &'a tenantcache::core::StoredEntry,
        lease: Option<LeaseToken>,
    ) -> BoxFuture<'a, Result<Fill, RemoteError>> {
        Box::pin(async move {
            self.before_fill.pass().await;
            let filled = self.tier.fill(entry, lease).await;
            self.after_fill.pass().await;
            filled
        })
    }

    fn release<'a>(
        &'a self,
        key: &'a Key,
        lease: LeaseToken,
    ) -> BoxFuture<'a, Result<(), RemoteError>> {
        self.tier.release(key, lease)
    }

    fn invalidate<'a>(
        &'a self,
        tenant: &'a TenantId,
        scopes: &'a [Scope],
        durability: Durability,
    ) -> BoxFuture<'a, Result<RemoteInvalidated, RemoteError>> {
        self.tier.invalidate(tenant, scopes, durability)
    }

    fn invalidate_everything(&self) -> BoxFuture<'_, Result<(), RemoteError>> {
        self.tier.invalidate_everything()
    }

    fn recent<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<Vec<Key>, RemoteError>> {
        self.tier.recent(tenant)
    }

    fn usage(&self) -> Option<RemoteUsage> {
        self.tier.usage()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.tier.health()
    }

    fn notices(&self) -> broadcast::Receiver<Notice> {
        self.tier.notices()
    }

    fn is_notifying(&self) -> bool {
        self.tier.is_notifying()
    }
}
