//! `sellerboard serve` as a process: its start, its log, its end.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::node::{client, eventually, send};
use crate::program::{Program, Service};
use crate::tokens::{SECRET, token};
use crate::world::World;

/// A service process, and where it listens.
pub(crate) async fn serve(world: &World, more: &[(&str, &str)]) -> (Service, String) {
    let addr = format!("127.0.0.1:{}", testkit::free_port());
    let mut variables = vec![("SELLERBOARD_ADDR", addr.as_str())];
    variables.extend(more);
    let program = Program::new(&["serve"]).with_variables(&world.variables(&variables));
    let mut service = program.start();
    let origin = format!("http://{addr}");
    let health = client().get(format!("{origin}/healthz"));
    eventually("the service answers", async || {
        assert!(service.is_running(), "{:?}", service.stop());
        let health = health.try_clone().unwrap();
        health.send().await.is_ok().then_some(())
    })
    .await;
    (service, origin)
}

/// Starts reads of different keys and waits until all of them are at the marketplace. They are of four tenants, for one
/// may load only so much at a time.
pub(crate) async fn reads_in_flight(world: &World, origin: &str, count: u64) -> JoinSet<u16> {
    let client = client();
    let mut reads = JoinSet::new();
    for days in 1..=count {
        let token = token(&format!("shop-{}", days % 4));
        let url = format!("{origin}/api/v1/dashboard/trends?days={days}");
        let request = client.request(Method::GET, url).bearer_auth(&token);
        reads.spawn(async move { send(request).await.status });
    }
    world.await_calls(count).await;
    reads
}

/// Waits until nobody listens any more.
pub(crate) async fn await_closed(origin: &str) {
    let addr = origin.trim_start_matches("http://");
    eventually("the service stops listening", async || {
        let connected = TcpStream::connect(addr).await;
        connected.is_err().then_some(())
    })
    .await;
}

#[tokio::test]
async fn sigterm_under_load_loses_no_accepted_request() {
    let world = World::start().await;
    let (service, origin) = serve(&world, &[("ORIGIN_CONCURRENCY_TENANT", "50")]).await;
    world.set_faults(&json!({ "hang": true })).await;
    let reads = reads_in_flight(&world, &origin, 50).await;
    service.terminate();
    await_closed(&origin).await;
    world.heal().await;
    let statuses = reads.join_all().await;
    assert_eq!(statuses, vec![200; 50]);
    let run = service.end().await;
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    assert!(
        run.stderr
            .contains("stopping; requests that run may finish"),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn a_second_sigterm_ends_at_once() {
    let world = World::start().await;
    let (service, origin) = serve(&world, &[]).await;
    world.set_faults(&json!({ "hang": true })).await;
    let mut reads = reads_in_flight(&world, &origin, 1).await;
    service.terminate();
    await_closed(&origin).await;
    let begun = Instant::now();
    service.terminate();
    let run = service.end().await;
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    assert!(
        reads.join_next().await.unwrap().is_err(),
        "its connection is cut"
    );
}

#[tokio::test]
async fn a_request_that_never_ends_holds_the_stop_for_the_drain_time_only() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    world.set_faults(&json!({ "hang": true })).await;
    let reads = reads_in_flight(&world, &node.origin, 1).await;
    let begun = Instant::now();
    node.stop().await;
    let took = begun.elapsed();
    assert!(
        (Duration::from_secs(9)..Duration::from_secs(15)).contains(&took),
        "{took:?}"
    );
    drop(reads);
}

#[tokio::test]
async fn a_client_that_keeps_its_connection_does_not_hold_the_stop() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let client = client();
    let url = format!("{}/healthz", node.origin);
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    let begun = Instant::now();
    node.stop().await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    drop(client);
}

#[test]
fn a_taken_port_is_told_with_a_next_step() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let run = Program::new(&["serve"])
        .with_env("SELLERBOARD_ADDR", &addr)
        .with_env("JWT_SECRET", SECRET)
        .with_env("REDIS_URL", "none")
        .run();
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    let first =
        format!("error: failed to listen on {addr}; choose another address with SELLERBOARD_ADDR");
    assert!(run.stderr.contains(&first), "{}", run.stderr);
    assert!(
        run.stderr.contains("caused by: Address already in use"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_store_that_cannot_be_opened_is_told_with_a_next_step() {
    let run = Program::new(&["serve"])
        .with_env("SELLERBOARD_ADDR", "127.0.0.1:0")
        .with_env("JWT_SECRET", SECRET)
        .with_env("REDIS_URL", "none")
        .with_env("DATA_SOURCE", "sql")
        .with_env("DATABASE_URL", "sqlite:///nowhere/at/all/shop.db")
        .run();
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("check DATABASE_URL"), "{}", run.stderr);
}

#[tokio::test]
async fn the_log_speaks_the_words_of_the_reference_and_holds_no_secret() {
    let world = World::start().await;
    let redis = testkit::RedisServer::start().await;
    let url = redis.url().replace("redis://", "redis://default:hidden@");
    let _ = redis.cli(&["config", "set", "requirepass", "hidden"]);
    let variables = [
        ("REDIS_URL", url.as_str()),
        ("LOG_FORMAT", "json"),
        ("RUST_LOG", "info,sellerboard=debug"),
    ];
    let (mut service, origin) = serve(&world, &variables).await;
    let client = client();
    let token = token("tenant-001");
    for _ in 0..2 {
        let request = client.get(format!("{origin}/api/v1/dashboard/kpis"));
        send(request.bearer_auth(&token)).await.ok();
    }
    let request = client.delete(format!("{origin}/api/v1/cache?endpoint=products"));
    assert_eq!(send(request.bearer_auth(&token)).await.status, 200);
    let run = service.stop();
    assert_eq!(run.code, Some(0));
    let messages: Vec<String> = run
        .stderr
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["message"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    for message in [
        "Redis cache initialized",
        "Cache MISS: dashboard_kpis:tenant-001",
        "Fetching from Mock API...",
        "Cache SET: dashboard_kpis:tenant-001 (TTL: 300s)",
        "Cache HIT: dashboard_kpis:tenant-001",
        "Cache invalidated",
    ] {
        assert!(
            messages.iter().any(|line| line == message),
            "{message}: {messages:?}"
        );
    }
    let times = messages
        .iter()
        .filter(|line| line.starts_with("Response time: "));
    assert_eq!(times.count(), 2, "{messages:?}");
    for secret in ["hidden", SECRET, token.as_str(), "gross_revenue"] {
        assert!(!run.stderr.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn an_absent_redis_is_told_once() {
    let world = World::start().await;
    let url = format!("redis://127.0.0.1:{}", testkit::free_port());
    let (mut service, origin) = serve(&world, &[("REDIS_URL", &url)]).await;
    let client = client();
    let token = token("tenant-001");
    for days in 1..=20 {
        let request = client.get(format!("{origin}/api/v1/dashboard/trends?days={days}"));
        send(request.bearer_auth(&token)).await.ok();
    }
    let run = service.stop();
    let told = run
        .stderr
        .matches("Redis unavailable. Continuing without cache.")
        .count();
    assert_eq!(told, 1, "{}", run.stderr);
}

/// Clients that never pause, each on one connection: whatever one has sent is answered, and the last answer it gets
/// tells it to go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_cuts_no_connection_that_is_in_use() {
    let world = World::start().await;
    let (service, origin) = serve(&world, &[("RUST_LOG", "warn")]).await;
    let addr = origin.trim_start_matches("http://").to_owned();
    let answered = Arc::<AtomicU64>::default();
    let mut clients = JoinSet::new();
    for _ in 0..32 {
        let (addr, answered) = (addr.clone(), Arc::clone(&answered));
        clients.spawn(async move {
            let mut client = RawClient::connect(&addr).await;
            while !client.ask().await.contains("connection: close") {
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    eventually("requests are answered", async || {
        (answered.load(Ordering::Relaxed) > 500).then_some(())
    })
    .await;
    service.terminate();
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    let run = service.end().await;
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
}

/// A client without the kindness of libraries, which send a request again when their connection was closed.
pub(crate) struct RawClient {
    stream: BufReader<TcpStream>,
    request: String,
}

impl RawClient {
    pub(crate) async fn connect(addr: &str) -> Self {
        let token = token("tenant-001");
        Self {
            stream: BufReader::new(TcpStream::connect(addr).await.unwrap()),
            request: format!(
                "GET /api/v1/dashboard/kpis HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
            ),
        }
    }

    /// Sends the request and gives the head of its answer.
    pub(crate) async fn ask(&mut self) -> String {
        self.stream
            .write_all(self.request.as_bytes())
            .await
            .unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.stream.read_line(&mut head).await.unwrap();
            assert!(read > 0, "closed without an answer: {head:?}");
        }
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.unwrap().parse().unwrap()];
        self.stream.read_exact(&mut body).await.unwrap();
        head
    }
}
