use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use bytes::Bytes;
use tenantcache::remote::Remote;
use tenantcache::{
    Answer, Cache, Consistency, Endpoint, EntryRef, Invalidation, Loaded, Policy, PolicyTable,
    Scope, Source, Status, Tenant, TenantId,
};
use tenantcache_redis::{EventStream, RedisOptions, RedisTier, StreamOptions, StreamState};
use testkit::RedisServer;
use tokio::time::{Instant, sleep};

use super::Action;

/// What each entry holds.
pub(super) const BODY_BYTES: usize = 4_096;
const TTL: Duration = Duration::from_secs(300);
/// Its entries are loaded and promoted.
const PRODUCTS: &str = "products";
/// Every read of it reads the table.
const LEDGER: &str = "ledger";
/// It has no entries.
const ORDERS: &str = "orders";
/// How long a node may take to be connected in every way.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// A node with a tenant of its own, all of whose entries another node wants, too.
pub(super) struct Node {
    own: Tenant,
    neighbours: Tenant,
    products: Endpoint,
    ledger: Endpoint,
    orders: Endpoint,
    _cache: Cache,
    _events: EventStream,
}

impl Node {
    /// The node with that number of so many.
    pub(super) async fn start(
        redis: &RedisServer,
        number: usize,
        count: usize,
    ) -> anyhow::Result<Self> {
        let strict = Policy::new(TTL).with_consistency(Consistency::Strict);
        let options = RedisOptions::new(&redis.url())?;
        let tier = RedisTier::start(options.clone());
        tier.ready().await;
        let cache = Cache::builder()
            .with_policies(PolicyTable::uniform(Policy::new(TTL)).with(LEDGER, strict))
            .with_remote(Arc::new(tier) as Arc<dyn Remote>)
            .build()?;
        let events = EventStream::start(options, cache.clone(), StreamOptions::new("scale"));
        let begun = Instant::now();
        while !(cache.is_notified() && events.snapshot().state == StreamState::Reading) {
            ensure!(begun.elapsed() < PATIENCE, "a node does not find its Redis");
            sleep(LOOK_INTERVAL).await;
        }
        let tenant = |number: usize| -> anyhow::Result<Tenant> {
            // As long as a UUID.
            Ok(cache.tenant(&TenantId::new(&format!("tenant-{number:029}"))?))
        };
        Ok(Self {
            own: tenant(number)?,
            neighbours: tenant((number + 1) % count)?,
            products: Endpoint::new(PRODUCTS)?,
            ledger: Endpoint::new(LEDGER)?,
            orders: Endpoint::new(ORDERS)?,
            _cache: cache,
            _events: events,
        })
    }

    /// Loads what is read over and over.
    pub(super) async fn prepare(&self) -> anyhow::Result<()> {
        read(self.own.entry(&self.ledger)).await.map(drop)
    }

    /// Does something, and sees that it was that.
    pub(super) async fn act(&self, action: Action, time: usize) -> anyhow::Result<()> {
        let product = |tenant: &Tenant| read(tenant.entry(&self.products).param("id", time));
        let (answer, wanted) = match action {
            Action::Invalidate => {
                let scopes = [Scope::Endpoint(self.orders.clone())];
                let done = self.own.invalidate(&scopes).await?;
                ensure!(matches!(done, Invalidation::Applied { .. }), "{done:?}");
                return Ok(());
            }
            Action::Load => (product(&self.own).await?, (Status::Miss, Source::Origin)),
            Action::Promote => (
                product(&self.neighbours).await?,
                (Status::Hit, Source::Remote),
            ),
            Action::ReadTable => {
                let answer = read(self.own.entry(&self.ledger)).await?;
                (answer, (Status::Hit, Source::Local))
            }
        };
        let outcome = answer.outcome();
        ensure!(
            (outcome.status, outcome.source) == wanted,
            "{action:?}: {outcome:?}"
        );
        Ok(())
    }

    /// Where the table of the node's own tenant stands.
    pub(super) fn table_key(&self) -> String {
        format!("tenantcache:table:{}", self.own.id())
    }
}

async fn read(entry: EntryRef) -> anyhow::Result<Answer> {
    let load = async |_| Ok::<_, Infallible>(Loaded::new(Bytes::from_static(&[b'x'; BODY_BYTES])));
    Ok(entry.get_or_load(load).await?)
}
