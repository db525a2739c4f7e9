//! `sellerboard demo`: what it prints works.

use reqwest::{Client, Method};
use testkit::{RedisServer, free_port};

use crate::node::{client, eventually, send};
use crate::program::{Program, Service};

const TENANTS: [&str; 3] = ["tenant-001", "tenant-002", "tenant-003"];

/// What a demo printed.
struct Banner {
    page: String,
    curl_url: String,
    curl_token: String,
    tokens: Vec<String>,
}

fn program(redis_url: &str) -> Program {
    Program::new(&["demo"])
        .with_env("SELLERBOARD_ADDR", &format!("127.0.0.1:{}", free_port()))
        .with_env("MARKETPLACE_ADDR", "127.0.0.1:0")
        .with_env("MARKETPLACE_LATENCY", "20ms")
        .with_env("REDIS_URL", redis_url)
}

async fn start(program: Program) -> (Service, Banner) {
    let mut service = program.start();
    let (service, lines) = tokio::task::spawn_blocking(move || {
        let lines = service.read_until(|line| line.trim_start().starts_with(TENANTS[2]));
        (service, lines)
    })
    .await
    .unwrap();
    let page = lines[0].strip_prefix("The dashboard is at ").unwrap();
    let curl = lines.iter().find(|line| line.contains("curl ")).unwrap();
    let curl_token = curl
        .split("Bearer ")
        .nth(1)
        .unwrap()
        .split('\'')
        .next()
        .unwrap();
    let tokens = TENANTS.map(|tenant| {
        let line = lines
            .iter()
            .find(|line| line.trim_start().starts_with(tenant));
        line.unwrap().split_whitespace().nth(1).unwrap().to_owned()
    });
    let banner = Banner {
        page: page.to_owned(),
        curl_url: curl.split_whitespace().last().unwrap().to_owned(),
        curl_token: curl_token.to_owned(),
        tokens: tokens.to_vec(),
    };
    (service, banner)
}

#[tokio::test]
async fn the_printed_curl_and_tokens_work_without_redis() {
    let nowhere = format!("redis://127.0.0.1:{}", free_port());
    let (mut service, banner) = start(program(&nowhere)).await;
    let client = client();
    let get = |url: &str, token: &str| client.get(url).bearer_auth(token);
    let first = send(get(&banner.curl_url, &banner.curl_token)).await;
    first.assert_miss();
    assert!(first.cache().stored);
    assert_ne!(first.json()["payload"]["orders"]["value"], 0);
    send(get(&banner.curl_url, &banner.curl_token))
        .await
        .assert_hit("local");

    let mut bodies = vec![];
    for token in &banner.tokens {
        bodies.push(send(get(&banner.curl_url, token)).await.body);
    }
    assert_eq!(bodies[0], first.body);
    assert!(bodies[0] != bodies[1] && bodies[1] != bodies[2]);

    let page = send(client.request(Method::GET, &banner.page)).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    // Its people sign in by a click: each shop's token is its own, and the operator's looks into any.
    let tokens = format!("{}demo/tokens", banner.page);
    let offered = send(client.get(&tokens)).await;
    assert_eq!(offered.header("cache-control"), "no-store");
    let offered = offered.json();
    for (index, body) in bodies.iter().enumerate() {
        let token = offered["shops"][index]["token"].as_str().unwrap();
        assert_eq!(&send(get(&banner.curl_url, token)).await.body, body);
    }
    let tenants = banner.curl_url.replace("dashboard/kpis", "cache/tenants");
    let operator = offered["operator"]["token"].as_str().unwrap();
    assert_eq!(
        send(get(&tenants, operator)).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    // A page of another site, whose name leads to this machine, is given none.
    let foreign = client.get(&tokens).header("host", "shop.example:8000");
    assert_eq!(send(foreign).await.status, 403);

    // Without a Redis at its start, the demo is one node with full lifetimes, not one in an outage.
    assert_eq!(readiness(&client, &banner).await, "none");
    let run = service.stop();
    assert_eq!(run.code, Some(0));
    let told = run
        .stderr
        .matches("Redis unavailable. Continuing without cache.");
    assert_eq!(told.count(), 1, "{}", run.stderr);
}

#[tokio::test]
async fn a_redis_that_answers_is_used() {
    let redis = RedisServer::start().await;
    let program = program(&redis.url()).with_env("CACHE_MAX_MEMORY", "32MB");
    let (mut service, banner) = start(program).await;
    let client = client();
    let request = client.get(&banner.curl_url).bearer_auth(&banner.curl_token);
    send(request).await.assert_miss();
    assert_eq!(readiness(&client, &banner).await, "up");
    let ttl: u64 = redis
        .cli(&["ttl", "dashboard_kpis:tenant-001"])
        .parse()
        .unwrap();
    assert!((590..=600).contains(&ttl), "{ttl}");
    assert_eq!(
        redis.cli(&["config", "get", "maxmemory"]),
        "maxmemory\n33554432"
    );
    let run = service.stop();
    assert_eq!(run.code, Some(0));
    let told = run.stderr.matches("Redis cache initialized");
    assert_eq!(told.count(), 1, "{}", run.stderr);
}

/// Service and marketplace end together, but not so that a seller's last read fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_reads_that_are_under_way_finish() {
    let program = program("none").with_env("MARKETPLACE_LATENCY", "1s");
    let (mut service, banner) = start(program).await;
    let client = client();
    let request = client.get(&banner.curl_url).bearer_auth(&banner.curl_token);
    let read = tokio::spawn(send(request));
    let url = banner.curl_url.replace("dashboard/kpis", "cache/metrics");
    eventually("the read is at the marketplace", async || {
        let reply = send(client.get(&url).bearer_auth(&banner.curl_token)).await;
        let loads = &reply.json()["endpoints"]["dashboard_kpis"]["origin_loads"];
        (*loads == 1).then_some(())
    })
    .await;
    let stopped = tokio::task::spawn_blocking(move || service.stop());
    read.await.unwrap().assert_miss();
    assert_eq!(stopped.await.unwrap().code, Some(0));
}

/// Redis' state as the demo sees it.
async fn readiness(client: &Client, banner: &Banner) -> String {
    let url = banner.page.trim_end_matches('/');
    let reply = send(client.get(format!("{url}/readyz"))).await;
    reply.json()["redis"].as_str().unwrap().to_owned()
}
