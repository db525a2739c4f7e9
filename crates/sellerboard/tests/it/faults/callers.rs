//! F64, F67 and F68: loaders and callers that end before their time.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use tenantcache::{
    Cache, Endpoint, EntryRef, ErrorKind, LoadUsage, Loaded, Policy, PolicyTable, Status, TenantId,
};
use testkit::RedisServer;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::report::seen;
use crate::node::{Node, client, eventually, send};
use crate::serve::serve;
use crate::tokens::token;
use crate::world::World;

pub(super) const TENANTS: [&str; 2] = ["tenant-001", "tenant-002"];
pub(super) const KPIS: &str = "/dashboard/kpis";
/// A busy machine is no slow Redis.
pub(super) const BUDGET: (&str, &str) = ("REDIS_COMMAND_TIMEOUT", "2s");

fn cache(load_timeout: Duration) -> Cache {
    let policy = Policy::new(Duration::from_secs(60)).with_load_timeout(load_timeout);
    let builder = Cache::builder().with_policies(PolicyTable::uniform(policy));
    builder.build().unwrap()
}

fn entry(cache: &Cache, id: usize) -> EntryRef {
    let tenant = cache.tenant(&TenantId::new(TENANTS[0]).unwrap());
    tenant
        .entry(&Endpoint::new("products").unwrap())
        .param("id", id)
}

async fn value(entry: EntryRef) -> Status {
    let loader = async |_| Ok::<_, Infallible>(Loaded::new("value"));
    entry.get_or_load(loader).await.unwrap().outcome().status
}

/// Waits until no load is under way or waits, which is when every permit is back.
async fn assert_no_load(cache: &Cache) {
    eventually("no load is under way", async || {
        (cache.load_usage() == LoadUsage::default()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn f64_a_loader_that_misbehaves_harms_its_own_callers_only() {
    const WAITERS: usize = 50;
    /// More than may be under way at a time.
    const HUNG: usize = 300;
    let cache = cache(Duration::from_millis(300));
    let mut waiters = JoinSet::new();
    for _ in 0..WAITERS {
        let entry = entry(&cache, 1);
        waiters.spawn(entry.get_or_load(async |_| {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if true {
                panic!("the loader's own fault");
            }
            Ok::<_, Infallible>(Loaded::new("never"))
        }));
    }
    for answer in waiters.join_all().await {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::LoadPanicked);
    }
    assert_no_load(&cache).await;
    assert_eq!(
        value(entry(&cache, 1)).await,
        Status::Miss,
        "its flight is gone"
    );
    assert_eq!(value(entry(&cache, 1)).await, Status::Hit);

    // A loader never gets a permit to leak: whatever it does, its time ends.
    let begun = Instant::now();
    let mut hung = JoinSet::new();
    for id in 0..HUNG {
        let entry = entry(&cache, 100 + id);
        hung.spawn(
            entry.get_or_load(async |_| std::future::pending::<Result<Loaded, Infallible>>().await),
        );
    }
    for answer in hung.join_all().await {
        let kind = answer.unwrap_err().kind();
        assert!(
            matches!(kind, ErrorKind::LoadTimedOut | ErrorKind::Overloaded),
            "{kind:?}"
        );
    }
    let ended = begun.elapsed();
    assert_no_load(&cache).await;
    assert_eq!(value(entry(&cache, 100)).await, Status::Miss);

    let begun = Instant::now();
    let (outer, inner) = (entry(&cache, 2), entry(&cache, 2));
    let nested = outer.get_or_load(async move |_| {
        let never = async |_| Ok::<_, Infallible>(Loaded::new("never"));
        let error = inner.get_or_load(never).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadlock);
        Err::<Loaded, _>(error)
    });
    assert_eq!(nested.await.unwrap_err().kind(), ErrorKind::LoadFailed);
    let told = begun.elapsed();
    assert!(told < Duration::from_millis(200), "{told:?}");
    assert_no_load(&cache).await;
    assert_eq!(value(entry(&cache, 2)).await, Status::Miss);
    seen(
        "F64",
        format!(
            "panic: {WAITERS} waiters had the error, then 1 good load; {HUNG} hung loaders ended in {} ms, permits back; re-entry told in {} us",
            ended.as_millis(),
            told.as_micros()
        ),
    );
}

/// Sends a request for a path, and gives its connection.
async fn begin(node: &Node, path: &str) -> TcpStream {
    let addr = node.origin.trim_start_matches("http://");
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let token = token(TENANTS[0]);
    let request =
        format!("GET /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f67_what_its_only_waiter_left_is_stored_or_ends() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let node = world
        .node_on(&redis, &[BUDGET, ("UPSTREAM_TIMEOUT", "2s")])
        .await;
    world.set_faults(&json!({ "hang": true })).await;
    let waiter = begin(&node, KPIS).await;
    world.await_calls(1).await;
    drop(waiter);
    world.heal().await;
    eventually("the load is stored", async || {
        (redis.cli(&["exists", "dashboard_kpis:tenant-001"]) == "1").then_some(())
    })
    .await;
    node.get(TENANTS[0], KPIS).await.assert_hit("local");
    assert_eq!(world.calls().await, 1);

    // An origin that never answers: the load ends by its time-out, and gives the lease and its permit back.
    world.set_faults(&json!({ "hang": true })).await;
    let left = Instant::now();
    drop({
        let waiter = begin(&node, "/products/101").await;
        world.await_calls(2).await;
        waiter
    });
    let lease = "tenantcache:lease:products:tenant-001:id:101";
    assert_eq!(redis.cli(&["exists", lease]), "1");
    eventually("the lease is given back", async || {
        (redis.cli(&["exists", lease]) == "0").then_some(())
    })
    .await;
    let ended = left.elapsed();
    assert!(ended < Duration::from_secs(6), "{ended:?}");
    world.heal().await;
    assert_eq!(node.figure("tenantcache_loads_under_way").await, 0.0);
    node.get(TENANTS[0], "/products/101").await.assert_miss();
    seen(
        "F67",
        format!(
            "the load went on, was stored, and was a hit (1 call); with a dead origin it ended after {} ms, lease and permit free",
            ended.as_millis()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f68_a_leader_that_dies_leaves_nobody_behind() {
    const WAITERS: usize = 50;
    const LOAD_TIMEOUT: Duration = Duration::from_secs(2);
    const SLACK: Duration = Duration::from_secs(2);
    // Its task is aborted: the load is nobody's, and goes on.
    let cache = cache(Duration::from_secs(5));
    let loads = Arc::new(AtomicU64::new(0));
    let read = |cache: &Cache| {
        let loads = Arc::clone(&loads);
        entry(cache, 1).get_or_load(async move |_| {
            loads.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok::<_, Infallible>(Loaded::new("value"))
        })
    };
    let leader = tokio::spawn(read(&cache));
    eventually("the leader loads", async || {
        (loads.load(Ordering::Relaxed) == 1).then_some(())
    })
    .await;
    let mut waiters = JoinSet::new();
    for _ in 0..WAITERS {
        waiters.spawn(read(&cache));
    }
    leader.abort();
    assert!(leader.await.is_err());
    for answer in waiters.join_all().await {
        assert_eq!(answer.unwrap().body(), b"value");
    }
    assert_eq!(loads.load(Ordering::Relaxed), 1);

    // Its node is killed with the lease.
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let url = redis.url();
    let variables = [
        ("REDIS_URL", url.as_str()),
        ("UPSTREAM_TIMEOUT", "2s"),
        BUDGET,
    ];
    let (holder, origin) = serve(&world, &variables).await;
    let other = world.node_on(&redis, &variables).await;
    world.set_faults(&json!({ "hang": true })).await;
    let first = client().get(format!("{origin}/api/v1{KPIS}"));
    let first = tokio::spawn(first.bearer_auth(token(TENANTS[0])).send());
    world.await_calls(1).await;
    let mut readers = JoinSet::new();
    let bearer = token(TENANTS[0]);
    for _ in 0..WAITERS {
        readers.spawn(send(other.api(reqwest::Method::GET, KPIS, &bearer)));
    }
    other
        .await_figure("tenantcache_lease_waits_total", 1.0)
        .await;
    drop(holder);
    let killed = Instant::now();
    assert!(first.await.unwrap().is_err(), "its connection is cut");
    world.heal().await;
    for reply in readers.join_all().await {
        reply.ok();
    }
    let took = killed.elapsed();
    assert!(took <= LOAD_TIMEOUT + SLACK, "{took:?}");
    assert_eq!(world.calls().await, 2, "one of them took over");
    seen(
        "F68",
        format!(
            "aborted: {WAITERS} waiters had the value of its 1 load; node killed with the lease: another took over after {} ms (load time-out 2 s), 1 load",
            took.as_millis()
        ),
    );
}
