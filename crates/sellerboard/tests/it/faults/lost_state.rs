//! F34–F36: Redis loses what it had, in part or as a whole.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use testkit::{RedisServer, TcpProxy};
use tokio::time::Instant;

use super::load::{KEYS, Load};
use super::report::seen;
use super::subject::{
    BOUND, PATIENT, SLACK, Subject, TENANT, assert_price, invalidate, price, time_until_price,
    until_settled, until_up,
};
use crate::node::Node;
use crate::world::World;

/// With a bound of a minute, a table is read again after half a minute: only pushes can be faster.
const LONG_BOUND: (&str, &str) = ("CACHE_COHERENCE_BOUND", "60s");

/// Others write a gigabyte into a server of 10 MB.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f34_an_eviction_storm_costs_hits_and_nothing_else() {
    let small = RedisServer::builder()
        .with_config("maxmemory", &["10mb"])
        .with_config("maxmemory-policy", &["allkeys-lru"]);
    let (world, redis) = (World::start().await, small.start().await);
    let one = Subject::on(&world, &redis.url(), &[PATIENT]).await;
    let other = Subject::on(&world, &redis.url(), &[PATIENT]).await;
    for price in ["1.00", "1.01"] {
        world.reprice(TENANT, price).await;
        invalidate(&one.node).await;
        for node in [&one.node, &other.node] {
            time_until_price(node, price, Instant::now()).await;
        }
    }
    let load = Load::start(&[Arc::clone(&one.node), Arc::clone(&other.node)]);
    load.go_on(600).await;
    let counts = async || {
        let metrics = one.node.metrics().await;
        let count = |name: &str| metrics[name].as_f64().unwrap();
        (count("hits"), count("total_requests"))
    };
    let (hits_before, requests_before) = counts().await;
    let mut storm = Command::new("redis-benchmark")
        .args(["-p", &redis.port().to_string(), "-t", "set", "-q"])
        .args(["-n", "100000", "-r", "1000000", "-d", "10000"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let (mut turns, mut queued, mut stale_max) = (0, 0, Duration::ZERO);
    while storm.try_wait().unwrap().is_none() {
        assert!(
            begun.elapsed() < Duration::from_secs(50),
            "the storm ends in time"
        );
        turns += 1;
        let new = format!("2.{turns:02}");
        world.reprice(TENANT, &new).await;
        let said = invalidate(&one.node).await;
        if said == "queued" {
            queued += 1;
            until_settled(&one.node).await;
        }
        let since = Instant::now();
        assert_price(&one.node, &new).await;
        let stale = time_until_price(&other.node, &new, since).await;
        assert!(stale < BOUND + SLACK, "{stale:?}");
        stale_max = stale_max.max(stale);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let ended = Instant::now();
    let (hits, requests) = counts().await;
    until_up(&one.node).await;
    let record = load.end().await;
    let during = record.between(begun, ended);
    let evicted = redis.cli(&["info", "stats"]);
    let evicted = evicted
        .lines()
        .find_map(|line| line.strip_prefix("evicted_keys:"));
    let evicted: u64 = evicted.unwrap().trim().parse().unwrap();
    assert!(evicted > 50_000, "{evicted}");
    let lost = one
        .node
        .figure("tenantcache_tables_made_total{reason=\"lost\"}")
        .await
        + other
            .node
            .figure("tenantcache_tables_made_total{reason=\"lost\"}")
            .await;
    one.node
        .await_figure("tenantcache_evictions_total{tier=\"redis\"}", 1.0)
        .await;
    for subject in [one, other] {
        subject.end().await.assert_calm(8);
    }
    seen(
        "F34",
        format!(
            "{evicted} evicted in {} s, {lost} tables lost; 0 of {} failed, {during}; hits {:.0} %; {turns} invalidations, stale ≤ {} ms, {queued} queued",
            (ended - begun).as_secs(),
            record.count(),
            (hits - hits_before) / (requests - requests_before) * 100.0,
            stale_max.as_millis()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f35_a_flush_under_load_leaves_nothing_old() {
    let world = World::with_latency(Duration::from_millis(20)).await;
    let redis = RedisServer::start().await;
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let node = world.node_on(&redis, &[PATIENT, LONG_BOUND]).await;
        node.await_figure("tenantcache_redis_tracking", 1.0).await;
        nodes.push(Arc::new(node));
    }
    world.reprice(TENANT, "1.00").await;
    for node in &nodes {
        assert_price(node, "1.00").await;
    }
    let load = Load::start(&nodes);
    load.go_on(400).await;
    // Nobody tells the cache of it.
    world.reprice(TENANT, "2.00").await;
    for node in &nodes {
        assert_price(node, "1.00").await;
    }
    let calls_before = world.calls().await;
    let flushed = Instant::now();
    assert_eq!(redis.cli(&["flushall"]), "OK");
    let (one, other) = tokio::join!(
        time_until_price(&nodes[0], "2.00", flushed),
        time_until_price(&nodes[1], "2.00", flushed)
    );
    let took = one.max(other);
    // Without a push it would take half a minute; what it takes here is the load of the machine.
    assert!(took < BOUND + 2 * SLACK, "{took:?}");
    load.go_on(400).await;
    let calls = world.calls().await - calls_before;
    for node in &nodes {
        assert_price(node, "2.00").await;
    }
    let record = load.end().await;
    let during = record.between(flushed, Instant::now());
    // The same at rest, where nothing is measured but how soon it is known.
    world.reprice(TENANT, "3.00").await;
    let flushed = Instant::now();
    assert_eq!(redis.cli(&["flushall"]), "OK");
    let at_rest = time_until_price(&nodes[1], "3.00", flushed).await;
    assert!(at_rest < SLACK, "{at_rest:?}");
    // One load of each key over both nodes; the two products besides. A busy machine may cost a lease.
    assert!(calls <= KEYS + KEYS / 4, "{calls} loads of {KEYS} keys");
    seen(
        "F35",
        format!(
            "old entries dead on both nodes after {} ms, at rest {} ms, reload included; {calls} loads of {KEYS} keys; 0 of {} failed, {during}",
            took.as_millis(),
            at_rest.as_millis(),
            record.count()
        ),
    );
}

/// Another database stands in the place of the one in use: by `SWAPDB`, which tells nobody, or by another address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f36_another_database_is_not_taken_for_the_old_one() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let foreign = RedisServer::start().await;
    let (first, second) = (
        TcpProxy::start(redis.port()).await,
        TcpProxy::start(redis.port()).await,
    );
    let mut nodes: Vec<Node> = Vec::new();
    for proxy in [&first, &second] {
        let url = proxy.url();
        let node = world.node(&[("REDIS_URL", &url), PATIENT]).await;
        until_up(&node).await;
        nodes.push(node);
    }
    let [one, other] = &nodes[..] else {
        unreachable!()
    };
    let swap = async || assert_eq!(redis.cli(&["swapdb", "0", "1"]), "OK");
    let redirect = async |server: &RedisServer| {
        for proxy in [&first, &second] {
            proxy.retarget(server.port());
            proxy.cut_all();
        }
    };
    let mut stale_max = Duration::ZERO;
    for round in 0..6 {
        let by_swap = round % 2 == 0;
        let [old, unheard, last] =
            ["00", "10", "20"].map(|cents| format!("{}.{cents}", 10 + round));
        let shown = async |price: &str| {
            let since = Instant::now();
            let (a, b) = (
                time_until_price(one, price, since),
                time_until_price(other, price, since),
            );
            let (a, b) = tokio::join!(a, b);
            let longest = a.max(b);
            assert!(longest < BOUND + SLACK, "{price}: {longest:?}");
            longest
        };
        world.reprice(TENANT, &old).await;
        invalidate(one).await;
        shown(&old).await;
        // Not one of them is told: the other database does not have the table, so nothing old is valid.
        world.reprice(TENANT, &unheard).await;
        if by_swap {
            swap().await;
        } else {
            redirect(&foreign).await;
        }
        stale_max = stale_max.max(shown(&unheard).await);
        world.reprice(TENANT, &last).await;
        invalidate(one).await;
        stale_max = stale_max.max(shown(&last).await);
        // The database that comes back has a table and an entry of the first price, which agree with each other.
        if by_swap {
            swap().await;
        } else {
            redirect(&redis).await;
        }
        for _ in 0..50 {
            for node in [one, other] {
                let (price, reply) = price(node).await;
                assert_eq!(price, last, "round {round}: {reply:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        until_settled(one).await;
        for node in [one, other] {
            until_up(node).await;
        }
    }
    seen(
        "F36",
        format!(
            "3 SWAPDB and 3 foreign servers, to and fro: 0 old answers beyond {} ms; what comes back stays dead",
            stale_max.as_millis()
        ),
    );
}
