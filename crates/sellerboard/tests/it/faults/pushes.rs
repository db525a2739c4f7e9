//! F47 to F51: what Redis tells of its own accord is lost, late, too much, or goes unread.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tenantcache::{Scope, Status};
use testkit::{Connections, Direction, Pace, RedisServer, Replies, TcpProxy, Twist};
use tokio::time::{Instant, sleep};

use super::lab::{LONG, Lab, Origin, Settings};
use super::report::{in_full, seen};
use crate::node::eventually;

const TENANT: &str = "tenant-001";
/// The coherence bound by default.
const BOUND: Duration = Duration::from_secs(2);
/// What a machine that is busy with other tests may take longer.
const SLACK: Duration = Duration::from_secs(1);

/// A node that reaches Redis directly, and one behind a proxy, which relies on a table for so long.
async fn behind_proxy(redis: &RedisServer, bound: Duration) -> (Lab, Lab, TcpProxy) {
    let proxy = TcpProxy::start(redis.port()).await;
    let settings = Settings {
        bound,
        ..Settings::default()
    };
    let near = Lab::start(&redis.url(), settings.clone()).await;
    let far = Lab::start(&proxy.url(), settings).await;
    (near, far, proxy)
}

/// Waits until the node has heeded everything that it was told.
async fn at_rest(node: &Lab) {
    eventually("nothing is in doubt", async || {
        (node.cache.unconfirmed_mirrors() == 0).then_some(())
    })
    .await;
}

fn named(prefix: &str, count: u32) -> Vec<String> {
    (0..count).map(|at| format!("{prefix}-{at}")).collect()
}

/// Invalidates so often, over these tenants.
async fn invalidate_often(node: &Lab, tenants: &[String], count: usize) {
    let turns = tenants.iter().cycle().take(count);
    futures_util::stream::iter(turns)
        .map(|tenant| node.invalidate(tenant, Scope::Tenant))
        .buffer_unordered(32)
        .collect::<()>()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f47_the_tracking_connection_is_down() {
    let redis = RedisServer::start().await;
    let (near, far, proxy) = behind_proxy(&redis, LONG).await;
    let origin = Origin::new();
    let (changed, calm) = (named("changed", 10), named("calm", 10));
    let mut outages = vec![
        (Duration::from_millis(100), 100),
        (Duration::from_secs(1), 1_000),
    ];
    if in_full() {
        outages.push((Duration::from_secs(50), 10_000));
    }
    let mut doubted = Duration::ZERO;
    for (length, invalidations) in &outages {
        for tenant in changed.iter().chain(&calm) {
            let _ = far.sees(tenant, &origin).await;
        }
        at_rest(&far).await;
        let cut = Instant::now();
        proxy.twist(
            Replies::all().to_commands(&["CLIENT TRACKING"]),
            Twist::Close,
        );
        assert_eq!(proxy.cut(Connections::Tracking), 1);
        eventually("every mirror is in doubt", async || {
            (far.cache.unconfirmed_mirrors() >= 20).then_some(())
        })
        .await;
        doubted = doubted.max(cut.elapsed());
        let now = origin.write();
        invalidate_often(&near, &changed, *invalidations).await;
        // It is not told, and asks.
        assert!(!far.cache.is_notified());
        assert_eq!(far.sees(&changed[0], &origin).await, now);
        tokio::time::sleep_until(cut + *length).await;
        proxy.heal();
        far.until_told().await;
        let calls = origin.calls();
        for tenant in &calm {
            let answer = far.read(tenant, &origin).await;
            assert_eq!(answer.outcome().status, Status::Hit, "{tenant}");
        }
        assert_eq!(origin.calls(), calls, "what did not change is not loaded");
        for tenant in &changed {
            assert_eq!(far.sees(tenant, &origin).await, now, "{tenant}");
        }
    }
    assert!(doubted < BOUND, "{doubted:?}");
    let (length, count) = outages[outages.len() - 1];
    seen(
        "F47",
        format!(
            "down 0.1 s to {length:.0?}, up to {count} invalidations: in doubt after {doubted:.0?}, 0 old answers, 0 loads of what did not change"
        ),
    );
}

#[tokio::test]
async fn f48_a_push_is_lost_and_the_connection_lives() {
    let redis = RedisServer::start().await;
    let (near, far, proxy) = behind_proxy(&redis, BOUND).await;
    let origin = Origin::new();
    let _ = far.sees(TENANT, &origin).await;
    at_rest(&far).await;
    proxy.delete_pushes(1);
    let now = origin.write();
    near.invalidate(TENANT, Scope::Tenant).await;
    let acknowledged = Instant::now();
    let mut old = 0_u32;
    while far.sees(TENANT, &origin).await != now {
        old += 1;
        assert!(acknowledged.elapsed() < BOUND + SLACK, "still old");
        sleep(Duration::from_millis(5)).await;
    }
    let took = acknowledged.elapsed();
    assert_eq!(proxy.counts().pushes_deleted, 1);
    assert!(far.cache.is_notified(), "the connection lives");
    assert!(old > 0, "the push was the only news");
    seen(
        "F48",
        format!(
            "1 push deleted: old for {took:.1?} of at most {BOUND:?}, {old} answers, then never"
        ),
    );
}

#[tokio::test]
async fn f49_pushes_come_at_the_wrong_time() {
    let redis = RedisServer::start().await;
    let (near, far, proxy) = behind_proxy(&redis, LONG).await;
    let (far, origin) = (Arc::new(far), Origin::new());
    far.know(TENANT).await;
    at_rest(&far).await;

    // The push comes before the reply that it voids.
    let _ = near.sees(TENANT, &origin).await;
    far.remote.found.arm();
    let early = tokio::spawn({
        let (far, origin) = (Arc::clone(&far), Arc::clone(&origin));
        async move { far.sees(TENANT, &origin).await }
    });
    far.remote.found.reached().await;
    let (now, heard) = (origin.write(), far.heard());
    near.invalidate(TENANT, Scope::Tenant).await;
    far.until_heard(heard).await;
    far.remote.found.release();
    assert!(early.await.unwrap() <= now);
    assert_eq!(far.sees(TENANT, &origin).await, now);
    at_rest(&far).await;

    // A hundred pushes about nothing: the table is read again, and what is there stays.
    let (calls, heard) = (origin.calls(), far.heard());
    let table = format!("tenantcache:table:{TENANT}");
    for _ in 0..100 {
        assert_eq!(redis.cli(&["expire", &table, "3600"]), "1");
    }
    far.until_heard(heard + 99).await;
    at_rest(&far).await;
    assert_eq!(far.sees(TENANT, &origin).await, now);
    assert_eq!(origin.calls(), calls, "nothing is loaded for them");

    // Pushes overtake replies by far, and come after seconds.
    let settings = Settings {
        bound: BOUND,
        ..Settings::default()
    };
    let late = Lab::start(&proxy.url(), settings).await;
    let _ = late.sees(TENANT, &origin).await;
    at_rest(&late).await;
    proxy.delay_pushes(Duration::from_secs(4));
    let (now, heard) = (origin.write(), late.heard());
    near.invalidate(TENANT, Scope::Tenant).await;
    let acknowledged = Instant::now();
    while late.sees(TENANT, &origin).await != now {
        assert!(acknowledged.elapsed() < BOUND + SLACK, "still old");
        sleep(Duration::from_millis(5)).await;
    }
    let took = acknowledged.elapsed();
    let calls = origin.calls();
    late.until_heard(heard).await;
    assert_eq!(late.sees(TENANT, &origin).await, now);
    assert_eq!(origin.calls(), calls, "a push that is late changes nothing");
    seen(
        "F49",
        format!(
            "before its reply, 100 times over, up to 4 s late (old for {took:.1?}): 0 old answers later, 0 loads"
        ),
    );
}

#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f50_more_keys_than_redis_keeps_track_of() {
    let server = RedisServer::builder().with_config("tracking-table-max-keys", &["100"]);
    let redis = server.start().await;
    let (near, far, _proxy) = behind_proxy(&redis, LONG).await;
    let origin = Origin::new();
    let tenants = named("tenant", 400);
    for tenant in &tenants {
        let _ = far.sees(tenant, &origin).await;
    }
    at_rest(&far).await;
    let (calls, heard) = (origin.calls(), far.heard());
    for _ in 0..3 {
        for tenant in &tenants {
            let answer = far.read(tenant, &origin).await;
            assert_eq!(answer.outcome().status, Status::Hit);
        }
    }
    assert_eq!(origin.calls(), calls);
    assert_eq!(far.heard(), heard, "no push is made up for want of room");
    let info = redis.cli(&["info", "stats"]);
    let tracked = info
        .lines()
        .find_map(|line| line.trim().strip_prefix("tracking_total_keys:"));
    assert_eq!(tracked, Some("0"), "prefixes fill no table");
    // Of each change all the same there is one.
    let now = origin.write();
    invalidate_often(&near, &tenants, tenants.len()).await;
    far.until_heard(heard + 399).await;
    for tenant in &tenants {
        assert_eq!(far.sees(tenant, &origin).await, now);
    }
    seen(
        "F50",
        format!(
            "400 tables at a limit of 100: {} keys tracked, 0 pushes made up, each of 400 changes told",
            0
        ),
    );
}

#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f51_a_subscriber_that_does_not_read_is_cut_off() {
    let limit = ["normal", "1mb", "0", "0"];
    let server = RedisServer::builder().with_config("client-output-buffer-limit", &limit);
    let redis = server.start().await;
    let (near, far, proxy) = behind_proxy(&redis, LONG).await;
    let origin = Origin::new();
    for tenant in [TENANT, "calm"] {
        let _ = far.sees(tenant, &origin).await;
    }
    at_rest(&far).await;
    proxy.pace(
        Connections::Tracking,
        Direction::Down,
        Pace::default().with_bandwidth(1),
    );
    // Tables of others, with names that fill what is between Redis and the node, and then what Redis keeps for it.
    const WRITE: &str = "for i = 1, 10 do redis.call('SET', KEYS[1] .. i, '', 'EX', 60) end";
    let name = format!("tenantcache:table:{}", "x".repeat(60_000));
    let tracking = || {
        let list = redis.cli(&["client", "list"]);
        list.lines()
            .filter(|line| line.contains(" flags=tB"))
            .count()
    };
    let before = tracking();
    assert!(before >= 2, "both nodes are tracking");
    eventually("the subscriber is cut off", async || {
        let _ = redis.cli(&["eval", WRITE, "1", &name]);
        (tracking() < before).then_some(())
    })
    .await;
    let (now, cut) = (origin.write(), Instant::now());
    near.invalidate(TENANT, Scope::Tenant).await;
    proxy.heal();
    eventually("the node finds out", async || {
        (far.sees(TENANT, &origin).await == now).then_some(())
    })
    .await;
    let took = cut.elapsed();
    assert!(took < BOUND + SLACK, "{took:?}");
    far.until_told().await;
    let calls = origin.calls();
    let calm = far.read("calm", &origin).await;
    assert_eq!(calm.outcome().status, Status::Hit);
    assert_eq!(origin.calls(), calls, "what did not change is not loaded");
    seen(
        "F51",
        format!(
            "cut at 1 MiB unread: in doubt and read anew after {took:.1?}, tracking again, 0 loads of what did not change"
        ),
    );
}
