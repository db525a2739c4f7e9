//! A cached read as its client sees it: headers, keys, revalidation, and what lies in Redis.

use reqwest::Method;
use testkit::RedisServer;

use crate::node::{Node, send};
use crate::reply::Reply;
use crate::tokens::token;
use crate::world::{READS, World};

const KPIS: &str = "/dashboard/kpis";

fn assert_headers(reply: &Reply) {
    assert_eq!(reply.header("cache-control"), "private, no-cache");
    assert_eq!(reply.header("vary"), "Authorization");
    assert!(reply.header("age").parse::<u64>().unwrap() < 60);
    let etag = reply.header("etag");
    assert!(
        etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"'),
        "{etag}"
    );
    assert!(!reply.header("x-request-id").is_empty());
}

#[tokio::test]
async fn the_first_answer_is_a_miss_that_is_stored_and_the_second_a_hit() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let first = node.get("tenant-001", KPIS).await;
    let status = first.ok();
    assert_eq!(status.fwd.as_deref(), Some("miss"));
    assert!(status.stored && !status.collapsed);
    assert_eq!(status.key.as_deref(), Some("dashboard_kpis:tenant-001"));
    assert_eq!(status.detail.as_deref(), Some("origin"));
    assert_eq!(first.header("content-type"), "application/json");
    assert_headers(&first);

    let second = node.get("tenant-001", KPIS).await;
    second.assert_hit("local");
    let status = second.cache();
    assert!(!status.stored && (1..=330).contains(&status.ttl.unwrap()));
    assert_eq!(status.key.as_deref(), Some("dashboard_kpis:tenant-001"));
    assert_headers(&second);
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("etag"), second.header("etag"));
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_eq!(world.calls().await, 1);
}

#[tokio::test]
async fn a_client_that_has_the_answer_gets_304_with_the_same_headers() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let first = node.get("tenant-001", KPIS).await;
    let etag = first.header("etag").to_owned();
    for sent in [
        etag.clone(),
        format!("W/{etag}"),
        format!("\"x\", {etag}"),
        "*".to_owned(),
    ] {
        let request = node.api(Method::GET, KPIS, &token("tenant-001"));
        let reply = send(request.header("if-none-match", &sent)).await;
        assert_eq!((reply.status, reply.body.len()), (304, 0), "{sent}");
        assert_eq!(reply.header("etag"), etag);
        assert!(reply.cache().hit);
        assert_headers(&reply);
    }
    let request = node.api(Method::GET, KPIS, &token("tenant-001"));
    let reply = send(request.header("if-none-match", "\"other\"")).await;
    assert_eq!(reply.body, first.body);

    // Another tenant's tag is no tag of this one's.
    let request = node.api(Method::GET, KPIS, &token("tenant-002"));
    let reply = send(request.header("if-none-match", &etag)).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_sane_request_id_of_the_client_comes_back() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let request = node.api(Method::GET, KPIS, &token("tenant-001"));
    let reply = send(request.header("x-request-id", "from-the-edge-1")).await;
    assert_eq!(reply.header("x-request-id"), "from-the-edge-1");
}

#[tokio::test]
async fn keys_are_those_of_the_reference() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    for (path, key) in [
        (KPIS, "dashboard_kpis:tenant-001"),
        ("/dashboard/trends", "dashboard_trends:tenant-001:days:30"),
        ("/dashboard/alerts", "dashboard_alerts:tenant-001"),
        ("/dashboard/insights", "dashboard_insights:tenant-001"),
        ("/dashboard/stats", "dashboard_stats:tenant-001"),
        (
            "/dashboard/activity",
            "dashboard_activity:tenant-001:limit:10",
        ),
        ("/products", "products:tenant-001:limit:20"),
        ("/products?q=Mug", "products:tenant-001:limit:20:q:mug"),
        ("/products/101", "products:tenant-001:id:101"),
        ("/pricing/trends", "pricing_trends:tenant-001:days:30"),
        (
            "/pricing/trends?product_id=101",
            "pricing_trends:tenant-001:days:30:product_id:101",
        ),
        (
            "/sentiment/overview",
            "sentiment_overview:tenant-001:days:30",
        ),
        ("/forecast/demand", "forecast_demand:tenant-001:horizon:30"),
    ] {
        let status = node.get("tenant-001", path).await.ok();
        assert_eq!(status.key.as_deref(), Some(key), "{path}");
        assert_eq!(status.fwd.as_deref(), Some("miss"), "{path}");
    }
}

#[tokio::test]
async fn equal_reads_share_a_key() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    node.get("tenant-001", "/dashboard/trends")
        .await
        .assert_miss();
    for path in [
        "/dashboard/trends?days=30",
        "/dashboard/trends?days=030",
        "/dashboard/trends?unknown=1&days=30",
        "/dashboard/trends?days=%33%30",
    ] {
        node.get("tenant-001", path).await.assert_hit("local");
    }
    node.get("tenant-001", "/dashboard/trends?days=31")
        .await
        .assert_miss();
}

#[tokio::test]
async fn one_miss_of_any_read_is_one_call_at_the_marketplace() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    for (count, (path, _)) in (1..).zip(READS) {
        let reply = node.get("tenant-001", path).await;
        reply.assert_miss();
        assert!(reply.json()["payload"].is_object(), "{path}");
        assert_eq!(world.calls().await, count, "{path}");
    }
    for (path, _) in READS {
        node.get("tenant-001", path).await.assert_hit("local");
    }
    assert_eq!(world.calls().await, u64::try_from(READS.len()).unwrap());
}

#[tokio::test]
async fn in_redis_the_entry_has_its_key_and_ttl_and_another_service_hits_it() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let one = world.node_on(&redis, &[("CACHE_MAX_MEMORY", "64MB")]).await;
    let first = one.get("tenant-001", KPIS).await;
    first.assert_miss();
    assert!(first.cache().stored);
    one.get("tenant-001", "/forecast/demand")
        .await
        .assert_miss();

    let ttl = |key: &str| redis.cli(&["ttl", key]).parse::<u64>().unwrap();
    assert!((595..=600).contains(&ttl("dashboard_kpis:tenant-001")));
    assert!((3_595..=3_600).contains(&ttl("forecast_demand:tenant-001:horizon:30")));
    let held = redis.cli(&["get", "dashboard_kpis:tenant-001"]);
    assert!(held.contains("gross_revenue"), "{held}");
    assert_eq!(
        redis.cli(&["config", "get", "maxmemory"]),
        "maxmemory\n67108864"
    );
    assert_eq!(
        redis.cli(&["config", "get", "maxmemory-policy"]),
        "maxmemory-policy\nallkeys-lru"
    );

    let two = world.node_on(&redis, &[]).await;
    let second = two.get("tenant-001", KPIS).await;
    second.assert_hit("redis");
    assert_eq!(
        (second.body, &first.header("etag")),
        (first.body.clone(), &second_etag(&two).await.as_str())
    );
    two.get("tenant-001", KPIS).await.assert_hit("local");
    assert_eq!(world.calls().await, 2);
}

async fn second_etag(node: &Node) -> String {
    node.get("tenant-001", KPIS).await.header("etag").to_owned()
}

#[tokio::test]
async fn redis_own_memory_limit_is_left_alone_and_every_key_has_a_name_and_a_ttl_of_ours() {
    let world = World::start().await;
    let redis = RedisServer::builder()
        .with_config("maxmemory", &["100mb"])
        .with_config("maxmemory-policy", &["volatile-lru"])
        .start()
        .await;
    let node = world.node_on(&redis, &[]).await;
    for (path, _) in READS {
        node.get("tenant-001", path).await.assert_miss();
    }
    node.applied("tenant-001", "?endpoint=products").await;
    assert_eq!(
        redis.cli(&["config", "get", "maxmemory"]),
        "maxmemory\n104857600"
    );
    assert_eq!(
        redis.cli(&["config", "get", "maxmemory-policy"]),
        "maxmemory-policy\nvolatile-lru"
    );
    // The test may list what the service never lists.
    let keys = redis.cli(&["keys", "*"]);
    assert!(keys.lines().count() > READS.len());
    for key in keys.lines() {
        let entry = key.split(':').nth(1) == Some("tenant-001");
        assert!(entry || key.starts_with("tenantcache:"), "{key}");
        assert!(
            redis.cli(&["ttl", key]).parse::<i64>().unwrap() > 0,
            "{key}"
        );
    }
}
