//! F11 to F14: what is there is no Redis, has another address, or has no room.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tenantcache::remote::HealthState;
use tenantcache::remote::Remote as _;
use tenantcache::{Cache, Endpoint, Loaded, TenantId};
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::{Connections, Greeting, RedisServer, Replies, TcpProxy, Twist, free_port};
use tokio::time::Instant;

use super::report::{keep_logs, keep_output, seen};
use super::wire::{BUDGET, KPIS, PRODUCT, RECOVERY_MAX, SLACK, TENANT, Wire, timed};
use crate::node::{client, eventually, send};
use crate::program::{Program, Run};
use crate::reply::Reply;
use crate::serve::serve;
use crate::tokens::token;
use crate::world::World;

/// What a process answers a seller.
async fn api(origin: &str, path: &str) -> Reply {
    let request = client().get(format!("{origin}/api/v1{path}"));
    send(request.bearer_auth(token(TENANT))).await
}

async fn redis_state(origin: &str) -> String {
    let reply = send(client().get(format!("{origin}/readyz"))).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["redis"].as_str().unwrap().to_owned()
}

/// The lines of a log that speak of Redis.
fn lines_on_redis(run: &Run) -> Vec<&str> {
    let lines = run.stdout.lines().chain(run.stderr.lines());
    lines.filter(|line| line.contains("Redis")).collect()
}

async fn check(url: &str) -> Run {
    let check = Program::new(&["check-redis", "--redis-url", url]);
    let run = check.run_beside().await;
    keep_output(&run.stdout, &run.stderr);
    run
}

const NO_HTTP: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const NO_SENSE: &[u8] = b"\x00\xff\x17\x03SSH-2.0 nonsense\r\n\x80\x81";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f11_what_answers_is_no_redis_or_half_a_one() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let no_answer = Greeting::Silence(Duration::from_secs(60));
    let others = [
        ("silence", "redis", no_answer.clone(), false),
        ("no TLS", "rediss", no_answer, false),
        ("HTTP", "redis", Greeting::Say(NO_HTTP.into()), true),
        ("garbage", "redis", Greeting::Say(NO_SENSE.into()), true),
    ];
    let mut lines_max = 0;
    for (what, scheme, greeting, speaks) in others {
        let proxy = TcpProxy::start(redis.port()).await;
        proxy.greet(Connections::All, greeting);
        let url = format!("{scheme}://127.0.0.1:{}/0", proxy.port());
        let begun = Instant::now();
        let (mut service, origin) = serve(&world, &[("REDIS_URL", &url)]).await;
        assert!(begun.elapsed() < Duration::from_secs(2) + SLACK, "{what}");
        api(&origin, KPIS).await.ok();
        eventually("it was tried several times", async || {
            (proxy.counts().connections >= 3).then_some(())
        })
        .await;
        api(&origin, "/dashboard/alerts").await.ok();
        assert_eq!(redis_state(&origin).await, "down", "{what}");
        let run = service.stop();
        keep_output(&run.stdout, &run.stderr);
        let lines = lines_on_redis(&run);
        lines_max = lines_max.max(lines.len());
        assert!((1..=2).contains(&lines.len()), "{what}: {lines:#?}");
        if speaks {
            assert!(lines[0].contains("garbled"), "{what}: {lines:#?}");
            let told = check(&url).await;
            assert!(
                told.stdout.contains("what answers is not Redis"),
                "{told:?}"
            );
        }
    }

    // A server or a proxy in between without HELLO or CLIENT is used, and tells of nothing.
    let (_other, direct) = serve(&world, &[("REDIS_URL", &redis.url())]).await;
    let mut bound = Duration::ZERO;
    for (missing, price) in [("HELLO", "4.01"), ("CLIENT", "4.02")] {
        let proxy = TcpProxy::start(redis.port()).await;
        let error = Twist::Error(format!("ERR unknown command '{missing}'"));
        proxy.twist(Replies::all().to_commands(&[missing]), error);
        let url = proxy.url();
        let (mut service, origin) = serve(&world, &[("REDIS_URL", &url)]).await;
        eventually("it is used", async || {
            (redis_state(&origin).await == "up").then_some(())
        })
        .await;
        api(&origin, PRODUCT).await.ok();
        api(&direct, PRODUCT).await.ok();
        world.reprice(TENANT, price).await;
        let request = client().delete(format!("{direct}/api/v1/cache?tag=product:101"));
        let reply = send(request.bearer_auth(token(TENANT))).await;
        assert_eq!(reply.json()["status"], "applied", "{reply:?}");
        let acknowledged = Instant::now();
        let mut old = Duration::ZERO;
        eventually("it heeds the invalidation", async || {
            let asked = acknowledged.elapsed();
            let new = api(&origin, PRODUCT).await.json()["payload"]["price"] == price;
            old = if new { old } else { asked };
            new.then_some(())
        })
        .await;
        assert!(old <= Duration::from_secs(2), "without {missing}: {old:?}");
        bound = bound.max(old);
        let told = check(&url).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(told.stdout.contains("Tracking: does not work"), "{told:?}");
        let run = service.stop();
        keep_output(&run.stdout, &run.stderr);
        let lines = lines_on_redis(&run);
        let of_tracking = lines.iter().filter(|line| line.contains("does not tell"));
        assert_eq!(of_tracking.count(), 1, "{lines:#?}");
    }
    seen(
        "F11",
        format!(
            "silence, no TLS, HTTP, garbage: down, all 200, at most {lines_max} log lines, named; without HELLO or CLIENT: used, \
             one warning, old answers for {} ms at most",
            bound.as_millis()
        ),
    );
}

/// The names that a process knows, in a mount namespace of its own.
struct Names {
    folder: TempDir,
}

impl Names {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("nsswitch.conf"), "hosts: files\n").unwrap();
        let names = Self { folder };
        names.set(&[]);
        names
    }

    /// Gives the name these addresses, in order. The file stays the same one.
    fn set(&self, addresses: &[&str]) {
        let lines: Vec<_> = addresses
            .iter()
            .map(|address| format!("{address} redis.test\n"))
            .collect();
        std::fs::write(self.folder.path().join("hosts"), lines.concat()).unwrap();
    }

    /// A run of the program that knows these names alone.
    fn program(&self) -> Program {
        let mount = "mount --bind \"$1/hosts\" /etc/hosts && \
                     mount --bind \"$1/nsswitch.conf\" /etc/nsswitch.conf && exec \"$2\" serve";
        let folder = self.folder.path().to_str().unwrap();
        let program = env!("CARGO_BIN_EXE_sellerboard");
        let args = ["-rm", "sh", "-c", mount, "sh", folder, program];
        Program::run_by("unshare", &args).with_env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f12_names_that_change_vanish_or_lead_nowhere() {
    let (world, mut first) = (World::start().await, RedisServer::start().await);
    let names = Names::new();
    // Nobody listens on the first two: one refuses, one cannot be reached.
    names.set(&["::1", "2001:db8::1", "127.0.0.1"]);
    let addr = format!("127.0.0.1:{}", free_port());
    let url = format!("redis://redis.test:{}/0", first.port());
    let variables = world.variables(&[("SELLERBOARD_ADDR", &addr), ("REDIS_URL", &url)]);
    let program = names.program().with_variables(&variables);
    let begun = Instant::now();
    let mut service = program.start();
    let origin = format!("http://{addr}");
    eventually("the service answers", async || {
        assert!(service.is_running(), "unshare: {:?}", service.stop());
        let health = client().get(format!("{origin}/healthz")).send().await;
        health.is_ok().then_some(())
    })
    .await;
    let until = async |wanted: &str| {
        let since = Instant::now();
        eventually(&format!("Redis is {wanted}"), async || {
            assert_eq!(api(&origin, KPIS).await.status, 200);
            (redis_state(&origin).await == wanted).then_some(())
        })
        .await;
        since.elapsed()
    };
    until("up").await;
    let joined = begun.elapsed();
    assert!(joined < RECOVERY_MAX + 2 * SLACK, "{joined:?}");

    // Another server takes the name over, at another address.
    let port = first.port().to_string();
    let elsewhere = RedisServer::builder().with_config("bind", &["127.0.0.2"]);
    let elsewhere = elsewhere.with_config("port", &[&port]);
    first.kill();
    until("down").await;
    let mut second = elsewhere.start().await;
    names.set(&["127.0.0.1", "127.0.0.2"]);
    let changed = until("up").await;
    assert!(changed < RECOVERY_MAX + SLACK, "{changed:?}");
    assert_ne!(second.cli(&["DBSIZE"]), "0", "it is used");

    // The name is gone, and comes back.
    names.set(&[]);
    second.kill();
    until("down").await;
    second.restart().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(redis_state(&origin).await, "down", "there is no such name");
    api(&origin, "/dashboard/alerts").await.ok();
    names.set(&["127.0.0.2"]);
    let back = until("up").await;
    assert!(back < RECOVERY_MAX + SLACK, "{back:?}");
    let run = service.stop();
    keep_output(&run.stdout, &run.stderr);
    seen(
        "F12",
        format!(
            "dead ::1 and unreachable IPv6 first: joined {} ms after the start; other address: {} ms; name back: {} ms; all 200",
            joined.as_millis(),
            changed.as_millis(),
            back.as_millis()
        ),
    );
}

#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f13_no_room_for_clients() {
    const CROWDED: Duration = Duration::from_secs(3);
    let wire = Wire::start(&[]).await;
    let refusing = wire.redis.refuse_clients().await;
    let before = wire.proxy.counts().connections;
    wire.proxy.cut_all();
    wire.until_state("down").await;
    let (until, mut slowest, mut days) = (Instant::now() + CROWDED, Duration::ZERO, 0);
    while Instant::now() < until {
        days = days % 90 + 1;
        let path = format!("/dashboard/trends?days={days}");
        slowest = slowest.max(timed(&wire.node, TENANT, &path).await.1);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let attempts = wire.proxy.counts().connections - before;
    assert!((3..=40).contains(&attempts), "{attempts} in {CROWDED:?}");
    assert!(slowest <= BUDGET + SLACK, "{slowest:?}");
    assert_eq!(wire.node.redis_state().await, "down");
    refusing.end().await;
    let back = wire.used_again().await;
    assert!(back < RECOVERY_MAX + SLACK, "{back:?}");

    // Whatever it does, one node has few connections.
    let mut most = 0;
    for round in 0..50 {
        let invalidate = async {
            let query = "?durability=replicated";
            wire.node.invalidate(&token(TENANT), query).await
        };
        let path = format!("/products?limit={}", 1 + round);
        let look = async {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            wire.proxy.open(Connections::All).len()
        };
        let (invalidated, read, open) =
            tokio::join!(invalidate, wire.node.get(TENANT, &path), look);
        assert_eq!((invalidated.status, read.status), (200, 200));
        most = most.max(open).max(wire.proxy.open(Connections::All).len());
    }
    assert!((2..=4).contains(&most), "{most} connections");
    seen(
        "F13",
        format!(
            "down, all 200, slowest {} ms; {attempts} attempts in 3 s; back in {} ms; at most {most} connections of a node",
            slowest.as_millis(),
            back.as_millis()
        ),
    );
}

const NODES: usize = 500;

/// What a server has done.
struct Work {
    cpu_seconds: f64,
    commands: u64,
}

impl Work {
    fn of(redis: &RedisServer) -> Self {
        let info = redis.cli(&["INFO"]);
        let figure = |name: &str| -> f64 {
            let mut lines = info.lines();
            let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            found.unwrap().trim().parse().unwrap()
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count"
        )]
        Self {
            cpu_seconds: figure("used_cpu_user") + figure("used_cpu_sys"),
            commands: figure("total_commands_processed") as u64,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f14_five_hundred_nodes_reconnect_at_once() {
    const AWAY: Duration = Duration::from_secs(4);
    keep_logs();
    let redis = RedisServer::start().await;
    let proxy = TcpProxy::start(redis.port()).await;
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        // Five hundred nodes have more than this process's share of two cores.
        let options = RedisOptions::new(&proxy.url())
            .unwrap()
            .with_command_timeout(Duration::from_secs(5))
            .with_connect_timeout(Duration::from_secs(5));
        let tier = Arc::new(RedisTier::start(options));
        tier.ready().await;
        let cache = Cache::builder().with_remote(tier.clone()).build().unwrap();
        nodes.push((tier, cache));
    }
    let endpoint = Endpoint::new("products").unwrap();
    let read = async |cache: &Cache, tenant: usize| {
        let tenant = TenantId::new(&format!("tenant-{tenant}")).unwrap();
        let entry = cache.tenant(&tenant).entry(&endpoint);
        let load = async move |_| Ok::<_, std::io::Error>(Loaded::new("x"));
        let _answer = entry.get_or_load(load).await.unwrap();
    };
    // Tables that nobody asks for after the reconnect are not read after it either.
    for (at, (_, cache)) in nodes.iter().enumerate() {
        for tenant in 0..10 {
            read(cache, at % 50 + tenant).await;
        }
    }
    let up = async || {
        eventually("all nodes are connected and told", async || {
            let mut all = nodes.iter();
            all.all(|(tier, _)| {
                tier.health().borrow().state == HealthState::Up && tier.is_notifying()
            })
            .then_some(())
        })
        .await;
    };
    up().await;

    // First they are away together.
    proxy.refuse(true);
    let refused = proxy.counts().refused;
    proxy.cut_all();
    tokio::time::sleep(AWAY).await;
    let refused = proxy.counts().refused - refused;
    let each = refused / u64::try_from(NODES).unwrap();
    assert!(each <= 40, "{each} attempts of each node in {AWAY:?}");

    // Then Redis is back, for all of them.
    let (before, connections) = (Work::of(&redis), proxy.counts().connections);
    proxy.refuse(false);
    let since = Instant::now();
    let pace = async {
        let (mut most, mut last) = (0, connections);
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let now = proxy.counts().connections;
            most = most.max(now - last);
            last = now;
            if proxy.open(Connections::Tracking).len() >= NODES {
                return most;
            }
        }
    };
    let (most, ()) = tokio::join!(pace, up());
    let took = since.elapsed();
    let after = Work::of(&redis);
    let made = proxy.counts().connections - connections;
    let cpu = after.cpu_seconds - before.cpu_seconds;
    let share = cpu / took.as_secs_f64();
    let commands = (after.commands - before.commands) / u64::try_from(NODES).unwrap();
    // Two each, and the attempts that a busy machine makes too late.
    let most_made = 6 * u64::try_from(NODES).unwrap();
    assert!(made <= most_made, "{made} connections");
    assert!(commands <= 40, "{commands} commands of each node");
    assert!(share < 0.8, "{share:.2} of a core for {took:?}");
    assert!(took < Duration::from_secs(8), "{took:?}");
    seen(
        "F14",
        format!(
            "away: {each} attempts a node in 4 s; back: {NODES} nodes in {} ms, {made} connections ({most} in 10 ms at most), \
             {commands} commands a node, {:.0} % of a core",
            took.as_millis(),
            100.0 * share
        ),
    );
}
