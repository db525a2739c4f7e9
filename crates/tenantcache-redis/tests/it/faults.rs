//! Redis absent, killed, frozen, and back.

use std::time::Duration;

use tenantcache::clock::ManualClock;
use tenantcache::remote::{HealthState, Remote};
use tenantcache::{Invalidation, Scope, Source, Status};
use testkit::RedisServer;

use crate::support::{Node, Origin};

#[tokio::test]
async fn absent_at_start_then_joined() {
    let mut server = RedisServer::start().await;
    server.kill();
    let node = Node::start(&server).await;
    let origin = Origin::default();
    let read = async || origin.read(node.entry("a", "products")).await;
    let first = read().await;
    assert_eq!(
        (first.outcome().status, first.outcome().remote_down),
        (Status::Miss, true)
    );
    assert_eq!(
        read().await.outcome().status,
        Status::Hit,
        "the local tier works"
    );

    server.restart().await;
    node.until(HealthState::Up).await;
    let joined = read().await;
    assert_eq!(
        joined.outcome().status,
        Status::Miss,
        "what was loaded alone is not believed"
    );
    assert!(joined.outcome().stored);
    assert_eq!(server.cli(&["exists", "products:a"]), "1");
}

#[tokio::test]
async fn killed_and_restarted_under_reads() {
    let mut server = RedisServer::start().await;
    let node = Node::start(&server).await;
    let origin = Origin::default();
    let read = async |id: usize| {
        origin
            .read(node.entry("a", "products").param("id", id))
            .await
    };
    for round in 0..3 {
        let _ = read(round).await;
        server.kill();
        for id in 0..20 {
            let _ = read(100 * round + id).await;
        }
        node.until(HealthState::Down).await;
        server.restart().await;
        node.until(HealthState::Up).await;
        assert!(read(1_000 + round).await.outcome().stored);
        assert_eq!(
            server.cli(&["exists", &format!("products:a:id:{}", 1_000 + round)]),
            "1"
        );
    }
}

#[tokio::test]
async fn frozen_costs_the_budget_until_it_counts_as_down() {
    let server = RedisServer::start().await;
    let node = Node::start(&server).await;
    let origin = Origin::default();
    server.freeze();
    for id in 0..6 {
        let answer = origin
            .read(node.entry("a", "products").param("id", id))
            .await;
        assert_eq!(answer.outcome().status, Status::Miss);
        assert!(answer.outcome().remote_down);
    }
    node.until(HealthState::Down).await;
    server.thaw();
    node.until(HealthState::Up).await;
    let answer = origin
        .read(node.entry("a", "products").param("id", 0))
        .await;
    assert_eq!(
        answer.outcome().status,
        Status::Miss,
        "a provisional table's entries are dead"
    );
}

#[tokio::test]
async fn the_local_tier_covers_an_outage_up_to_the_outage_ttl() {
    let mut server = RedisServer::start().await;
    let clock = ManualClock::new();
    let node = Node::start_with(&server, |builder| builder.with_clock(clock.clone())).await;
    let origin = Origin::default();
    let read = async || origin.read(node.entry("a", "products")).await;
    node.settled().await;
    let _ = read().await;
    node.told().await;
    clock.advance(Duration::from_millis(1));
    let _ = read().await;
    server.kill();
    node.until(HealthState::Down).await;
    clock.advance(Duration::from_millis(4_900));
    assert_eq!(read().await.outcome().status, Status::Hit);
    clock.advance(Duration::from_millis(200));
    let answer = read().await;
    assert_eq!(
        (answer.outcome().status, answer.outcome().source),
        (Status::Miss, Source::Origin)
    );
    assert_eq!(
        read().await.outcome().status,
        Status::Hit,
        "loaded during the outage"
    );
}

#[tokio::test]
async fn with_an_outage_ttl_of_zero_everything_is_a_miss() {
    let mut server = RedisServer::start().await;
    let node = Node::start_with(&server, |builder| builder.with_outage_ttl(Duration::ZERO)).await;
    let origin = Origin::default();
    let read = async || origin.read(node.entry("a", "products")).await;
    let _ = read().await;
    server.kill();
    node.until(HealthState::Down).await;
    assert_eq!(read().await.outcome().status, Status::Miss);
    assert_eq!(read().await.outcome().status, Status::Miss);
}

/// An invalidation made while Redis is away holds here at once, is queued, and reaches Redis when it is back.
#[tokio::test]
async fn an_invalidation_during_an_outage_is_queued_and_applied() {
    let server = RedisServer::start().await;
    let node = Node::start(&server).await;
    let other = Node::start(&server).await;
    let origin = Origin::default();
    let _ = origin.read(node.entry("a", "products")).await;
    let _ = origin.read(node.entry("a", "dashboard_kpis")).await;
    server.freeze();
    let key = node.entry("a", "products").key().unwrap();
    let outcome = node
        .tenant("a")
        .invalidate(&[Scope::Key(key)])
        .await
        .unwrap();
    assert_eq!(outcome, Invalidation::Queued);
    assert_eq!(node.cache.pending_invalidations(), 1);
    let answer = origin.read(node.entry("a", "products")).await;
    assert_eq!(
        answer.outcome().status,
        Status::Miss,
        "it holds here at once"
    );
    let untouched = origin.read(node.entry("a", "dashboard_kpis")).await;
    assert_eq!(untouched.outcome().status, Status::Hit);

    server.thaw();
    node.until(HealthState::Up).await;
    other.until(HealthState::Up).await;
    while node.cache.pending_invalidations() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(
        other.entry("a", "products").get().await.unwrap().is_none(),
        "the others know it"
    );
    assert!(
        other
            .entry("a", "dashboard_kpis")
            .get()
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_flush_leaves_nothing_old_behind() {
    let server = RedisServer::start().await;
    let clock = ManualClock::new();
    let node = Node::start_with(&server, |builder| builder.with_clock(clock.clone())).await;
    let origin = Origin::default();
    let _ = origin.read(node.entry("a", "products")).await;
    let _ = server.cli(&["flushall"]);
    clock.advance(Duration::from_secs(2));
    let answer = origin.read(node.entry("a", "products")).await;
    assert_eq!(
        answer.outcome().status,
        Status::Miss,
        "the table has a new incarnation"
    );
}

/// The runtime of this test has one thread, which is kept busy while answers arrive.
#[tokio::test]
async fn a_process_without_a_processor_does_not_blame_the_server() {
    let server = RedisServer::start().await;
    let node = Node::start(&server).await;
    node.settled().await;
    let mut health = node.tier.health();
    health.mark_unchanged();
    for _ in 0..3 {
        let tenants = ["a", "b", "c", "d", "e", "f"].map(|name| node.tenant(name));
        let reads = futures_util::future::join_all(tenants.iter().map(|tenant| async {
            let keys = [];
            node.tier.read(tenant.id(), &keys).await.is_ok()
        }));
        let busy = async {
            tokio::task::yield_now().await;
            std::thread::sleep(Duration::from_millis(250));
        };
        tokio::join!(reads, busy);
    }
    assert!(!health.has_changed().unwrap(), "{:?}", health.borrow());
}
