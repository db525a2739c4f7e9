//! F17, F23, F25, F27: Redis answers, but refuses what stores something, or has something else at our keys.

use std::sync::Arc;
use std::time::Duration;

use testkit::RedisServer;
use tokio::time::Instant;

use super::load::Load;
use super::report::seen;
use super::subject::{
    BOUND, OUTAGE_TTL, PATIENT, PRODUCT_KEY, SLACK, Subject, TENANT, assert_price, invalidate,
    is_stored, recovery, refusals, time_until_price, until_not_up, until_settled, until_up,
};
use crate::node::{Node, eventually};
use crate::program::Program;
use crate::world::World;

fn set(redis: &RedisServer, name: &str, value: &str) {
    assert_eq!(redis.cli(&["config", "set", name, value]), "OK");
}

fn trends(days: u64) -> (String, String) {
    let key = format!("dashboard_trends:{TENANT}:days:{days}");
    (format!("/dashboard/trends?days={days}"), key)
}

/// Fills that were not stored, by whatever counter.
async fn fills_dropped(node: &Node) -> f64 {
    let mut sum = 0.0;
    for counter in ["fills_dropped", "fills_refused", "remote_errors"] {
        sum += node.figure(&format!("tenantcache_{counter}_total")).await;
    }
    sum
}

/// How long until the node's answers are stored again.
pub(super) async fn time_until_stored(node: &Node, redis: &RedisServer) -> Duration {
    let since = Instant::now();
    let mut limit = 0;
    eventually("answers are stored", async || {
        limit = limit % 100 + 1;
        let path = format!("/dashboard/activity?limit={limit}");
        node.get(TENANT, &path).await.ok();
        let key = format!("dashboard_activity:{TENANT}:limit:{limit}");
        is_stored(redis, &key).then_some(())
    })
    .await;
    let took = since.elapsed();
    assert!(took < Duration::from_secs(1) + SLACK, "{took:?}");
    took
}

/// Redis refuses what stores something. Reads go on, fills are dropped and counted without a loop of repetitions.
async fn assert_reads_go_on(node: &Node, other: &Node, redis: &RedisServer, error: &str) -> String {
    for days in 1..=5 {
        let (path, _) = trends(days);
        other.get(TENANT, &path).await.assert_hit("redis");
    }
    let (dropped, refused) = (fills_dropped(node).await, refusals(redis, &[], error));
    for days in 41..=60 {
        let (path, key) = trends(days);
        node.get(TENANT, &path).await.assert_miss();
        assert!(!is_stored(redis, &key), "{key}");
        node.get(TENANT, &path).await.assert_hit("local");
    }
    // What is known to be refused need not be tried: then it is counted all the same.
    eventually("fills are counted as dropped", async || {
        (fills_dropped(node).await - dropped >= 20.0).then_some(())
    })
    .await;
    let tried = refusals(redis, &[], error) - refused;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle = refusals(redis, &[], error) - refused - tried;
    assert!(
        tried <= 60 && idle <= 20,
        "{tried} refused, then {idle} without a request"
    );
    format!("20 fills dropped and counted, {tried} refused, {idle}/s at rest")
}

/// Redis refuses every script that may write, so that it is not used. It is not asked again and again.
async fn assert_nothing_is_stored(node: &Node, redis: &RedisServer, error: &str) {
    let refused = refusals(redis, &[], error);
    for days in 41..=60 {
        let (path, key) = trends(days);
        node.get(TENANT, &path).await.assert_miss();
        assert!(!is_stored(redis, &key), "{key}");
        node.get(TENANT, &path).await.assert_hit("local");
    }
    until_not_up(node).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let refused = refusals(redis, &[], error) - refused;
    assert!(refused <= 60, "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f17_a_full_server_is_read_and_takes_invalidations() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let subject = Subject::on(&world, &redis.url(), &[PATIENT]).await;
    let other = world.node_on(&redis, &[PATIENT]).await;
    let node = &subject.node;
    world.reprice(TENANT, "1.00").await;
    for node in [node, &other] {
        assert_price(node, "1.00").await;
    }
    for days in 1..=5 {
        node.get(TENANT, &trends(days).0).await.assert_miss();
    }
    set(&redis, "maxmemory-policy", "noeviction");
    set(&redis, "maxmemory", "1000000");
    assert!(redis.cli(&["set", "probe", "1"]).starts_with("OOM"));

    let fills = assert_reads_go_on(node, &other, &redis, "OOM").await;
    world.reprice(TENANT, "2.00").await;
    assert_eq!(invalidate(node).await, "applied");
    let applied = Instant::now();
    assert_price(node, "2.00").await;
    let heeded = time_until_price(&other, "2.00", applied).await;
    assert!(heeded < BOUND + SLACK, "{heeded:?}");

    set(&redis, "maxmemory", "100mb");
    let recovered = time_until_stored(node, &redis).await;
    let log = subject.end().await;
    log.assert_calm(8);
    seen(
        "F17",
        format!(
            "reads hit Redis; {fills}; invalidation applied, heeded in {} ms; stored again after {} ms",
            heeded.as_millis(),
            recovered.as_millis()
        ),
    );
}

/// Each of these is a real server that refuses writes for a reason of its own, and with them every script that may write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f23_no_replicas_no_disk_and_no_master() {
    let start = RedisServer::builder().with_config("repl-diskless-sync-delay", &["0"]);
    let (world, redis) = (World::start().await, start.start().await);
    let mut figures = Vec::new();
    for (price, error) in (0..).zip(["NOREPLICAS", "MISCONF", "MASTERDOWN"]) {
        let subject = Subject::on(&world, &redis.url(), &[PATIENT]).await;
        let other = world.node_on(&redis, &[PATIENT]).await;
        let node = &subject.node;
        let [old, new] = ["00", "50"].map(|cents| format!("{}.{cents}", 10 + price));
        world.reprice(TENANT, &old).await;
        node.applied(TENANT, "").await;
        for node in [node, &other] {
            time_until_price(node, &old, Instant::now()).await;
        }
        for days in 1..=5 {
            node.get(TENANT, &trends(days).0).await.ok();
        }
        let dump =
            std::path::PathBuf::from(redis.cli(&["config", "get", "dir"]).lines().last().unwrap())
                .join("dump.rdb");
        match error {
            "NOREPLICAS" => set(&redis, "min-replicas-to-write", "1"),
            "MISCONF" => {
                // Its snapshot cannot be put in its place.
                std::fs::create_dir(&dump).unwrap();
                set(&redis, "save", "3600 1");
                eventually("a snapshot fails", async || {
                    let _said = redis.cli(&["bgsave"]);
                    let info = redis.cli(&["info", "persistence"]);
                    info.contains("rdb_last_bgsave_status:err").then_some(())
                })
                .await;
            }
            _ => {
                set(&redis, "replica-serve-stale-data", "no");
                redis.replicate(1);
            }
        }
        let said = redis.cli(&["set", "probe", "1"]);
        assert!(said.starts_with(error) || error == "MASTERDOWN", "{said}");
        if error == "MASTERDOWN" {
            assert!(redis.cli(&["get", "probe"]).starts_with(error));
            until_not_up(node).await;
        } else {
            assert_nothing_is_stored(node, &redis, error).await;
        }
        let load = Load::start(&[Arc::clone(node)]);
        load.go_on(100).await;
        world.reprice(TENANT, &new).await;
        let queued = Instant::now();
        assert_eq!(invalidate(node).await, "queued", "{error}");
        assert_price(node, &new).await;
        let state = node.redis_state().await;
        load.go_on(100).await;
        match error {
            "NOREPLICAS" => set(&redis, "min-replicas-to-write", "0"),
            "MISCONF" => {
                std::fs::remove_dir(&dump).unwrap();
                set(&redis, "save", "");
            }
            _ => redis.promote(),
        }
        let recovered = time_until_stored(node, &redis).await;
        let settled = until_settled(node).await;
        let heeded = time_until_price(&other, &new, queued).await;
        let record = load.end().await;
        let log = subject.end().await;
        log.assert_calm(8);
        assert!(log.names(&[&error.to_lowercase()]), "{error}: {log:#?}");
        figures.push(format!(
            "{error}: {state}, 0/{} failed, applied {} ms",
            record.count(),
            (recovered + settled).as_millis()
        ));
        assert!(heeded < OUTAGE_TTL + BOUND + SLACK, "{error}: {heeded:?}");
    }
    seen("F23", figures.join("; "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f25_a_list_stands_at_our_keys() {
    const TABLE: &str = "tenantcache:table:tenant-001";
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let node = world.node_on(&redis, &[PATIENT]).await;
    // At once, so that nobody puts the right thing there in between.
    let spoil = |key: &str| {
        let script = "redis.call('DEL', KEYS[1]); return redis.call('RPUSH', KEYS[1], 'not ours')";
        assert_eq!(redis.cli(&["eval", script, "1", key]), "1");
    };
    spoil(PRODUCT_KEY);
    world.reprice(TENANT, "1.00").await;
    node.get(TENANT, super::subject::PRODUCT)
        .await
        .assert_miss();
    assert_eq!(
        redis.cli(&["type", PRODUCT_KEY]),
        "string",
        "it is overwritten"
    );
    let unusable = "tenantcache_unusable_entries_total{reason=\"not_an_entry\"}";
    let counted = node.figure(unusable).await;
    // A lease and an index of another type are in nobody's way either.
    for key in [
        "tenantcache:lease:dashboard_kpis:tenant-001",
        "tenantcache:index:tenant-001",
    ] {
        spoil(key);
    }
    node.get(TENANT, "/dashboard/kpis").await.assert_miss();
    node.get(TENANT, "/dashboard/kpis")
        .await
        .assert_hit("local");

    world.reprice(TENANT, "2.00").await;
    spoil(TABLE);
    let spoilt = Instant::now();
    let heeded = time_until_price(&node, "2.00", spoilt).await;
    assert!(heeded < BOUND + SLACK, "{heeded:?}");
    assert_eq!(redis.cli(&["type", TABLE]), "hash");
    let made = "tenantcache_tables_made_total{reason=\"unreadable\"}";
    assert!(node.figure(made).await >= 1.0);
    node.applied(TENANT, "").await;
    assert_eq!(node.redis_state().await, "up");
    assert!(
        counted >= 1.0,
        "an entry of another type is not counted as unusable"
    );
    seen(
        "F25",
        format!(
            "entry: miss, counted, overwritten; lease and index: no matter; table: new incarnation in {} ms",
            heeded.as_millis()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f27_a_policy_that_evicts_too_little_is_told() {
    let world = World::start().await;
    let mut figures = Vec::new();
    for policy in ["volatile-lru", "noeviction"] {
        let builder = RedisServer::builder()
            .with_config("maxmemory-policy", &[policy])
            .with_config("maxmemory", &["3mb"]);
        let redis = builder.start().await;
        let check = Program::new(&["check-redis", "--redis-url", &redis.url()]);
        let check = check.run_beside().await;
        assert_eq!(check.code, Some(0), "{check:?}");
        let output = format!("{}{}", check.stdout, check.stderr);
        assert!(
            output.contains(&format!("Eviction: {policy}, maxmemory 3 MB")),
            "{output}"
        );
        assert!(
            output.contains("allkeys-lru"),
            "check-redis does not say what to set: {output}"
        );

        let subject = Subject::on(&world, &redis.url(), &[PATIENT]).await;
        let node = &subject.node;
        until_up(node).await;
        let load = Load::start(&[Arc::clone(node)]);
        load.go_on(400).await;
        // Others' keys, which do not expire, fill what is left.
        let fill = "for i = 1, 50 do redis.call('SET', ARGV[1] .. i, string.rep('x', 1000)) end";
        let full = (0..200).any(|batch| {
            let said = redis.cli(&["eval", fill, "0", &format!("others:{batch}:")]);
            said.starts_with("OOM")
        });
        assert!(full, "it is full");
        load.go_on(200).await;
        world.reprice(TENANT, "1.00").await;
        node.applied(TENANT, "").await;
        assert_price(node, "1.00").await;
        let record = load.end().await;
        assert_eq!(redis.cli(&["flushall"]), "OK");
        let recovered = recovery(node, &redis).await;
        let log = subject.end().await;
        let mut warnings = log.warnings();
        warnings.retain(|line| line.contains("allkeys-lru"));
        assert_eq!(warnings.len(), 1, "{log:#?}");
        log.assert_calm(8);
        figures.push(format!(
            "{policy}: 0 of {} failed, stored {} ms after",
            record.count(),
            recovered.as_millis()
        ));
    }
    let figures = figures.join("; ");
    seen(
        "F27",
        format!("warned by check-redis and at the start; {figures}"),
    );
}
