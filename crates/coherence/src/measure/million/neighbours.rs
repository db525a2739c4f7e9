use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tenantcache::TenantId;
use tenantcache::remote::Remote as _;
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::RedisServer;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::fill::{Fill, key};

const TENANTS: usize = 8;
/// Nodes, each with connections of its own.
const NODES: usize = 2;
const ENTRIES: u64 = 200;
const BODY_BYTES: usize = 2_000;
/// Between two reads of one reader, so that Redis is busy and not swamped.
const PAUSE: Duration = Duration::from_millis(1);

/// Readers of other tenants' entries, who go on reading until they are dropped.
pub(super) struct Neighbours {
    shared: Arc<Shared>,
    _readers: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    /// How long reads took; taken for a push or a swap.
    samples: Mutex<Vec<Duration>>,
    failures: AtomicU64,
}

impl Neighbours {
    pub(super) async fn start(redis: &RedisServer, readers: usize) -> anyhow::Result<Self> {
        let mut tiers = Vec::new();
        for _ in 0..NODES {
            let tier = RedisTier::start(RedisOptions::new(&redis.url())?);
            tier.ready().await;
            tiers.push(Arc::new(tier));
        }
        let mut tenants = Vec::new();
        for number in 0..TENANTS {
            let tenant = TenantId::new(&format!("tenant-{number}"))?;
            let fill = Fill {
                tenant: &tenant,
                stamp: tiers[0].read(&tenant, &[]).await?.table.table.stamp(),
                entries: ENTRIES,
                body_bytes: BODY_BYTES,
            };
            fill.write(redis).await?;
            tenants.push(tenant);
        }
        let shared = Arc::<Shared>::default();
        let mut tasks = JoinSet::new();
        for reader in 0..readers {
            let tier = Arc::clone(&tiers[reader % NODES]);
            let tenant = tenants[reader % TENANTS].clone();
            tasks.spawn(read(Arc::clone(&shared), tier, tenant));
        }
        Ok(Self {
            shared,
            _readers: tasks,
        })
    }

    /// How long the reads took that ended within a window from now on.
    pub(super) async fn window(&self, length: Duration) -> Vec<Duration> {
        self.shared.samples.lock().clear();
        sleep(length).await;
        std::mem::take(&mut self.shared.samples.lock())
    }

    /// Reads that failed, or did not find what is there.
    pub(super) fn failures(&self) -> u64 {
        self.shared.failures.load(Ordering::Relaxed)
    }
}

async fn read(shared: Arc<Shared>, tier: Arc<RedisTier>, tenant: TenantId) {
    loop {
        let Ok(key) = key(&tenant, fastrand::u64(..ENTRIES)) else {
            return;
        };
        let begun = Instant::now();
        let read = tier.read(&tenant, std::slice::from_ref(&key)).await;
        let took = begun.elapsed();
        let found = read.is_ok_and(|read| read.entries.iter().all(Option::is_some));
        if found {
            shared.samples.lock().push(took);
        } else {
            shared.failures.fetch_add(1, Ordering::Relaxed);
        }
        sleep(PAUSE).await;
    }
}
