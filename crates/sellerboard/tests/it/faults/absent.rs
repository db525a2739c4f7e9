//! F1–F4: Redis is absent, dead or silent.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use testkit::{RedisServer, TcpProxy};
use tokio::time::Instant;

use super::load::{Delays, KEYS, Load};
use super::report::{seen, ten_minutes};
use super::subject::{
    BOUND, OUTAGE_TTL, PATIENT, SLACK, Subject, TENANT, assert_price, invalidate, price, recovery,
    time_until_price, until_not_up, until_settled, until_up,
};
use crate::node::{eventually, send};
use crate::outage::time_until_used;
use crate::world::World;

const KPIS: &str = "/dashboard/kpis";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_redis_is_absent_at_the_start() {
    let (world, mut redis) = (World::start().await, RedisServer::start().await);
    redis.kill();
    let begun = Instant::now();
    let (url, ttl) = (redis.url(), ("CACHE_OUTAGE_TTL", "1s"));
    let subject = Subject::start(&world, &[("REDIS_URL", &url), ttl]).await;
    let started = begun.elapsed();
    assert!(started < Duration::from_secs(1) + SLACK, "{started:?}");
    let node = &subject.node;
    let ready = send(node.request(Method::GET, "/readyz")).await;
    assert_eq!((ready.status, &ready.json()["status"]), (200, &"ok".into()));
    assert_eq!(ready.json()["redis"], "down");

    let loaded = Instant::now();
    let first = node.get(TENANT, KPIS).await;
    first.assert_miss();
    assert_eq!(first.cache().detail.as_deref(), Some("redis-down"));
    let second = node.get(TENANT, KPIS).await;
    if loaded.elapsed() < Duration::from_secs(1) {
        second.assert_hit("local");
    }
    let mut local = Duration::ZERO;
    eventually("the outage TTL ends", async || {
        let hit = node.get(TENANT, KPIS).await.ok().hit;
        local = loaded.elapsed();
        (!hit).then_some(())
    })
    .await;
    assert!(local >= Duration::from_secs(1), "{local:?}");

    redis.restart().await;
    let joined = recovery(node, &redis).await;
    assert!(joined < Duration::from_secs(1) + SLACK, "{joined:?}");
    until_up(node).await;
    let log = subject.end().await;
    assert_eq!(log.warnings().len(), 1, "{log:#?}");
    seen(
        "F1",
        format!(
            "started in {} ms, ready; local tier for {} ms at an outage TTL of 1 s; joined {} ms after Redis; 1 warning",
            started.as_millis(),
            local.as_millis(),
            joined.as_millis()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f02_a_kill_under_load_fails_no_request() {
    let world = World::with_latency(Duration::from_millis(20)).await;
    let mut redis = RedisServer::start().await;
    let subject = Subject::on(&world, &redis.url(), &[PATIENT]).await;
    let node = &subject.node;
    let load = Load::start(&[Arc::clone(node)]);
    load.go_on(300).await;
    let calls_before = world.calls().await;
    let killed = Instant::now();
    redis.kill();
    let noticed = until_not_up(node).await;
    assert!(noticed < BOUND + SLACK, "{noticed:?}");
    load.go_on(300).await;
    let (outage, calls) = (killed.elapsed(), world.calls().await - calls_before);
    // Each key once when the outage begins, and once more each time the outage TTL is over.
    let periods = 1 + outage.as_secs() / OUTAGE_TTL.as_secs();
    assert!(calls <= KEYS * periods + KEYS / 10, "{calls} in {outage:?}");
    let back = Instant::now();
    redis.restart().await;
    let recovered = recovery(node, &redis).await;
    load.go_on(100).await;
    let record = load.end().await;
    let (during, after) = (
        record.between(killed, back),
        record.between(back + recovered, Instant::now()),
    );
    assert!(during.max < Duration::from_secs(10), "{during}");
    assert!(after.count > 0, "{after}");
    let log = subject.end().await;
    // Up at the start, down, up; and one that the load on this machine may cost.
    log.assert_calm(8);
    seen(
        "F2",
        format!(
            "0 of {} requests failed; {during}; {calls} loads in {} ms; back in {} ms; {} changes told",
            record.count(),
            outage.as_millis(),
            recovered.as_millis(),
            log.changes()
        ),
    );
}

/// The short freezes end before the time-out or soon after it: their replies come late, with others waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f03_a_hang_costs_five_time_outs_and_no_reply_goes_astray() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let proxy = TcpProxy::start(redis.port()).await;
    let subject = Subject::on(&world, &proxy.url(), &[]).await;
    let node = &subject.node;
    let load = Load::start(&[Arc::clone(node)]);
    load.go_on(300).await;
    for millis in [60, 110, 160, 250, 450] {
        redis.freeze();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        redis.thaw();
        load.go_on(60).await;
    }
    let record = load.end().await;
    drop(subject);

    // Another one, since a server that was late again and again has to be calm for a while.
    let subject = Subject::on(&world, &proxy.url(), &[]).await;
    let node = &subject.node;
    redis.freeze();
    let connected = proxy.counts().connections;
    let cold = async |from: u64| {
        let mut took = Vec::new();
        for days in from..from + 10 {
            let begun = Instant::now();
            let path = format!("/pricing/trends?days={days}");
            node.get(TENANT, &path).await.assert_miss();
            took.push(begun.elapsed());
        }
        took
    };
    let frozen = Instant::now();
    let before = cold(1).await;
    let noticed = until_not_up(node).await;
    let open = Delays::of(cold(20).await);
    // A time-out costs 100 ms, and five of them open the breaker; the heartbeat's count too.
    let paid = before.iter();
    let paid = paid
        .filter(|took| **took >= Duration::from_millis(95))
        .count();
    assert!((1..=6).contains(&paid), "{before:?}");
    let worst = before.iter().max().unwrap();
    assert!(*worst < Duration::from_millis(200) + SLACK, "{before:?}");
    assert!(open.p50 < Duration::from_millis(95), "{open}");
    // Probes: one attempt at a time on either connection, each of which waits for its second.
    tokio::time::sleep(Duration::from_secs(2).saturating_sub(frozen.elapsed())).await;
    let probes = proxy.counts().connections - connected;
    assert!(
        (1..=8).contains(&probes),
        "{probes} in {:?}",
        frozen.elapsed()
    );
    redis.thaw();
    let recovered = recovery(node, &redis).await;
    let clients = redis.cli(&["client", "list", "type", "normal"]);
    let connections = clients
        .lines()
        .filter(|line| !line.contains("cmd=client|list"));
    let connections = connections.count();
    assert!(connections <= 4, "{clients}");
    drop(subject);
    seen(
        "F3",
        format!(
            "{} requests, none got another's reply; {paid} paid a time-out, then p50 {:.1} ms; noticed in {} ms, {probes} probes; back in {} ms",
            record.count(),
            open.p50.as_secs_f64() * 1e3,
            noticed.as_millis(),
            recovered.as_millis()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f04_a_hang_of_ten_minutes() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let one = Subject::on(&world, &redis.url(), &[]).await;
    let other = Subject::on(&world, &redis.url(), &[]).await;
    for subject in [&one, &other] {
        world.reprice(TENANT, "1.00").await;
        assert_price(&subject.node, "1.00").await;
    }
    let load = Load::start(&[Arc::clone(&one.node), Arc::clone(&other.node)]);
    load.go_on(400).await;
    let frozen = Instant::now();
    redis.freeze();
    for subject in [&one, &other] {
        until_not_up(&subject.node).await;
    }
    let mut price_now = String::new();
    let mut turn = 0_u64;
    let mut stale_max = Duration::ZERO;
    while frozen.elapsed() < ten_minutes() {
        turn += 1;
        price_now = format!("2.{:02}", turn % 100);
        world.reprice(TENANT, &price_now).await;
        assert_eq!(invalidate(&one.node).await, "queued");
        let queued = Instant::now();
        assert_price(&one.node, &price_now).await;
        // Cut off from each other, the other node is bound by the outage TTL.
        let stale = time_until_price(&other.node, &price_now, queued).await;
        assert!(stale < OUTAGE_TTL + SLACK, "{stale:?}");
        stale_max = stale_max.max(stale);
    }
    // Not heard of by the other node before Redis is back, and then at the latest when it is out of the queue.
    world.reprice(TENANT, "3.00").await;
    assert_eq!(invalidate(&one.node).await, "queued");
    let thawed = Instant::now();
    redis.thaw();
    eventually("Redis is trusted", async || {
        let (price, reply) = price(&one.node).await;
        assert_eq!(price, "3.00", "before {price_now}: {reply:?}");
        let metrics = one.node.metrics().await;
        let pending = metrics["redis"]["pending_invalidations"].as_u64().unwrap();
        if reply.cache().detail.as_deref() == Some("redis") {
            assert_eq!(
                pending, 0,
                "Redis is relied on before it has what is queued"
            );
        }
        (metrics["redis"]["state"] == "up" && pending == 0).then_some(())
    })
    .await;
    let settled = thawed.elapsed();
    let bound = time_until_price(&other.node, "3.00", Instant::now()).await;
    assert!(bound < BOUND + SLACK, "{bound:?}");
    let recovered = time_until_used(&one.node, &redis).await;
    until_settled(&other.node).await;
    load.go_on(100).await;
    let record = load.end().await;
    let during = record.between(frozen, thawed);
    for subject in [one, other] {
        subject.end().await.assert_calm(8);
    }
    assert!(recovered < Duration::from_secs(1) + SLACK, "{recovered:?}");
    seen(
        "F4",
        format!(
            "{} s: 0 of {} failed; {during}; other node stale ≤ {} ms; {turn} queued, applied in {} ms before trust",
            frozen.elapsed().as_secs(),
            record.count(),
            stale_max.as_millis(),
            settled.as_millis()
        ),
    );
}
