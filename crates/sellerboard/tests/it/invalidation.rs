//! `DELETE /cache`: what it covers is gone at once, everything else stays.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use reqwest::Method;
use serde_json::json;
use tempfile::NamedTempFile;
use testkit::RedisServer;
use tokio::task::JoinHandle;

use crate::node::{Node, eventually, send};
use crate::reply::Reply;
use crate::tokens::{admin, token};
use crate::world::World;

/// Ten times a command's default budget: what a selector covers is told by the next read only if Redis answers that one, and a
/// machine busy with other tests can take longer than the default.
const PATIENT: (&str, &str) = ("REDIS_COMMAND_TIMEOUT", "1s");

/// Reads of several endpoints, with the selectors that cover each.
const COVERED: [(&str, &[&str]); 6] = [
    (
        "/dashboard/kpis",
        &[
            "?key=dashboard_kpis:tenant-001",
            "?endpoint=dashboard_kpis",
            "?prefix=dashboard",
        ],
    ),
    (
        "/dashboard/trends?days=7",
        &[
            "?key=dashboard_trends:tenant-001:days:7",
            "?endpoint=dashboard_trends",
            "?prefix=dashboard",
        ],
    ),
    (
        "/dashboard/trends?days=8",
        &["?endpoint=dashboard_trends", "?prefix=dashboard"],
    ),
    (
        "/products",
        &[
            "?endpoint=products",
            "?prefix=prod",
            "?prefix=p",
            "?tag=product:101",
            "?tag=product:102",
        ],
    ),
    (
        "/products/101",
        &[
            "?endpoint=products",
            "?prefix=prod",
            "?prefix=p",
            "?tag=product:101",
        ],
    ),
    (
        "/pricing/trends?product_id=102",
        &["?endpoint=pricing_trends", "?prefix=p", "?tag=product:102"],
    ),
];

const SELECTORS: [&str; 11] = [
    "",
    "?key=dashboard_kpis:tenant-001",
    "?key=dashboard_trends:tenant-001:days:7",
    "?endpoint=dashboard_kpis",
    "?endpoint=dashboard_trends",
    "?endpoint=products",
    "?prefix=dashboard",
    "?prefix=prod",
    "?prefix=p",
    "?tag=product:101",
    "?tag=product:102",
];

/// Loads every read of both tenants, so that each is a hit from now on.
async fn warm(node: &Node) {
    for tenant in ["tenant-001", "tenant-002"] {
        for (path, _) in COVERED {
            node.get(tenant, path).await.ok();
        }
    }
}

async fn assert_covers_exactly(invalidating: &Node, reading: &Node) {
    for query in SELECTORS {
        warm(invalidating).await;
        warm(reading).await;
        invalidating.applied("tenant-001", query).await;
        for (path, selectors) in COVERED {
            let covered = query.is_empty() || selectors.contains(&query);
            let status = invalidating.get("tenant-001", path).await.ok();
            assert_eq!(status.hit, !covered, "{path} after {query:?}: {status:?}");
            let theirs = invalidating.get("tenant-002", path).await.ok();
            assert!(
                theirs.hit,
                "{path} of another tenant after {query:?}: {theirs:?}"
            );
        }
    }
}

#[tokio::test]
async fn each_selector_covers_what_it_names_and_nothing_else() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    assert_covers_exactly(&node, &node).await;
}

/// With Redis, without any SCAN, KEYS or FLUSH on the way.
#[tokio::test]
async fn each_selector_covers_the_same_in_redis_without_a_scan() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let monitor = Monitor::start(&redis).await;
    let (one, two) = (
        world.node_on(&redis, &[PATIENT]).await,
        world.node_on(&redis, &[PATIENT]).await,
    );
    assert_covers_exactly(&one, &two).await;
    let list = one.get("tenant-001", "/cache/entries").await;
    assert!(!list.json()["items"].as_array().unwrap().is_empty());
    let commands = monitor.stop(&redis).await;
    assert!(
        commands
            .iter()
            .any(|command| command.starts_with("evalsha")),
        "{commands:?}"
    );
    for command in commands {
        let forbidden = [
            "scan",
            "hscan",
            "sscan",
            "zscan",
            "keys",
            "flushall",
            "flushdb",
            "randomkey",
        ];
        assert!(!forbidden.contains(&command.as_str()), "{command}");
    }
}

/// Another node stops serving within the coherence bound.
#[tokio::test]
async fn another_node_hears_of_it_within_the_bound() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let (one, two) = (
        world.node_on(&redis, &[]).await,
        world.node_on(&redis, &[]).await,
    );
    let old = one.get("tenant-001", "/products/101").await;
    two.get("tenant-001", "/products/101")
        .await
        .assert_hit("redis");
    world.reprice("tenant-001", "9.99").await;
    one.applied("tenant-001", "?tag=product:101").await;
    let since = tokio::time::Instant::now();
    eventually("the other node serves the new price", async || {
        let reply = two.get("tenant-001", "/products/101").await;
        (reply.body != old.body).then_some(())
    })
    .await;
    assert!(
        since.elapsed() < std::time::Duration::from_secs(3),
        "{:?}",
        since.elapsed()
    );
}

#[tokio::test]
async fn selectors_that_make_no_sense_change_nothing() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    warm(&node).await;
    let ann = token("tenant-001");
    for query in [
        "?key=dashboard_kpis:tenant-001&endpoint=products",
        "?tag=a&prefix=b",
        "?tag=a&tag=b",
        "?key=",
        "?endpoint=",
        "?prefix=",
        "?tag=",
        "?tenant=",
        "?endpoint=nonsense",
        "?endpoint=dashboard",
        "?key=nonsense",
        "?key=%2A",
        "?durability=maybe",
        "?tag=%0a",
    ] {
        node.invalidate(&ann, query)
            .await
            .problem(400, "invalid-parameter");
    }
    for (path, _) in COVERED {
        node.get("tenant-001", path).await.assert_hit("local");
    }
}

#[tokio::test]
async fn another_tenants_cache_needs_the_scope() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    warm(&node).await;
    let ann = token("tenant-001");
    for query in [
        "?tenant=tenant-002",
        "?tenant=tenant-002&endpoint=products",
        "?key=dashboard_kpis:tenant-002",
        "?key=dashboard_kpis:tenant-002&tenant=tenant-002",
    ] {
        node.invalidate(&ann, query).await.problem(403, "forbidden");
    }
    for tenant in ["tenant-001", "tenant-002"] {
        for (path, _) in COVERED {
            node.get(tenant, path).await.assert_hit("local");
        }
    }

    let op = admin("tenant-001");
    let reply = node
        .invalidate(&op, "?tenant=tenant-002&endpoint=products")
        .await;
    assert_eq!(reply.json()["status"], "applied");
    node.get("tenant-002", "/products").await.assert_miss();
    node.get("tenant-002", "/dashboard/kpis")
        .await
        .assert_hit("local");
    node.get("tenant-001", "/products")
        .await
        .assert_hit("local");

    // A key that nothing is stored under is no error.
    node.applied("tenant-001", "?key=products:tenant-001:id:nothing")
        .await;
}

#[tokio::test]
async fn a_prefix_is_literal() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    warm(&node).await;
    let ann = token("tenant-001");
    for prefix in ["*", "dash*", "d?shboard", "%5Ba-z%5D", "tenant-002", "%25"] {
        let reply = node.invalidate(&ann, &format!("?prefix={prefix}")).await;
        assert!([200, 400].contains(&reply.status), "{prefix}: {reply:?}");
    }
    for (path, _) in COVERED {
        node.get("tenant-001", path).await.assert_hit("local");
    }
}

#[tokio::test]
async fn what_was_done_is_listed_newest_first_for_the_own_tenant() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    node.applied("tenant-001", "").await;
    node.applied("tenant-001", "?endpoint=products").await;
    node.applied("tenant-002", "").await;
    let own = node.get("tenant-001", "/cache/invalidations").await.json();
    let scopes: Vec<_> = own["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["scope"])
        .collect();
    assert_eq!(scopes, ["endpoint products", "tenant"]);
    let all = node
        .get_as(&admin("tenant-001"), "/cache/invalidations")
        .await
        .json();
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
    node.get("tenant-001", "/cache/invalidations?tenant=tenant-002")
        .await
        .problem(403, "forbidden");
}

const IN_FLIGHT_KEY: &str = "products:tenant-001:id:101";
/// Selectors that cover the product in flight.
const IN_FLIGHT: [&str; 5] = [
    "?key=products:tenant-001:id:101",
    "?endpoint=products",
    "?prefix=prod",
    "?tag=product:101",
    "",
];

/// A read that is at the marketplace, and stays there until it is healed.
async fn read_in_flight(world: &World, node: &Node) -> JoinHandle<Reply> {
    let before = world.calls().await;
    world.set_faults(&json!({ "hang": true })).await;
    let request = node.api(Method::GET, "/products/101", &token("tenant-001"));
    let read = tokio::spawn(send(request));
    world.await_calls(before + 1).await;
    read
}

/// What was in flight when the invalidation was acknowledged goes into no tier.
#[tokio::test]
async fn a_load_in_flight_leaves_nothing_behind() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    for node in [&world.node(&[]).await, &world.node_on(&redis, &[]).await] {
        for query in IN_FLIGHT {
            // What lies there from the turn before is invalid, but it lies there.
            let _ = redis.cli(&["del", IN_FLIGHT_KEY]);
            let read = read_in_flight(&world, node).await;
            node.applied("tenant-001", query).await;
            world.heal().await;
            // Its reader came before the invalidation and may have it.
            assert!(!read.await.unwrap().ok().stored, "{query}");
            assert_eq!(redis.cli(&["exists", IN_FLIGHT_KEY]), "0", "{query}");
            let next = node.get("tenant-001", "/products/101").await;
            next.assert_miss();
            assert!(next.cache().stored, "{query}");
            node.applied("tenant-001", "").await;
        }
    }
}

#[tokio::test]
async fn whoever_comes_after_an_invalidation_joins_no_load_from_before_it() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    for node in [&world.node(&[]).await, &world.node_on(&redis, &[]).await] {
        for query in IN_FLIGHT {
            let early = read_in_flight(&world, node).await;
            node.applied("tenant-001", query).await;
            let late = read_in_flight(&world, node).await;
            world.heal().await;
            assert!(!early.await.unwrap().ok().stored, "{query}");
            let late = late.await.unwrap().ok();
            assert!(late.stored && !late.collapsed, "{query}: {late:?}");
            node.applied("tenant-001", "").await;
        }
    }
}

/// `redis-cli monitor`, as a process of the test's own.
struct Monitor {
    child: Child,
    log: NamedTempFile,
}

impl Monitor {
    async fn start(redis: &RedisServer) -> Self {
        let log = NamedTempFile::new().unwrap();
        let child = Command::new("redis-cli")
            .args(["-p", &redis.port().to_string(), "monitor"])
            .stdin(Stdio::null())
            .stdout(File::create(log.path()).unwrap())
            .spawn()
            .unwrap();
        let monitor = Self { child, log };
        monitor.await_line("OK").await;
        monitor
    }

    async fn await_line(&self, end: &str) {
        eventually("the monitor prints", async || {
            let text = std::fs::read_to_string(self.log.path()).unwrap();
            text.lines().any(|line| line.ends_with(end)).then_some(())
        })
        .await;
    }

    /// The names of all commands since the start, in lower case, those of scripts too.
    async fn stop(mut self, redis: &RedisServer) -> Vec<String> {
        assert_eq!(redis.cli(&["echo", "the last one"]), "the last one");
        self.await_line("\"echo\" \"the last one\"").await;
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let text = std::fs::read_to_string(self.log.path()).unwrap();
        let names = text.lines().filter_map(|line| line.split('"').nth(1));
        names.map(str::to_ascii_lowercase).collect()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
