//! Whatever Redis does, requests are answered, and Redis is used again by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use testkit::RedisServer;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::node::{Node, eventually};
use crate::tokens::token;
use crate::world::World;

const CLIENTS: u64 = 64;
/// Between two requests of one client, so that a slow machine is busy but not swamped.
const CLIENT_INTERVAL: Duration = Duration::from_millis(100);
/// What the contract says; measured where nothing but Redis is waited for.
const RECOVERY_MAX: Duration = Duration::from_secs(1);
/// The same on a machine whose cores are all taken, by these clients and by tests beside this one.
const RECOVERY_UNDER_LOAD_MAX: Duration = Duration::from_secs(5);
const KPIS: &str = "/dashboard/kpis";

/// Clients that go on asking, every one of them a seller of one of two tenants.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    clients: JoinSet<()>,
}

impl Load {
    fn start(node: &Arc<Node>) -> Self {
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (node, stop, answered) =
                (Arc::clone(node), Arc::clone(&stop), Arc::clone(&answered));
            let token = token(["tenant-001", "tenant-002"][usize::from(client % 2 == 0)]);
            clients.spawn(async move {
                let mut turn = client;
                while !stop.load(Ordering::Relaxed) {
                    let path = match turn % 4 {
                        0 => KPIS.to_owned(),
                        1 => "/products".to_owned(),
                        _ => format!("/dashboard/trends?days={}", 1 + turn % 90),
                    };
                    let begun = Instant::now();
                    let reply = node.get_as(&token, &path).await;
                    assert_eq!(reply.status, 200, "{path}: {reply:?}");
                    // Two commands of Redis at their budget, the origin, and a busy machine.
                    assert!(
                        begun.elapsed() < Duration::from_secs(5),
                        "{path}: {:?}",
                        begun.elapsed()
                    );
                    answered.fetch_add(1, Ordering::Relaxed);
                    turn += 1;
                    tokio::time::sleep(CLIENT_INTERVAL).await;
                }
            });
        }
        Self {
            stop,
            answered,
            clients,
        }
    }

    /// Waits until so many more requests were answered.
    async fn go_on(&mut self, requests: u64) {
        let goal = self.answered.load(Ordering::Relaxed) + requests;
        eventually("requests are answered", async || {
            (self.answered.load(Ordering::Relaxed) >= goal).then_some(())
        })
        .await;
        if let Some(ended) = self.clients.try_join_next() {
            ended.unwrap();
        }
    }

    /// Ends the clients; a failure of any of them is the test's.
    async fn end(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended.unwrap();
        }
        self.answered.load(Ordering::Relaxed)
    }
}

/// How long until an answer of this node is stored in Redis again.
pub(crate) async fn time_until_used(node: &Node, redis: &RedisServer) -> Duration {
    let since = Instant::now();
    let mut limit = 1;
    eventually("Redis is used again", async || {
        limit = limit % 100 + 1;
        node.get("tenant-001", &format!("/dashboard/activity?limit={limit}"))
            .await
            .ok();
        let key = format!("dashboard_activity:tenant-001:limit:{limit}");
        (redis.cli(&["exists", &key]) == "1").then_some(())
    })
    .await;
    since.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_redis_is_killed_and_it_is_used_again() {
    let world = World::with_latency(Duration::from_millis(20)).await;
    let mut redis = RedisServer::start().await;
    let node = Arc::new(world.node_on(&redis, &[]).await);
    let mut load = Load::start(&node);
    for _ in 0..2 {
        load.go_on(200).await;
        redis.kill();
        eventually("the outage is noticed", async || {
            (node.redis_state().await == "down").then_some(())
        })
        .await;
        load.go_on(400).await;
        redis.restart().await;
        let took = time_until_used(&node, &redis).await;
        assert!(took < RECOVERY_UNDER_LOAD_MAX, "{took:?}");
    }
    assert!(load.end().await >= 1_200);
    assert_eq!(node.redis_state().await, "up");
    assert_eq!(node.metrics().await["errors"], 0);
}

#[tokio::test]
async fn while_redis_is_away_answers_come_from_the_local_tier_or_the_marketplace() {
    let world = World::start().await;
    let mut redis = RedisServer::start().await;
    let node = world.node_on(&redis, &[("CACHE_OUTAGE_TTL", "60s")]).await;
    node.get("tenant-001", KPIS).await.assert_miss();
    redis.kill();
    eventually("the outage is noticed", async || {
        (node.redis_state().await == "down").then_some(())
    })
    .await;
    node.get("tenant-001", KPIS).await.assert_hit("local");
    let cold = node.get("tenant-001", "/dashboard/alerts").await;
    cold.assert_miss();
    assert_eq!(cold.cache().detail.as_deref(), Some("redis-down"));
    let metrics = node.metrics().await;
    assert_eq!(metrics["redis"]["state"], "down");
    assert!(metrics["redis"]["since"].as_str().unwrap().ends_with('Z'));

    // This node heeds the invalidation at once, Redis as soon as it is back.
    let reply = node.invalidate(&token("tenant-001"), "").await;
    assert_eq!(
        reply.json(),
        serde_json::json!({ "status": "queued", "generation": null })
    );
    node.get("tenant-001", KPIS).await.assert_miss();
    assert_eq!(node.metrics().await["redis"]["pending_invalidations"], 1);
    redis.restart().await;
    let took = time_until_used(&node, &redis).await;
    assert!(took < RECOVERY_MAX, "{took:?}");
    eventually("what was queued is applied", async || {
        node.get("tenant-001", KPIS).await.ok();
        (node.metrics().await["redis"]["pending_invalidations"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn with_an_outage_ttl_of_zero_every_read_is_a_miss_while_redis_is_away() {
    let world = World::start().await;
    let mut redis = RedisServer::start().await;
    let node = world.node_on(&redis, &[("CACHE_OUTAGE_TTL", "0")]).await;
    node.get("tenant-001", KPIS).await.ok();
    redis.kill();
    eventually("the outage is noticed", async || {
        (node.redis_state().await == "down").then_some(())
    })
    .await;
    for _ in 0..3 {
        let reply = node.get("tenant-001", KPIS).await;
        reply.assert_miss();
        assert!(!reply.cache().hit);
    }
}

#[tokio::test]
async fn redis_may_be_absent_at_the_start() {
    let world = World::start().await;
    let mut redis = RedisServer::start().await;
    redis.kill();
    let begun = Instant::now();
    let node = world.node(&[("REDIS_URL", &redis.url())]).await;
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(node.redis_state().await, "down");
    node.get("tenant-001", KPIS).await.assert_miss();
    node.get("tenant-001", KPIS).await.assert_hit("local");
    redis.restart().await;
    let took = time_until_used(&node, &redis).await;
    assert!(took < RECOVERY_MAX, "{took:?}");
    assert_eq!(node.redis_state().await, "up");
}

#[tokio::test]
async fn a_frozen_redis_costs_its_budget_and_is_used_again_when_it_thaws() {
    let world = World::start().await;
    let redis = RedisServer::start().await;
    let node = world
        .node_on(&redis, &[("REDIS_COMMAND_TIMEOUT", "50ms")])
        .await;
    node.get("tenant-001", KPIS).await.ok();
    redis.freeze();
    for limit in 1..=30 {
        let begun = Instant::now();
        let path = format!("/products?limit={limit}");
        node.get("tenant-001", &path).await.ok();
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
    }
    eventually("the outage is noticed", async || {
        (node.redis_state().await == "down").then_some(())
    })
    .await;
    // Once the outage is known, a request pays nothing for it.
    let reply = node.get("tenant-001", "/products?limit=31").await;
    assert_eq!(reply.ok().detail.as_deref(), Some("redis-down"));
    redis.thaw();
    time_until_used(&node, &redis).await;
}

#[tokio::test]
async fn a_frozen_redis_holds_the_start_up_for_a_second_at_most() {
    let world = World::start().await;
    let redis = RedisServer::start().await;
    redis.freeze();
    let begun = Instant::now();
    let node = world.node(&[("REDIS_URL", &redis.url())]).await;
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    node.get("tenant-001", KPIS).await.assert_miss();
    redis.thaw();
    eventually("Redis is used", async || {
        (node.redis_state().await == "up").then_some(())
    })
    .await;
}
