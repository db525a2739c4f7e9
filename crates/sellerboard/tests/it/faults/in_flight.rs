//! F45, F46, F57: something is invalidated while what it covers is under way, wherever that has got to.

use std::sync::Arc;
use std::time::Duration;

use tenantcache::{Policy, Scope, Source, Status, Tag};
use testkit::RedisServer;

use super::lab::{LONG, Lab, Origin, Settings, key, scopes, version};
use super::report::seen;
use crate::node::eventually;

const TENANT: &str = "tenant-001";

async fn two_nodes(redis: &RedisServer, policy: Policy) -> [Arc<Lab>; 2] {
    let settings = Settings {
        policy,
        ..Settings::default()
    };
    let nodes = [
        Arc::new(Lab::start(&redis.url(), settings.clone()).await),
        Arc::new(Lab::start(&redis.url(), settings).await),
    ];
    for node in &nodes {
        node.know(TENANT).await;
    }
    // Whatever making the table has told is over.
    invalidate(&nodes, 0, Scope::Tenant).await;
    nodes
}

/// Invalidates on a node. When this is over, both have been told.
async fn invalidate(nodes: &[Arc<Lab>; 2], by: usize, scope: Scope) {
    let heard = [nodes[0].heard(), nodes[1].heard()];
    nodes[by].invalidate(TENANT, scope).await;
    for (node, heard) in nodes.iter().zip(heard) {
        node.until_heard(heard).await;
    }
}

/// A read on its way.
fn begin(node: &Arc<Lab>, origin: &Arc<Origin>) -> tokio::task::JoinHandle<Option<u64>> {
    let (node, origin) = (Arc::clone(node), Arc::clone(origin));
    tokio::spawn(async move {
        let answer = node.try_read(TENANT, &origin).await;
        answer.ok().as_ref().map(version)
    })
}

/// Makes a new version, and invalidates the old one on a node.
async fn change(origin: &Origin, nodes: &[Arc<Lab>; 2], by: usize, scope: Scope) -> u64 {
    let now = origin.write();
    invalidate(nodes, by, scope).await;
    now
}

async fn assert_all_see(nodes: &[Arc<Lab>; 2], origin: &Arc<Origin>, now: u64, what: &str) {
    for node in nodes {
        assert_eq!(node.sees(TENANT, origin).await, now, "{what}");
    }
}

#[tokio::test]
async fn f45_invalidated_while_a_fetch_is_in_flight() {
    let redis = RedisServer::start().await;
    let nodes = two_nodes(&redis, Policy::new(LONG)).await;
    let origin = Origin::new();
    let mut turns = 0;
    for by in 0..2 {
        for scope in scopes(TENANT) {
            let what = format!("{scope:?} on node {by}");
            origin.hold.arm();
            let early = begin(&nodes[0], &origin);
            origin.hold.reached().await;
            let before = origin.write() - 1;
            let now = change(&origin, &nodes, by, scope.clone()).await;
            // Whoever comes later does not wait for what is no use to him. Whether a tag makes it so, the value will show.
            if !matches!(scope, Scope::Tag(_)) {
                let late = nodes[by].read(TENANT, &origin).await;
                assert_eq!(version(&late), now, "{what}");
                assert_eq!(late.outcome().status, Status::Miss, "{what}");
            }
            origin.hold.release();
            assert_eq!(
                early.await.unwrap(),
                Some(before),
                "it gets its value, {what}"
            );
            assert_all_see(&nodes, &origin, now, &what).await;
            // The same with nobody else who loads: what is refused is in no tier.
            invalidate(&nodes, by, Scope::Tenant).await;
            let _ = redis.cli(&["del", &key(TENANT)]);
            origin.hold.arm();
            let early = begin(&nodes[0], &origin);
            origin.hold.reached().await;
            let now = change(&origin, &nodes, by, scope).await;
            origin.hold.release();
            assert_eq!(early.await.unwrap(), Some(now - 1), "{what}");
            assert_eq!(redis.cli(&["exists", &key(TENANT)]), "0", "{what}");
            assert_all_see(&nodes, &origin, now, &what).await;
            invalidate(&nodes, by, Scope::Tenant).await;
            turns += 2;
        }
    }
    seen(
        "F45",
        format!(
            "{turns} fetches, 5 scopes, on the own node and another: 0 older values stored or served"
        ),
    );
}

#[tokio::test]
async fn f46_invalidated_on_every_other_path() {
    let paths = [
        refresh().await,
        promotion().await,
        fill().await,
        stale_on_error().await,
    ];
    let turns: usize = paths.iter().sum();
    seen(
        "F46",
        format!(
            "refresh, promotion, fill before and after, stale-on-error: {turns} turns, 0 older values later"
        ),
    );
}

/// A refresh in the background has read the old version.
async fn refresh() -> usize {
    let redis = RedisServer::start().await;
    let origin = Origin::new();
    for by in 0..2 {
        let short = Policy::new(Duration::from_millis(20)).with_grace(LONG);
        let nodes = two_nodes(&redis, short).await;
        let old = nodes[0].sees(TENANT, &origin).await;
        origin.hold.arm();
        eventually("a stale answer begins a refresh", async || {
            let answer = nodes[0].read(TENANT, &origin).await;
            (answer.outcome().status == Status::StaleHit).then_some(())
        })
        .await;
        origin.hold.reached().await;
        let now = change(&origin, &nodes, by, Scope::Tenant).await;
        assert!(now > old);
        let refused = refused(&nodes[0]);
        origin.hold.release();
        eventually("the refresh is refused", async || {
            assert_eq!(nodes[0].sees(TENANT, &origin).await, now);
            (refused < self::refused(&nodes[0])).then_some(())
        })
        .await;
        assert_all_see(&nodes, &origin, now, "refresh").await;
    }
    2
}

fn refused(node: &Lab) -> u64 {
    node.cache.counters().fills_refused
}

/// The old entry has come from Redis, and is not yet in the local tier.
async fn promotion() -> usize {
    let redis = RedisServer::start().await;
    let origin = Origin::new();
    for by in 0..2 {
        let nodes = two_nodes(&redis, Policy::new(LONG)).await;
        let old = nodes[1].sees(TENANT, &origin).await;
        nodes[0].remote.found.arm();
        let early = begin(&nodes[0], &origin);
        nodes[0].remote.found.reached().await;
        let now = change(&origin, &nodes, by, Scope::Tenant).await;
        nodes[0].remote.found.release();
        let early = early.await.unwrap();
        assert!(early == Some(old) || early == Some(now), "{early:?}");
        assert_all_see(&nodes, &origin, now, "promotion").await;
    }
    2
}

/// A value was loaded before: it is about to be stored in Redis, or just was, and is not yet in the local tier.
async fn fill() -> usize {
    let redis = RedisServer::start().await;
    let origin = Origin::new();
    for by in 0..2 {
        for stored in [false, true] {
            let nodes = two_nodes(&redis, Policy::new(LONG)).await;
            invalidate(&nodes, 0, Scope::Tenant).await;
            let remote = &nodes[0].remote;
            let stop = if stored {
                &remote.after_fill
            } else {
                &remote.before_fill
            };
            stop.arm();
            let early = begin(&nodes[0], &origin);
            stop.reached().await;
            let now = change(&origin, &nodes, by, Scope::Tenant).await;
            stop.release();
            assert_eq!(early.await.unwrap(), Some(now - 1), "it gets its value");
            assert!(stored || refused(&nodes[0]) == 1);
            assert_all_see(&nodes, &origin, now, "fill").await;
        }
    }
    4
}

/// The old value is at hand, in case the load fails, which it does.
async fn stale_on_error() -> usize {
    let redis = RedisServer::start().await;
    let origin = Origin::new();
    for by in 0..2 {
        let waiting = Policy::new(Duration::from_millis(20))
            .with_grace(LONG)
            .with_load_timeout_soft(LONG);
        let nodes = two_nodes(&redis, waiting).await;
        let _ = nodes[0].sees(TENANT, &origin).await;
        // Without the invalidation the old value does stand in.
        tokio::time::sleep(Duration::from_millis(25)).await;
        origin.fail(true);
        let covered = nodes[0].read(TENANT, &origin).await;
        assert!(covered.outcome().load_failed);
        origin.fail(false);
        invalidate(&nodes, 0, Scope::Tenant).await;
        let _ = nodes[0].sees(TENANT, &origin).await;
        tokio::time::sleep(Duration::from_millis(25)).await;

        origin.hold.arm();
        let early = begin(&nodes[0], &origin);
        origin.hold.reached().await;
        let now = change(&origin, &nodes, by, Scope::Tenant).await;
        origin.fail(true);
        origin.hold.release();
        let early = early.await.unwrap();
        assert!(early.is_none_or(|early| early < now), "{early:?}");
        for node in &nodes {
            let later = node.try_read(TENANT, &origin).await;
            assert!(later.is_err(), "{later:?}");
        }
        origin.fail(false);
        assert_all_see(&nodes, &origin, now, "stale on error").await;
    }
    2
}

#[tokio::test]
async fn f57_a_tag_that_only_the_value_shows() {
    let redis = RedisServer::start().await;
    let nodes = two_nodes(&redis, Policy::new(LONG)).await;
    let origin = Origin::new();
    let shown = || Scope::Tag(Tag::new("shown").unwrap());
    let mut loads = 0;
    for by in 0..2 {
        for _ in 0..10 {
            origin.hold.arm();
            let early = begin(&nodes[0], &origin);
            origin.hold.reached().await;
            let now = change(&origin, &nodes, by, shown()).await;
            origin.hold.release();
            assert_eq!(early.await.unwrap(), Some(now - 1), "it gets its value");
            assert_eq!(redis.cli(&["exists", &key(TENANT)]), "0");
            assert_all_see(&nodes, &origin, now, "the tag").await;
            // From now on the tag is known.
            let hit = nodes[0].read(TENANT, &origin).await.outcome();
            assert_eq!((hit.status, hit.source), (Status::Hit, Source::Local));
            let now = change(&origin, &nodes, by, shown()).await;
            assert_all_see(&nodes, &origin, now, "the known tag").await;
            invalidate(&nodes, by, Scope::Tenant).await;
            let _ = redis.cli(&["del", &key(TENANT)]);
            loads += 1;
        }
    }
    seen(
        "F57",
        format!(
            "{loads} loads, tag invalidated meanwhile, here or on another node: served 0 times"
        ),
    );
}
