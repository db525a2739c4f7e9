//! F8, F9, F26: connections break, and replies are not what they should be.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Client, RedisError};
use tenantcache::remote::{HealthState, Remote as _};
use tenantcache::{Cache, Endpoint, Key, Loaded, TenantId};
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::{Connections, Greeting, RedisServer, Replies, TcpProxy, Twist};
use tokio::time::Instant;

use super::report::{keep_logs, seen};
use crate::node::{Node, eventually};
use crate::reply::Reply;
use crate::world::World;

pub(super) const TENANT: &str = "tenant-001";
pub(super) const OTHER: &str = "tenant-002";
pub(super) const KPIS: &str = "/dashboard/kpis";
pub(super) const PRODUCT: &str = "/products/101";
/// What one request may wait for Redis, and what it may take longer on a machine whose cores are all taken.
pub(super) const BUDGET: Duration = Duration::from_millis(100);
pub(super) const SLACK: Duration = Duration::from_millis(900);
/// Back to normal, once Redis is.
pub(super) const RECOVERY_MAX: Duration = Duration::from_secs(1);

/// A service whose way to Redis leads through a proxy.
pub(super) struct Wire {
    pub(super) world: World,
    pub(super) redis: RedisServer,
    pub(super) proxy: TcpProxy,
    pub(super) node: Node,
}

impl Wire {
    /// A service that is connected, and told of changes.
    pub(super) async fn start(more: &[(&str, &str)]) -> Self {
        keep_logs();
        let (world, redis) = (World::start().await, RedisServer::start().await);
        let proxy = TcpProxy::start(redis.port()).await;
        let url = proxy.url();
        let mut variables = vec![("REDIS_URL", url.as_str())];
        variables.extend(more);
        let node = world.node(&variables).await;
        node.await_figure("tenantcache_redis_tracking", 1.0).await;
        Self {
            world,
            redis,
            proxy,
            node,
        }
    }

    pub(super) async fn until_state(&self, wanted: &str) -> Duration {
        let since = Instant::now();
        eventually(&format!("Redis is {wanted}"), async || {
            (self.node.redis_state().await == wanted).then_some(())
        })
        .await;
        since.elapsed()
    }

    /// How long until an answer of the node's is stored in Redis again; every answer until then is a success.
    pub(super) async fn used_again(&self) -> Duration {
        used_again(&self.node, &self.redis).await
    }
}

pub(super) async fn used_again(node: &Node, redis: &RedisServer) -> Duration {
    let since = Instant::now();
    let mut limit = 0;
    eventually("Redis is used", async || {
        limit = limit % 100 + 1;
        let path = format!("/dashboard/activity?limit={limit}");
        node.get(TENANT, &path).await.ok();
        let key = format!("dashboard_activity:{TENANT}:limit:{limit}");
        let there = redis.cli(&["EXISTS", &key]) == "1";
        let _it_may_be_missing = redis.cli(&["DEL", &key]);
        there.then_some(())
    })
    .await;
    since.elapsed()
}

/// A success, and how long it took.
pub(super) async fn timed(node: &Node, tenant: &str, path: &str) -> (Reply, Duration) {
    let begun = Instant::now();
    let reply = node.get(tenant, path).await;
    reply.ok();
    (reply, begun.elapsed())
}

/// How many proxies share the lengths of a reply.
const LANES: usize = 8;

/// One node of the library's, with the entries of two tenants, that reads past its local tier.
struct Reader {
    tier: RedisTier,
    tenants: [(TenantId, Key); 2],
    values: [Vec<u8>; 2],
}

impl Reader {
    async fn start(redis: &RedisServer, url: &str) -> Self {
        let tier = Arc::new(RedisTier::start(patient(&redis.url())));
        tier.ready().await;
        let cache = Cache::builder().with_remote(tier.clone()).build().unwrap();
        let mut tenants = Vec::new();
        for id in [TENANT, OTHER] {
            let tenant = TenantId::new(id).unwrap();
            let entry = cache
                .tenant(&tenant)
                .entry(&Endpoint::new("products").unwrap());
            let key = entry.key().unwrap();
            let load = async move |_| Ok::<_, std::io::Error>(Loaded::new(format!("of {id}")));
            let answer = entry.get_or_load(load).await.unwrap();
            assert_eq!(answer.body(), format!("of {id}").as_bytes());
            tenants.push((tenant, key));
        }
        let mut reader = Self {
            tier: RedisTier::start(patient(url)),
            tenants: tenants.try_into().unwrap(),
            values: [Vec::new(), Vec::new()],
        };
        reader.tier.ready().await;
        for at in 0..2 {
            reader.values[at] = reader.read(at).await.unwrap();
        }
        reader
    }

    /// The stored entry of a tenant; none is what an error gives.
    async fn read(&self, at: usize) -> Option<Vec<u8>> {
        let (tenant, key) = &self.tenants[at];
        let read = self
            .tier
            .read(tenant, std::slice::from_ref(key))
            .await
            .ok()?;
        let entry = read.entries.into_iter().next().flatten();
        Some(entry.expect("it is stored").bytes.to_vec())
    }

    fn assert_own(&self, at: usize, value: Option<&Vec<u8>>) {
        if let Some(value) = value {
            assert_eq!(value, &self.values[at], "another's value");
        }
    }

    /// Cuts replies after `from` bytes, after `LANES` more, and so on, and gives how many cuts there were and the length
    /// of the first that was whole.
    async fn cut_everywhere(&self, proxy: &TcpProxy, from: usize) -> (usize, usize) {
        let reads = Replies::all()
            .to_commands(&["EVALSHA"])
            .beginning_with(b"*");
        for (cuts, bytes) in (from..).step_by(LANES).enumerate() {
            proxy.twist(reads.clone().times(1), Twist::Truncate(bytes));
            let (own, behind) = tokio::join!(self.read(0), self.read(1));
            self.assert_own(0, own.as_ref());
            self.assert_own(1, behind.as_ref());
            if own.is_some() {
                return (cuts, bytes);
            }
            eventually("the next command is answered", async || {
                let mut health = self.tier.health();
                let _ = health
                    .wait_for(|health| health.state != HealthState::Down)
                    .await;
                let (own, other) = tokio::join!(self.read(0), self.read(1));
                self.assert_own(0, own.as_ref());
                self.assert_own(1, other.as_ref());
                own.and(other).map(drop)
            })
            .await;
        }
        unreachable!()
    }
}

/// Whose commands fail because a connection ends, not because a machine is busy.
fn patient(url: &str) -> RedisOptions {
    let options = RedisOptions::new(url).unwrap();
    options.with_command_timeout(Duration::from_secs(10))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f08_cut_after_any_byte_of_a_reply() {
    let redis = RedisServer::start().await;
    let begun = Instant::now();
    let cut = async |lane: usize| {
        let proxy = TcpProxy::start(redis.port()).await;
        let reader = Reader::start(&redis, &proxy.url()).await;
        let (cuts, whole) = reader.cut_everywhere(&proxy, lane).await;
        assert!(whole > reader.values[0].len(), "nothing was cut");
        assert!(proxy.counts().connections > cuts as u64, "one for each");
        cuts
    };
    let cuts = futures_util::future::join_all((0..LANES).map(cut)).await;
    let cuts: usize = cuts.into_iter().sum();
    seen(
        "F8",
        format!(
            "cut after each of {cuts} lengths of a reply: an error for its caller, own value or error for the one behind, \
             next command right; {:.1} s",
            begun.elapsed().as_secs_f64()
        ),
    );
}

/// What is sent before a connection is used, on that for commands or that for tracking.
const STEPS: [&str; 7] = [
    "AUTH",
    "HELLO",
    "SELECT",
    "CLIENT TRACKING",
    "PING",
    "INFO",
    "SCRIPT",
];

#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f09_resets_of_connections_and_of_their_set_up() {
    const AWAY: Duration = Duration::from_secs(3);
    keep_logs();
    let world = World::start().await;
    let redis = RedisServer::builder().with_password("pass").start().await;
    let proxy = TcpProxy::start(redis.port()).await;
    let url = format!("redis://:pass@127.0.0.1:{}/3", proxy.port());
    let node = world.node(&[("REDIS_URL", &url)]).await;
    let stored = || -> u64 { redis.cli(&["-n", "3", "DBSIZE"]).parse().unwrap() };
    let ready = async |what: &str| {
        eventually(what, async || {
            assert!(node.get(TENANT, KPIS).await.status == 200);
            let tracking = node.figure("tenantcache_redis_tracking").await > 0.0;
            (tracking && node.redis_state().await == "up").then_some(())
        })
        .await;
    };
    ready("it is connected").await;

    // Whatever step of the set-up fails, what comes of it is a connection with all of them.
    for step in STEPS {
        let before = proxy.counts().twisted;
        let replies = Replies::all().to_commands(&[step]);
        proxy.twist(replies.times(2), Twist::Reset);
        proxy.cut_all();
        eventually(step, async || {
            node.get(TENANT, "/dashboard/alerts").await.ok();
            (proxy.counts().twisted >= before + 2).then_some(())
        })
        .await;
        ready(step).await;
        proxy.heal();
    }

    proxy.greet(Connections::Every(3), Greeting::Reset);
    for _ in 0..6 {
        proxy.cut_all();
        ready("every third is reset").await;
    }

    // Nobody hammers a server that resets everything.
    proxy.greet(Connections::All, Greeting::Reset);
    let before = proxy.counts().connections;
    proxy.cut_all();
    let (mut attempts, mut gaps, mut last) = (before, Vec::new(), Instant::now());
    let until = Instant::now() + AWAY;
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if proxy.counts().connections > attempts {
            attempts = proxy.counts().connections;
            gaps.push(last.elapsed());
            last = Instant::now();
        }
    }
    let made = attempts - before;
    assert!((3..=40).contains(&made), "{made} in {AWAY:?}");
    let longest = gaps.iter().max().unwrap();
    assert!(*longest <= Duration::from_secs(2) + SLACK, "{gaps:?}");
    let jitter = gaps.iter().rev().take(4).max() != gaps.iter().rev().take(4).min();
    assert!(jitter, "{gaps:?}");
    proxy.heal();
    let since = Instant::now();
    ready("it is back").await;
    let back = since.elapsed();
    assert!(back < Duration::from_secs(2) + SLACK, "{back:?}");

    let elsewhere = redis.cli(&["-n", "0", "DBSIZE"]);
    assert_eq!(elsewhere, "0", "nothing without SELECT");
    assert!(stored() > 0);
    seen(
        "F9",
        format!(
            "each of {} set-up steps reset twice: whole again, nothing in a wrong database; all reset for 3 s: {made} attempts, \
             {} to {} ms apart; back in {} ms",
            STEPS.len(),
            gaps.iter().min().unwrap().as_millis(),
            longest.as_millis(),
            back.as_millis()
        ),
    );
}

/// Rounds of commands side by side, one of which fails.
const ROUNDS: u32 = 100;

async fn multiplexed(url: &str) -> MultiplexedConnection {
    let client = Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// A pipeline whose second command fails, on its own or all together.
async fn failing_pipeline(
    mut connection: MultiplexedConnection,
    atomic: bool,
) -> Result<(), RedisError> {
    let mut pipe = redis::pipe();
    if atomic {
        pipe.atomic();
    }
    pipe.set("text", "no number").incr("text", 1).get("text");
    pipe.query_async::<(String, i64, String)>(&mut connection)
        .await
        .map(drop)
}

async fn echo(mut connection: MultiplexedConnection, text: String) -> bool {
    let mut command = redis::cmd("ECHO");
    let echoed = command.arg(&text).query_async::<String>(&mut connection);
    echoed.await.is_ok_and(|echoed| echoed == text)
}

#[tokio::test]
async fn f26_unknown_errors_and_errors_within_pipelines() {
    let wire = Wire::start(&[("CACHE_STRICT_ENDPOINTS", "products")]).await;
    for tenant in [TENANT, OTHER] {
        wire.node.get(tenant, PRODUCT).await.ok();
    }
    let right = [TENANT, OTHER].map(|tenant| wire.world.ask(tenant, PRODUCT));
    let right = futures_util::future::join_all(right).await;
    let connections = wire.proxy.counts().connections;
    let (mut loaded, mut strict) = (0, 0);
    for round in 0..ROUNDS {
        // One script or transaction of several under way gets a reply of no known kind.
        let one = Replies::all().to_commands(&["EVALSHA", "MULTI"]).times(1);
        wire.proxy.twist(one, Twist::Error("FOO bar".to_owned()));
        let path = format!("/dashboard/trends?days={}", 1 + round % 90);
        let (a, b, c) = tokio::join!(
            wire.node.get(TENANT, PRODUCT),
            wire.node.get(OTHER, PRODUCT),
            wire.node.get(TENANT, &path),
        );
        c.ok();
        for (reply, right) in [a, b].iter().zip(&right) {
            loaded += u32::from(!reply.ok().hit);
            assert_eq!(reply.json()["payload"], right.json(), "another's answer");
            strict += 1;
        }
    }
    let errors = wire.proxy.counts().twisted;
    assert_eq!(errors, u64::from(ROUNDS));
    // What is refused is not the connection's fault.
    assert_eq!(wire.proxy.counts().connections, connections);
    assert_ne!(wire.node.redis_state().await, "down");

    // The client that we use keeps replies in their places, too.
    let connection = multiplexed(&wire.proxy.url()).await;
    for round in 0..ROUNDS {
        let (alone, before, together, behind) = tokio::join!(
            failing_pipeline(connection.clone(), false),
            echo(connection.clone(), format!("before {round}")),
            failing_pipeline(connection.clone(), true),
            echo(connection.clone(), format!("behind {round}")),
        );
        assert!(alone.is_err() && together.is_err());
        assert!(before && behind, "a reply of another command");
    }
    wire.proxy.heal();
    let back = wire.used_again().await;
    assert!(back < RECOVERY_MAX + SLACK, "{back:?}");
    seen(
        "F26",
        format!(
            "{errors} replies -FOO among {strict} strict reads: all 200 and right, {loaded} loaded, no reconnect; \
             {ROUNDS} failing pipelines and EXECs: neighbours right"
        ),
    );
}
