//! F40–F44: another server takes over, an older state comes back, or the server starts anew again and again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use testkit::{Direction, RedisServer, RedisServerBuilder, TcpProxy};
use tokio::time::Instant;

use super::load::Load;
use super::report::seen;
use super::subject::{
    BOUND, PATIENT, PRODUCT_KEY, SLACK, Subject, TENANT, assert_price, invalidate, is_stored,
    recovery, time_until_price, until_not_up, until_settled, until_up,
};
use crate::node::{Node, eventually};
use crate::tokens::token;
use crate::world::World;

/// A primary, its replica, the link between them, and two nodes that reach the primary by an address each.
struct Pair {
    world: World,
    primary: RedisServer,
    replica: RedisServer,
    link: TcpProxy,
    addresses: [TcpProxy; 2],
    nodes: [Arc<Node>; 2],
}

fn builder() -> RedisServerBuilder {
    RedisServer::builder().with_config("repl-diskless-sync-delay", &["0"])
}

async fn in_step(replica: &RedisServer) {
    eventually("the replica is in step", async || {
        replica.is_in_step().then_some(())
    })
    .await;
}

async fn node_at(world: &World, url: &str) -> Arc<Node> {
    let node = world.node(&[("REDIS_URL", url), PATIENT]).await;
    until_up(&node).await;
    Arc::new(node)
}

impl Pair {
    /// Both nodes and both servers know the product at 1.00.
    async fn start() -> Self {
        let world = World::start().await;
        let (primary, replica) = (builder().start().await, builder().start().await);
        let link = TcpProxy::start(primary.port()).await;
        replica.replicate(link.port());
        in_step(&replica).await;
        let port = primary.port();
        let addresses = [TcpProxy::start(port).await, TcpProxy::start(port).await];
        let urls = [addresses[0].url(), addresses[1].url()];
        let nodes = [
            node_at(&world, &urls[0]).await,
            node_at(&world, &urls[1]).await,
        ];
        world.reprice(TENANT, "1.00").await;
        for node in &nodes {
            assert_price(node, "1.00").await;
        }
        eventually("the replica has it", async || {
            is_stored(&replica, PRODUCT_KEY).then_some(())
        })
        .await;
        Self {
            world,
            primary,
            replica,
            link,
            addresses,
            nodes,
        }
    }

    fn cut_link(&self) {
        for direction in [Direction::Up, Direction::Down] {
            self.link.drop_silently(direction, true);
        }
    }

    fn send_to_replica(&self, address: usize) {
        self.addresses[address].retarget(self.replica.port());
        self.addresses[address].cut_all();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f40_a_failover_without_losses() {
    let mut pair = Pair::start().await;
    let load = Load::start(&pair.nodes);
    load.go_on(400).await;
    pair.world.reprice(TENANT, "2.00").await;
    let query = format!("?key={PRODUCT_KEY}&durability=replicated");
    eventually("a replica confirms", async || {
        let reply = pair.nodes[0].invalidate(&token(TENANT), &query).await;
        (reply.json()["status"] == "applied").then_some(())
    })
    .await;
    let applied = Instant::now();
    time_until_price(&pair.nodes[1], "2.00", applied).await;

    let killed = Instant::now();
    pair.primary.kill();
    tokio::time::sleep(Duration::from_millis(300)).await;
    pair.replica.promote();
    let promoted = Instant::now();
    (0..2).for_each(|address| pair.send_to_replica(address));
    for _ in 0..10 {
        for node in &pair.nodes {
            assert_price(node, "2.00").await;
        }
    }
    let mut degraded = Duration::ZERO;
    for node in &pair.nodes {
        let _used = recovery(node, &pair.replica).await;
        degraded = degraded.max(promoted.elapsed());
    }
    assert!(degraded < BOUND + SLACK, "{degraded:?}");
    load.go_on(200).await;
    let fresh = node_at(&pair.world, &pair.replica.url()).await;
    for node in pair.nodes.iter().chain([&fresh]) {
        assert_price(node, "2.00").await;
    }
    let record = load.end().await;
    let during = record.between(killed, promoted + degraded);
    seen(
        "F40",
        format!(
            "0 of {} failed, {during}; both nodes on the new primary {} ms after its promotion; no old answer",
            record.count(),
            degraded.as_millis()
        ),
    );
}

/// The new primary never heard of what the old one had acknowledged, and has the old value beside the old table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f41_a_failover_that_loses_an_invalidation() {
    let mut pair = Pair::start().await;
    pair.cut_link();
    pair.world.reprice(TENANT, "2.00").await;
    assert_eq!(invalidate(&pair.nodes[0]).await, "applied");
    let applied = Instant::now();
    assert_price(&pair.nodes[0], "2.00").await;
    time_until_price(&pair.nodes[1], "2.00", applied).await;
    pair.primary.kill();
    pair.replica.promote();
    assert!(
        is_stored(&pair.replica, PRODUCT_KEY),
        "the old value is there"
    );
    let generation =
        |server: &RedisServer| server.cli(&["hget", "tenantcache:table:tenant-001", "n"]);
    assert_eq!(generation(&pair.replica), "0", "so is the old table");
    (0..2).for_each(|address| pair.send_to_replica(address));
    let promoted = Instant::now();
    // One node that knows of nothing, the others before they are back, and after.
    let fresh = node_at(&pair.world, &pair.replica.url()).await;
    let (mut answers, mut back) = (0, Duration::ZERO);
    while promoted.elapsed() < BOUND {
        for node in pair.nodes.iter().chain([&fresh]) {
            assert_price(node, "2.00").await;
            answers += 1;
        }
        if back.is_zero() && pair.nodes[0].redis_state().await == "up" {
            back = promoted.elapsed();
        }
    }
    for node in &pair.nodes {
        until_up(node).await;
        assert_price(node, "2.00").await;
    }
    seen(
        "F41",
        format!(
            "the promoted replica had the old value and table: 0 of {answers} answers old, on 2 nodes and a new one; back in {} ms",
            back.as_millis()
        ),
    );
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// `kill -9`, then a start from an older snapshot; and from an append-only file as it was in an older backup.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f42_a_restart_from_an_older_state() {
    let mut figures = Vec::new();
    for name in ["RDB", "AOF"] {
        let appending = if name == "AOF" { "yes" } else { "no" };
        let builder = RedisServer::builder().with_config("appendonly", &[appending]);
        let (world, mut redis) = (World::start().await, builder.start().await);
        let nodes = [
            node_at(&world, &redis.url()).await,
            node_at(&world, &redis.url()).await,
        ];
        world.reprice(TENANT, "1.00").await;
        for node in &nodes {
            assert_price(node, "1.00").await;
        }
        let folder = PathBuf::from(redis.cli(&["config", "get", "dir"]).lines().last().unwrap());
        let (file, backup) = (folder.join("appendonlydir"), folder.join("backup"));
        if name == "AOF" {
            copy_folder(&file, &backup);
        } else {
            redis.snapshot();
        }
        world.reprice(TENANT, "2.00").await;
        assert_eq!(invalidate(&nodes[0]).await, "applied");
        let applied = Instant::now();
        for node in &nodes {
            time_until_price(node, "2.00", applied).await;
        }
        redis.kill();
        if name == "AOF" {
            fs::remove_dir_all(&file).unwrap();
            copy_folder(&backup, &file);
        }
        redis.restart().await;
        let restarted = Instant::now();
        assert!(
            is_stored(&redis, PRODUCT_KEY),
            "{name}: the old value is there"
        );
        let fresh = node_at(&world, &redis.url()).await;
        let mut answers = 0;
        while restarted.elapsed() < BOUND {
            for node in nodes.iter().chain([&fresh]) {
                assert_price(node, "2.00").await;
                answers += 1;
            }
        }
        let back = recovery(&nodes[0], &redis).await;
        for node in &nodes {
            until_settled(node).await;
        }
        figures.push(format!(
            "{name}: 0 of {answers} answers old, used in {} ms",
            back.as_millis()
        ));
    }
    seen("F42", figures.join("; "));
}

/// One node stays with the old primary for 3 s, until that is made a replica of the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f43_a_split_brain_ends_with_the_old_primary() {
    const SPLIT: Duration = Duration::from_secs(3);
    let other_product = async |node: &Node| {
        let reply = node.get(TENANT, "/products/102").await;
        reply.json()["payload"]["price"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let pair = Pair::start().await;
    let [late, moved] = &pair.nodes;
    let load = Load::start(&pair.nodes);
    let before = other_product(late).await;
    assert_eq!(other_product(moved).await, before);
    pair.cut_link();
    pair.replica.promote();
    pair.send_to_replica(1);
    let split = Instant::now();
    let _used = recovery(moved, &pair.replica).await;
    // Each side invalidates what the other one knows.
    pair.world.reprice(TENANT, "2.00").await;
    assert_eq!(invalidate(late).await, "applied");
    assert_price(late, "2.00").await;
    let body = json!({ "price": "3.00" });
    pair.world
        .write(TENANT, Method::PATCH, "/products/102", &body)
        .await;
    moved
        .applied(TENANT, "?key=products:tenant-001:id:102")
        .await;
    assert_eq!(other_product(moved).await, "3.00");
    tokio::time::sleep(SPLIT.saturating_sub(split.elapsed())).await;

    let demoted = Instant::now();
    // The one that gives way copies the other; its address leads there from now on.
    let port = pair.replica.port();
    pair.primary.replicate(port);
    pair.addresses[0].retarget(port);
    let noticed = until_not_up(late).await;
    let _used = recovery(late, &pair.replica).await;
    let back = demoted.elapsed();
    eventually("the late node heeds what it did not hear", async || {
        (other_product(late).await == "3.00").then_some(())
    })
    .await;
    let late_stale = demoted.elapsed();
    until_settled(late).await;
    let settled = Instant::now();
    let heeded = time_until_price(moved, "2.00", settled).await;
    assert!(late_stale < 2 * BOUND + SLACK, "{late_stale:?}");
    assert!(heeded < BOUND + SLACK, "{heeded:?}");
    for node in &pair.nodes {
        assert_price(node, "2.00").await;
        assert_eq!(other_product(node).await, "3.00");
    }
    let record = load.end().await;
    seen(
        "F43",
        format!(
            "split 3 s; demotion noticed in {} ms, moved in {} ms, then nothing old on either side; lost writes sent again; 0 of {} failed",
            noticed.as_millis(),
            back.as_millis(),
            record.count()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f44_twenty_restarts_in_a_minute_leave_nothing_behind() {
    const RESTARTS: u32 = 20;
    let (world, mut redis) = (World::start().await, RedisServer::start().await);
    let subject = Subject::on(&world, &redis.url(), &[]).await;
    let node = &subject.node;
    let load = Load::start(&[Arc::clone(node)]);
    load.go_on(600).await;
    let mut prints = Vec::new();
    for _ in 0..RESTARTS {
        redis.kill();
        tokio::time::sleep(Duration::from_millis(500)).await;
        redis.restart().await;
        // Flapping may be damped: it need not be used before the next restart.
        tokio::time::sleep(Duration::from_millis(1_900)).await;
        prints.push(subject.footprint());
    }
    let restarted = Instant::now();
    until_up(node).await;
    let recovered = restarted.elapsed();
    load.go_on(100).await;
    let record = load.end().await;
    eventually("connections settle", async || {
        let clients = redis.cli(&["client", "list", "type", "normal"]);
        (clients.lines().count() <= 4 + 1).then_some(())
    })
    .await;
    let (early, last) = (prints[4], prints[prints.len() - 1]);
    assert!(last.threads <= early.threads + 4, "{early:?} {last:?}");
    assert!(
        last.descriptors <= early.descriptors + 16,
        "{early:?} {last:?}"
    );
    // A test's build, in which a hundred entries and the allocator's arenas weigh more than what is looked for.
    assert!(
        last.resident_kb <= early.resident_kb + 16_000,
        "{early:?} {last:?}"
    );
    let log = subject.end().await;
    log.assert_calm(usize::try_from(RESTARTS).unwrap() * 2 + 3);
    seen(
        "F44",
        format!(
            "0 of {} failed; threads {} to {}, descriptors {} to {}, RSS {} to {} MB; {} changes told; up {} ms after the last",
            record.count(),
            early.threads,
            last.threads,
            early.descriptors,
            last.descriptors,
            early.resident_kb / 1_024,
            last.resident_kb / 1_024,
            log.changes(),
            recovered.as_millis()
        ),
    );
}
