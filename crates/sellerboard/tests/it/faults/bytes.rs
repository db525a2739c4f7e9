//! F28 to F31: what stands in Redis, or comes from it, is not what was put there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use tenantcache::core::StoredEntry;
use tenantcache::remote::Remote;
use tenantcache::{
    Answer, Cache, Endpoint, EntryRef, Key, Loaded, Policy, PolicyTable, Status, TenantId,
};
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::{RedisServer, Replies, TcpProxy, Twist};
use tokio::time::Instant;

use super::report::seen;
use crate::log::Log;
use crate::node::{Node, eventually};
use crate::reply::Reply;
use crate::tokens::admin;
use crate::world::World;

/// A busy machine is no slow Redis.
pub(super) const BUDGET: (&str, &str) = ("REDIS_COMMAND_TIMEOUT", "2s");
/// What a reply that is lost costs.
const SHORT_BUDGET: (&str, &str) = ("REDIS_COMMAND_TIMEOUT", "500ms");
pub(super) const TENANTS: [&str; 2] = ["tenant-001", "tenant-002"];
/// What each tenant's answers show, and the other's never do.
const CURRENCIES: [&str; 2] = ["GBP", "EUR"];
const FOREIGN: &str = "tenantcache_unusable_entries_total{reason=\"foreign\"}";
const MISDIRECTED: &str = "tenantcache_misdirected_replies_total";

pub(super) async fn connect(redis: &RedisServer) -> MultiplexedConnection {
    let client = redis::Client::open(redis.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

pub(super) async fn bytes_at(connection: &mut MultiplexedConnection, key: &Key) -> Vec<u8> {
    let mut get = redis::cmd("GET");
    get.arg(key.as_str()).query_async(connection).await.unwrap()
}

pub(super) async fn put(connection: &mut MultiplexedConnection, key: &Key, bytes: &[u8]) {
    let mut set = redis::cmd("SET");
    let set = set.arg(key.as_str()).arg(bytes).arg("PX").arg(600_000);
    set.query_async::<()>(connection).await.unwrap();
}

/// A node of the library's own, which takes its time.
pub(super) async fn library_node(redis: &RedisServer, policy: Policy) -> Cache {
    let options = RedisOptions::new(&redis.url()).unwrap();
    let tier = RedisTier::start(options.with_command_timeout(Duration::from_secs(5)));
    tier.ready().await;
    let builder = Cache::builder().with_policies(PolicyTable::uniform(policy));
    let builder = builder.with_remote(Arc::new(tier) as Arc<dyn Remote>);
    builder.build().unwrap()
}

fn minute() -> Policy {
    Policy::new(Duration::from_secs(60))
}

pub(super) fn entry(cache: &Cache) -> EntryRef {
    let tenant = cache.tenant(&TenantId::new(TENANTS[0]).unwrap());
    tenant.entry(&Endpoint::new("products").unwrap())
}

async fn load(cache: &Cache, body: &'static str) -> Answer {
    let loader = async move |_| Ok::<_, std::io::Error>(Loaded::new(body));
    entry(cache).get_or_load(loader).await.unwrap()
}

/// A reply that is the tenant's own.
fn assert_own(reply: &Reply, tenant: usize) {
    reply.ok();
    let text = std::str::from_utf8(&reply.body).unwrap();
    assert!(text.contains(CURRENCIES[tenant]), "{text}");
    assert!(!text.contains(CURRENCIES[1 - tenant]), "{text}");
}

#[tokio::test]
async fn f28_damaged_values_are_misses_and_are_overwritten() {
    let redis = RedisServer::start().await;
    let writer = library_node(&redis, minute()).await;
    let _ = load(&writer, "what was stored").await;
    let key = entry(&writer).key().unwrap();
    let mut connection = connect(&redis).await;
    let sound = bytes_at(&mut connection, &key).await;

    // Without the time at its end, and nothing else, it is an entry as older versions stored them.
    let without_expiry = sound.len() - 12;
    let cut = (1..sound.len()).filter(|len| *len != without_expiry);
    let mut damaged: Vec<Vec<u8>> = cut.map(|len| sound[..len].to_vec()).collect();
    for bit in 0..sound.len() * 8 {
        let mut bytes = sound.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        damaged.push(bytes);
    }
    damaged.extend((0..200).map(|len| (0..len * 7 + 1).map(|_| fastrand::u8(..)).collect()));
    let reader = library_node(&redis, minute()).await;
    for bytes in &damaged {
        put(&mut connection, &key, bytes).await;
        let found = entry(&reader).get().await.unwrap();
        assert!(found.is_none(), "{bytes:02x?}");
    }
    put(&mut connection, &key, b"").await;
    assert!(entry(&reader).get().await.unwrap().is_none());
    let counts = reader.counters().unusable_entries;
    let counted: u64 = counts.iter().map(|(_, count)| count).sum();
    assert_eq!(counted, u64::try_from(damaged.len()).unwrap(), "{counts:?}");

    // The next load puts a sound one in its place, whatever was there.
    let step = damaged.len() / 40;
    for bytes in damaged.iter().step_by(step) {
        put(&mut connection, &key, bytes).await;
        let cold = library_node(&redis, minute()).await;
        let loaded = load(&cold, "what was loaded").await;
        assert_eq!(loaded.outcome().status, Status::Miss);
        let stored = Bytes::from(bytes_at(&mut connection, &key).await);
        let stored = StoredEntry::decode(&stored, &key).unwrap();
        assert_eq!(stored.body, "what was loaded");
    }

    // As an operator sees it.
    let world = World::start().await;
    let nodes = [
        world.node_on(&redis, &[BUDGET]).await,
        world.node_on(&redis, &[BUDGET]).await,
    ];
    nodes[0].get(TENANTS[0], "/products/101").await.ok();
    let _ = redis.cli(&["setrange", "products:tenant-001:id:101", "70", "x"]);
    let reply = nodes[1].get(TENANTS[0], "/products/101").await;
    reply.assert_miss();
    assert_own(&reply, 0);
    let corrupt = "tenantcache_unusable_entries_total{reason=\"corrupt\"}";
    assert!(nodes[1].figure(corrupt).await >= 1.0);
    seen(
        "F28",
        format!(
            "{counted} damaged values ({} bytes: each length, each bit; 200 random): all misses, all counted; overwritten by the next load",
            sound.len()
        ),
    );
}

#[tokio::test]
async fn f29_another_tenants_entry_under_ones_own_key_is_dropped() {
    const READS: [(&str, &str); 4] = [
        ("/products/101", "products:T:id:101"),
        ("/products", "products:T:limit:20"),
        ("/pricing/trends", "pricing_trends:T:days:30"),
        ("/dashboard/kpis", "dashboard_kpis:T"),
    ];
    let log = Log::capture();
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let nodes = [
        world.node_on(&redis, &[BUDGET]).await,
        world.node_on(&redis, &[BUDGET]).await,
    ];
    let mut connection = connect(&redis).await;
    for (path, key) in READS {
        let (own, theirs) = (key.replace('T', TENANTS[0]), key.replace('T', TENANTS[1]));
        for how in ["RENAME", "RESTORE", "COPY"] {
            let reply = nodes[0].reload(TENANTS[1], path).await;
            assert_own(&reply, 1);
            let mut command = redis::cmd(how);
            match how {
                "RESTORE" => {
                    let mut dump = redis::cmd("DUMP");
                    let dump = dump.arg(&theirs).query_async(&mut connection).await;
                    let dump: Vec<u8> = dump.unwrap();
                    command.arg(&own).arg(60_000).arg(dump).arg("REPLACE")
                }
                "COPY" => command.arg(&theirs).arg(&own).arg("REPLACE"),
                _ => command.arg(&theirs).arg(&own),
            };
            command
                .query_async::<redis::Value>(&mut connection)
                .await
                .unwrap();
            // Forgets what this node has itself.
            nodes[0].applied(TENANTS[0], "").await;
            let copied = nodes[1].get(TENANTS[0], path).await;
            copied.assert_miss();
            assert_own(&copied, 0);
        }
    }
    let foreign = nodes[1].figure(FOREIGN).await;
    assert!(foreign >= 12.0, "{foreign}");
    let lines = log.count("The remote tier gave an entry of another key");
    assert!(lines >= 12, "{}", log.text());
    assert_eq!(nodes[1].figure(MISDIRECTED).await, 0.0);
    seen(
        "F29",
        format!(
            "12 entries moved by RENAME, RESTORE, COPY: 0 foreign bytes, {foreign} counted as foreign, {lines} security lines, no reconnect"
        ),
    );
}

/// Reads of both tenants at the same time, so that their replies follow each other on one connection.
async fn read_both(node: &Node, path: &str) {
    let (one, other) = tokio::join!(node.get(TENANTS[0], path), node.get(TENANTS[1], path));
    assert_own(&one, 0);
    assert_own(&other, 1);
}

#[tokio::test]
async fn f30_replies_for_other_requests_are_dropped_and_their_connection_closed() {
    let log = Log::capture();
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let proxy = TcpProxy::start(redis.port()).await;
    let writer = world.node_on(&redis, &[BUDGET]).await;
    let url = proxy.url();
    let strict = ("CACHE_STRICT_ENDPOINTS", "products");
    let node = world
        .node(&[("REDIS_URL", url.as_str()), SHORT_BUDGET, strict])
        .await;
    let mut figures = Vec::new();
    let mut day = 0;
    for (command, twist) in [
        ("EXEC", Twist::Shift),
        ("EXEC", Twist::Duplicate),
        ("EXEC", Twist::Lose),
        ("EVALSHA", Twist::Swap),
        ("EVALSHA", Twist::Shift),
        ("EVALSHA", Twist::AnotherReply),
        ("EVALSHA", Twist::AnotherValue),
        ("EVALSHA", Twist::Duplicate),
        ("EVALSHA", Twist::Lose),
    ] {
        if command == "EVALSHA" {
            // Reads are scripts where transactions are not allowed.
            let transactions = Replies::all().to_commands(&["MULTI"]);
            proxy.twist(transactions, Twist::Error("NOPERM not this".to_owned()));
        }
        eventually("Redis is up", async || {
            (node.redis_state().await == "up").then_some(())
        })
        .await;
        let before = (
            proxy.counts(),
            node.figure(MISDIRECTED).await + node.figure(FOREIGN).await,
        );
        // What there is to mix up: each answer of both tenants is in Redis, and not on this node.
        for step in 1..=5 {
            let path = format!("/pricing/trends?days={}", day + step);
            read_both(&writer, &path).await;
        }
        let replies = Replies::all().to_commands(&[command]);
        proxy.twist(replies.times(4), twist.clone());
        for _ in 0..5 {
            day += 1;
            read_both(&node, &format!("/pricing/trends?days={day}")).await;
            // Of a strict endpoint the table alone is read, which says nothing of whose it is.
            let price = format!("{day}.25");
            world.reprice(TENANTS[0], &price).await;
            writer.applied(TENANTS[0], "?tag=product:101").await;
            let (one, other) = tokio::join!(
                node.get(TENANTS[0], "/products/101"),
                node.get(TENANTS[1], "/products/101")
            );
            assert_own(&one, 0);
            assert_own(&other, 1);
            assert_eq!(one.json()["payload"]["price"], price, "{twist:?}");
        }
        let after = (
            proxy.counts(),
            node.figure(MISDIRECTED).await + node.figure(FOREIGN).await,
        );
        let twisted = after.0.swapped + after.0.twisted - before.0.swapped - before.0.twisted;
        let noticed = after.1 - before.1;
        assert!(twisted > 0, "{twist:?}");
        let reconnects = after.0.connections - before.0.connections;
        // Whoever waits for a lost reply gives up. What follows answers that request, whose caller is gone.
        if twist != Twist::Lose {
            assert!(noticed >= 1.0, "{twist:?}");
        }
        // A value that stands in a reply of one's own may stand in Redis.
        if !matches!(twist, Twist::AnotherValue | Twist::Lose) {
            assert!(reconnects >= 1, "{twist:?}: its connection is closed");
        }
        figures.push(format!("{command} {twist:?} {noticed}/{reconnects}"));
        proxy.heal();
    }
    let lines = log.count("meant for another request; dropped, and the connection is closed");
    assert!(lines >= 4, "{}", log.text());
    seen(
        "F30",
        format!(
            "0 foreign bytes, 0 stale prices; noticed/reconnects: {}; {lines} log lines",
            figures.join(", ")
        ),
    );
}

/// The most memory that this process ever had, in MiB.
fn memory_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() / 1024
}

/// Entries are stored as they are, so there is nothing that could inflate: a compression bomb of the origin is F60.
#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f31_values_of_any_size_are_misses_at_no_cost() {
    const TINY: u32 = 100_000;
    let world = World::start().await;
    let redis = RedisServer::builder()
        .with_config("maxmemory", &["3gb"])
        .with_config("maxmemory-policy", &["allkeys-lru"]);
    let redis = redis.start().await;
    let node = world.node_on(&redis, &[BUDGET]).await;
    let peak = memory_peak();
    let key = "products:tenant-001:id:101";
    let last = ((512 << 20) - 1).to_string();
    assert_eq!(
        redis.cli(&["setrange", key, &last, "x"]),
        (512 << 20).to_string()
    );
    let begun = Instant::now();
    let reply = node.get(TENANTS[0], "/products/101").await;
    let took = begun.elapsed();
    reply.assert_miss();
    assert_own(&reply, 0);
    assert!(took < Duration::from_secs(2), "{took:?}");
    let length: u64 = redis.cli(&["strlen", key]).parse().unwrap();
    assert!(length < 10_000, "it is overwritten");

    let many = format!(
        "for at = 1, {TINY} do \
         redis.call('SET', 'dashboard_trends:tenant-001:days:' .. at, 'x') \
         redis.call('ZADD', 'tenantcache:index:tenant-001', at, 'dashboard_trends:tenant-001:days:' .. at) \
         redis.call('HSET', 'tenantcache:table:tenant-001', 'g:product:' .. at, '0') end"
    );
    let _ = redis.cli(&["eval", &many, "0"]);
    for days in 1..=100 {
        let reply = node
            .get(TENANTS[0], &format!("/dashboard/trends?days={days}"))
            .await;
        reply.assert_miss();
    }
    let unusable = "tenantcache_unusable_entries_total{reason=\"not_an_entry\"}";
    let unusable = node.figure(unusable).await;
    assert!(unusable >= 101.0, "{unusable}");
    let fields: u32 = redis
        .cli(&["hlen", "tenantcache:table:tenant-001"])
        .parse()
        .unwrap();
    assert!(fields < 100, "a crowded table is made anew");
    let listed = node.get_as(&admin(TENANTS[0]), "/cache/entries").await;
    assert_eq!(listed.status, 200);
    assert!(listed.body.len() < 1 << 20, "{}", listed.body.len());
    let grown = memory_peak() - peak;
    assert!(grown < 64, "{grown} MiB");
    seen(
        "F31",
        format!(
            "512 MiB: miss in {} ms, overwritten; 100,000 tiny values, index keys and table fields: misses; peak memory +{grown} MiB; bombs n/a, entries are not compressed",
            took.as_millis()
        ),
    );
}
