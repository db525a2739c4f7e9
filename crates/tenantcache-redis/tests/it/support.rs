use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tenantcache::core::Table;
use tenantcache::remote::{Durability, HealthState, Remote};
use tenantcache::{
    Answer, Cache, CacheBuilder, Endpoint, EntryRef, Loaded, Scope, Tenant, TenantId,
};
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::RedisServer;

/// One service process, as far as the cache is concerned.
pub(crate) struct Node {
    pub(crate) cache: Cache,
    pub(crate) tier: Arc<RedisTier>,
}

impl Node {
    pub(crate) async fn start(server: &RedisServer) -> Self {
        Self::start_with(server, |builder| builder).await
    }

    pub(crate) async fn start_with(
        server: &RedisServer,
        settings: impl FnOnce(CacheBuilder) -> CacheBuilder,
    ) -> Self {
        Self::start_on(RedisOptions::new(&server.url()).unwrap(), settings).await
    }

    /// A node that a busy machine does not make give up on the server.
    pub(crate) async fn patient(
        server: &RedisServer,
        settings: impl FnOnce(CacheBuilder) -> CacheBuilder,
    ) -> Self {
        let options = RedisOptions::new(&server.url()).unwrap();
        Self::start_on(options.with_command_timeout(seconds(10)), settings).await
    }

    pub(crate) async fn start_on(
        options: RedisOptions,
        settings: impl FnOnce(CacheBuilder) -> CacheBuilder,
    ) -> Self {
        let tier = Arc::new(RedisTier::start(options));
        tier.ready().await;
        let builder = Cache::builder().with_remote(Arc::clone(&tier) as Arc<dyn Remote>);
        let cache = settings(builder).build().unwrap();
        Self { cache, tier }
    }

    /// Waits until the node was told that a table it knows was made, which makes it doubt that table on a clock that
    /// stands still.
    pub(crate) async fn told(&self) {
        eventually(async || self.cache.counters().pushes > 0).await;
    }

    /// Waits until the node is told of changes, and has heeded those that it was told of.
    pub(crate) async fn settled(&self) {
        eventually(async || self.cache.is_notified() && self.cache.unconfirmed_mirrors() == 0)
            .await;
    }

    pub(crate) fn tenant(&self, id: &str) -> Tenant {
        self.cache.tenant(&TenantId::new(id).unwrap())
    }

    pub(crate) fn entry(&self, tenant: &str, endpoint: &str) -> EntryRef {
        self.tenant(tenant).entry(&Endpoint::new(endpoint).unwrap())
    }

    pub(crate) async fn table(&self, tenant: &TenantId) -> Table {
        Table::clone(&self.tier.read(tenant, &[]).await.unwrap().table.table)
    }

    pub(crate) async fn invalidate(&self, tenant: &TenantId, scopes: &[Scope]) -> Table {
        let applied = self.tier.invalidate(tenant, scopes, Durability::Applied);
        Table::clone(&applied.await.unwrap().table.table)
    }

    pub(crate) async fn until(&self, state: HealthState) {
        let mut health = self.tier.health();
        let wait = health.wait_for(|health| health.state == state);
        tokio::time::timeout(Duration::from_secs(10), wait)
            .await
            .unwrap()
            .unwrap();
    }
}

/// An origin that counts its calls, and whose answers are numbered.
#[derive(Clone, Default)]
pub(crate) struct Origin {
    calls: Arc<AtomicUsize>,
}

impl Origin {
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) async fn read(&self, entry: EntryRef) -> Answer {
        let origin = self.clone();
        entry
            .get_or_load(async move |_| Ok::<_, std::io::Error>(origin.answer()))
            .await
            .unwrap()
    }

    pub(crate) fn answer(&self) -> Loaded {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        Loaded::new(format!("answer {call}")).with_content_type("text/plain")
    }
}

pub(crate) fn text(answer: &Answer) -> &str {
    std::str::from_utf8(answer.body()).unwrap()
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Waits until something holds, for at most 10 s.
pub(crate) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait)
        .await
        .expect("it holds within 10 s");
}
