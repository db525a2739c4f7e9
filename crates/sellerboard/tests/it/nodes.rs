//! Three nodes on one Redis: what holds on one holds on all.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::json;
use testkit::{RedisServer, TcpProxy};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::events::{assert_accepted, deliver, event, secret};
use crate::node::{Node, eventually, send};
use crate::reply::Reply;
use crate::serve::serve;
use crate::tokens::token;
use crate::world::World;

const TENANT: &str = "tenant-001";
const KPIS: &str = "/dashboard/kpis";
const PRODUCT: &str = "/products/101";
const READERS: usize = 200;
/// How long a command of Redis may take. By default a tenth of it: what is measured here is not how a node copes with a
/// Redis that is slow because the machine is busy, which is to load by itself.
const BUDGET: (&str, &str) = ("REDIS_COMMAND_TIMEOUT", "1s");
/// What a machine that is busy with other tests may take longer than a bound.
const SLACK: Duration = Duration::from_secs(1);

async fn nodes<const N: usize>(
    world: &World,
    redis: &RedisServer,
    variables: &[(&str, &str)],
) -> [Node; N] {
    let mut nodes = Vec::new();
    for _ in 0..N {
        nodes.push(world.node_on(redis, variables).await);
    }
    nodes.try_into().unwrap()
}

/// Begins so many reads, spread over the nodes.
fn begin_reads<'a>(
    nodes: impl IntoIterator<Item = &'a Node, IntoIter: Clone>,
    path: &str,
    count: usize,
) -> JoinSet<Reply> {
    let token = token(TENANT);
    let mut readers = JoinSet::new();
    for node in nodes.into_iter().cycle().take(count) {
        readers.spawn(send(node.api(Method::GET, path, &token)));
    }
    readers
}

/// Waits until a node waits for another one's lease.
async fn await_lease_wait(node: &Node) {
    node.await_figure("tenantcache_lease_waits_total", 1.0)
        .await;
}

fn assert_equal_successes(replies: &[Reply], count: usize) {
    assert_eq!(replies.len(), count);
    for reply in replies {
        reply.ok();
        assert_eq!(reply.body, replies[0].body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_cold_reads_over_three_nodes_are_one_call() {
    let (world, redis) = (
        World::with_latency(Duration::from_millis(300)).await,
        RedisServer::start().await,
    );
    let nodes: [Node; 3] = nodes(&world, &redis, &[BUDGET]).await;
    let replies = begin_reads(&nodes, KPIS, READERS).join_all().await;
    assert_equal_successes(&replies, READERS);
    assert_eq!(world.calls().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_ends_soon_after_its_holder_is_killed() {
    const LOAD_TIMEOUT: Duration = Duration::from_secs(2);
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let url = redis.url();
    let variables = [
        ("REDIS_URL", url.as_str()),
        ("UPSTREAM_TIMEOUT", "2s"),
        BUDGET,
    ];
    let (holder, origin) = serve(&world, &variables).await;
    let others: [Node; 2] = nodes(&world, &redis, &variables).await;
    // The first call never comes back.
    world.set_faults(&json!({ "hang": true })).await;
    let first = reqwest::Client::new().get(format!("{origin}/api/v1{KPIS}"));
    let first = tokio::spawn(first.bearer_auth(token(TENANT)).send());
    world.await_calls(1).await;
    assert_ne!(
        redis.cli(&["get", "tenantcache:lease:dashboard_kpis:tenant-001"]),
        ""
    );
    let readers = begin_reads(&others, KPIS, READERS);
    for node in &others {
        await_lease_wait(node).await;
    }
    // SIGKILL.
    drop(holder);
    let killed = Instant::now();
    assert!(first.await.unwrap().is_err(), "its connection is cut");
    world.heal().await;
    let replies = readers.join_all().await;
    let took = killed.elapsed();
    assert_equal_successes(&replies, READERS);
    assert!(took <= LOAD_TIMEOUT + SLACK, "{took:?}");
    assert_eq!(world.calls().await, 2, "one of them took over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiters_for_a_lease_load_when_redis_is_killed() {
    let (world, mut redis) = (World::start().await, RedisServer::start().await);
    let nodes: [Node; 3] = nodes(&world, &redis, &[BUDGET]).await;
    world.set_faults(&json!({ "hang": true })).await;
    let mut readers = begin_reads(&nodes[..1], KPIS, 1);
    world.await_calls(1).await;
    let waiters = begin_reads(&nodes[1..], KPIS, READERS);
    for node in &nodes[1..] {
        await_lease_wait(node).await;
    }
    redis.kill();
    let killed = Instant::now();
    // Each node asks for itself, within the budget of one command.
    world.await_calls(3).await;
    world.heal().await;
    let replies = waiters.join_all().await;
    let took = killed.elapsed();
    assert_equal_successes(&replies, READERS);
    assert!(took <= Duration::from_secs(1) + SLACK, "{took:?}");
    readers.join_next().await.unwrap().unwrap().ok();
    assert_eq!(world.calls().await, 3);
}

#[tokio::test]
async fn durability_is_told_as_it_is() {
    let world = World::start().await;
    let primary = RedisServer::builder().with_config("repl-diskless-sync-delay", &["0"]);
    let primary = primary.start().await;
    let node = world.node_on(&primary, &[]).await;
    node.get(TENANT, KPIS).await.ok();
    let replicated = async || {
        let reply = node
            .invalidate(&token(TENANT), "?durability=replicated")
            .await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let document = reply.json();
        assert!(document["generation"].is_u64(), "{document}");
        document["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(replicated().await, "applied-unreplicated");
    node.get(TENANT, KPIS).await.assert_miss();

    let replica = RedisServer::start().await;
    replica.replicate(primary.port());
    eventually("the replica is in step", async || {
        replica.is_in_step().then_some(())
    })
    .await;
    // A replica counts from its first acknowledgement on, up to a second after it is in step.
    eventually("a replica has it", async || {
        (replicated().await == "applied").then_some(())
    })
    .await;
    let table = "tenantcache:table:tenant-001";
    let node_said = primary.cli(&["hget", table, "n"]);
    assert_eq!(replica.cli(&["hget", table, "n"]), node_said);
    node.get(TENANT, KPIS).await.assert_miss();
}

/// An open stream of server-sent events, as text.
struct Page {
    answer: Response,
    text: String,
}

impl Page {
    async fn open(node: &Node, tenant: &str) -> Self {
        let request = node.api(Method::GET, "/events/stream", &token(tenant));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut page = Self {
            answer,
            text: String::new(),
        };
        page.told("event: ready").await;
        page
    }

    /// Waits for a text, and gives what was told until the end of that event.
    async fn told(&mut self, wanted: &str) -> String {
        loop {
            if let Some(at) = self.text.find(wanted)
                && let Some(len) = self.text[at..].find("\n\n")
            {
                let rest = self.text.split_off(at + len + 2);
                return std::mem::replace(&mut self.text, rest);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.answer.chunk()).await;
            let chunk = chunk.expect("it is told in time").unwrap().unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

/// With a bound of a minute, a table is read again after half a minute: only pushes can be this fast.
const LONG_BOUND: (&str, &str) = ("CACHE_COHERENCE_BOUND", "60s");

#[tokio::test]
async fn an_event_at_one_node_reaches_a_page_at_another() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let (name, secret) = secret();
    let nodes: [Node; 3] = nodes(&world, &redis, &[(name, &secret), LONG_BOUND]).await;
    let mut page = Page::open(&nodes[2], TENANT).await;
    let mut others = Page::open(&nodes[2], "tenant-002").await;
    // A node hears of the tenants whose tables it knows.
    for tenant in [TENANT, "tenant-002"] {
        nodes[2].get(tenant, PRODUCT).await.ok();
    }
    let sent = Instant::now();
    let reply = deliver(&nodes[0], &event("product.updated", TENANT, "101")).await;
    assert_accepted(&reply, 1, 1);
    let told = page.told("\"products\"").await;
    let took = sent.elapsed();
    assert!(took < 2 * SLACK, "{took:?}");
    assert!(told.contains("event: change"), "{told}");
    assert!(told.contains("pricing_trends"), "{told}");
    nodes[2].get(TENANT, PRODUCT).await.assert_miss();

    // The first that the other tenant is told of is its own.
    deliver(&nodes[0], &event("review.created", "tenant-002", "102")).await;
    let told = others.told("product:102").await;
    assert!(!told.contains("product:101"), "{told}");
    assert!(!told.contains("\"tenant\":true"), "{told}");
}

#[tokio::test]
async fn an_invalidation_is_pushed_and_its_lag_measured() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let nodes: [Node; 2] = nodes(&world, &redis, &[LONG_BOUND]).await;
    for node in &nodes {
        node.await_figure("tenantcache_redis_tracking", 1.0).await;
        node.get(TENANT, PRODUCT).await.ok();
    }
    world.reprice(TENANT, "8.88").await;
    nodes[0].applied(TENANT, "?endpoint=products").await;
    nodes[1]
        .await_figure("tenantcache_coherence_lag_seconds_count", 1.0)
        .await;
    let notices = nodes[1].figure("tenantcache_notices_total").await;
    assert!(notices > 0.0, "{notices}");
    let sum = nodes[1]
        .figure("tenantcache_coherence_lag_seconds_sum")
        .await;
    assert!((0.0..2.0).contains(&sum), "{sum}");
    let price = nodes[1].get(TENANT, PRODUCT).await.json()["payload"]["price"].clone();
    assert_eq!(price, "8.88");
}

#[tokio::test]
async fn a_late_fill_is_refused_and_counted() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let nodes: [Node; 2] = nodes(&world, &redis, &[]).await;
    world.set_faults(&json!({ "hang": true })).await;
    let mut late = begin_reads(&nodes[..1], PRODUCT, 1);
    world.await_calls(1).await;
    nodes[1].applied(TENANT, "?tag=product:101").await;
    world.heal().await;
    // Who asked before the invalidation may have it; nobody else.
    late.join_next().await.unwrap().unwrap().ok();
    nodes[0]
        .await_figure("tenantcache_fills_refused_total", 1.0)
        .await;
    assert_eq!(redis.cli(&["exists", "products:tenant-001:id:101"]), "0");
    for node in &nodes {
        node.get(TENANT, PRODUCT).await.ok();
    }
    assert_eq!(world.calls().await, 2, "the late value was not kept");
}

#[tokio::test]
async fn tables_lost_in_a_flush_are_made_anew_and_counted() {
    const LOST: &str = "tenantcache_tables_made_total{reason=\"lost\"}";
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let nodes: [Node; 2] = nodes(&world, &redis, &[LONG_BOUND]).await;
    for node in &nodes {
        node.get(TENANT, PRODUCT).await.ok();
        node.await_figure("tenantcache_redis_tracking", 1.0).await;
    }
    let incarnation = || redis.cli(&["hget", "tenantcache:table:tenant-001", "i"]);
    let before = incarnation();
    world.reprice(TENANT, "6.66").await;
    assert_eq!(redis.cli(&["flushall"]), "OK");
    for node in &nodes {
        eventually("what was cached is dead", async || {
            let reply = node.get(TENANT, PRODUCT).await;
            (reply.json()["payload"]["price"] == "6.66").then_some(())
        })
        .await;
    }
    let lost = nodes[0].figure(LOST).await + nodes[1].figure(LOST).await;
    assert!(lost >= 1.0, "{lost}");
    assert_ne!(incarnation(), before);
}

/// Nobody is told of anything: every push is lost, and a table is read again after half a minute. A strict read asks.
#[tokio::test]
async fn a_strict_endpoint_is_never_old_on_another_node() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let (mut nodes, mut proxies) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let proxy = TcpProxy::start(redis.port()).await;
        proxy.delete_pushes(u64::MAX);
        let url = proxy.url();
        let strict = ("CACHE_STRICT_ENDPOINTS", "products");
        let variables = [("REDIS_URL", url.as_str()), strict, LONG_BOUND];
        let node = world.node_on(&redis, &variables).await;
        node.await_figure("tenantcache_redis_tracking", 1.0).await;
        nodes.push(node);
        proxies.push(proxy);
    }
    for round in 0..100 {
        let (one, other) = (&nodes[round % 2], &nodes[1 - round % 2]);
        other.get(TENANT, PRODUCT).await.ok();
        let price = format!("{}.{:02}", 10 + round, round);
        world.reprice(TENANT, &price).await;
        one.applied(TENANT, "?key=products:tenant-001:id:101").await;
        let reply = other.get(TENANT, PRODUCT).await;
        assert_eq!(reply.json()["payload"]["price"], price, "{reply:?}");
    }
    for node in &nodes {
        // Strict is not uncached.
        assert!(node.get(TENANT, PRODUCT).await.ok().hit);
    }
}
