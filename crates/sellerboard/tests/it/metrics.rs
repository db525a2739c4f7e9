//! The figures, true to the last request.

use reqwest::Method;
use serde_json::Value;
use testkit::RedisServer;

use crate::node::send;
use crate::tokens::{admin, token};
use crate::world::{READS, World};

/// The reference document's eight fields, by their names.
const FIELDS: [&str; 8] = [
    "hits",
    "misses",
    "total_requests",
    "hit_rate_percent",
    "used_memory_mb",
    "max_memory_mb",
    "memory_usage_percent",
    "redis_evicted_keys",
];

fn counts(metrics: &Value) -> (u64, u64, u64) {
    let [hits, misses, total] =
        ["hits", "misses", "total_requests"].map(|name| metrics[name].as_u64().unwrap());
    assert_eq!(hits + misses, total, "{metrics}");
    (hits, misses, total)
}

#[tokio::test]
async fn a_hundred_and_fifty_hits_and_fifty_misses_are_75_percent() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    assert_eq!(node.metrics().await["hit_rate_percent"], 0.0);
    for days in 1..=50 {
        let path = format!("/dashboard/trends?days={days}");
        node.get("tenant-001", &path).await.assert_miss();
        for _ in 0..3 {
            node.get("tenant-001", &path).await.assert_hit("local");
        }
    }
    let metrics = node.metrics().await;
    assert_eq!(counts(&metrics), (150, 50, 200));
    assert_eq!(metrics["hit_rate_percent"].to_string(), "75.0");
    for name in FIELDS {
        assert!(metrics[name].is_number(), "{name}: {metrics}");
    }
    assert_eq!(metrics["redis"]["state"], "none");
    assert_eq!(metrics["max_memory_mb"], 256.0);
    assert_eq!(metrics["tiers"]["local"]["entries"], 50);
    let endpoint = &metrics["endpoints"]["dashboard_trends"];
    assert_eq!(
        (&endpoint["hits"], &endpoint["origin_loads"]),
        (&150.into(), &50.into())
    );
    // Reading the figures is no cached read.
    assert_eq!(counts(&node.metrics().await), (150, 50, 200));
}

#[tokio::test]
async fn a_304_is_a_hit_and_a_reload_an_error_and_a_missing_product_are_misses() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let first = node.get("tenant-001", "/dashboard/kpis").await;
    assert_eq!(counts(&node.metrics().await), (0, 1, 1));

    let request = node.api(Method::GET, "/dashboard/kpis", &token("tenant-001"));
    let reply = send(request.header("if-none-match", first.header("etag"))).await;
    assert_eq!(reply.status, 304);
    assert_eq!(counts(&node.metrics().await), (1, 1, 2));

    node.reload("tenant-001", "/dashboard/kpis").await.ok();
    assert_eq!(counts(&node.metrics().await), (1, 2, 3));

    node.get("tenant-001", "/products/none")
        .await
        .problem(404, "not-found");
    assert_eq!(counts(&node.metrics().await), (1, 3, 4));

    world
        .set_faults(&serde_json::json!({ "error_rate": 1, "status": 500 }))
        .await;
    node.get("tenant-001", "/dashboard/alerts")
        .await
        .problem(502, "origin-failed");
    let metrics = node.metrics().await;
    assert_eq!(counts(&metrics), (1, 4, 5));
    assert_eq!(metrics["errors"], 1);

    // What is refused before the cache is asked is not counted.
    node.get("tenant-001", "/dashboard/trends?days=0")
        .await
        .problem(400, "invalid-parameter");
    node.get_as("no token", "/dashboard/kpis")
        .await
        .problem(401, "unauthenticated");
    assert_eq!(counts(&node.metrics().await), (1, 4, 5));
}

#[tokio::test]
async fn without_the_cache_everything_is_a_bypass_and_a_miss() {
    let world = World::start().await;
    let node = world.node(&[("CACHE_ENABLED", "False")]).await;
    for _ in 0..3 {
        let reply = node.get("tenant-001", "/dashboard/kpis").await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("cache-status"), "tenantcache; fwd=bypass");
        assert_eq!(reply.header("cache-control"), "private, no-cache");
    }
    assert_eq!(world.calls().await, 3);
    let metrics = node.metrics().await;
    assert_eq!(counts(&metrics), (0, 3, 3));
    assert_eq!(metrics["hit_rate_percent"], 0.0);
    node.applied("tenant-001", "").await;
}

#[tokio::test]
async fn one_tenants_figures_are_its_own() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    for (tenant, count) in [("tenant-001", 3), ("tenant-002", 2)] {
        for _ in 0..count {
            node.get(tenant, "/dashboard/kpis").await.ok();
        }
    }
    let scoped = async |token: &str, query: &str| {
        node.get_as(token, &format!("/cache/metrics?scope=tenant{query}"))
            .await
    };
    let (ann, op) = (token("tenant-001"), admin("tenant-001"));
    assert_eq!(counts(&scoped(&ann, "").await.json()), (2, 1, 3));
    assert_eq!(
        counts(&scoped(&ann, "&tenant=tenant-001").await.json()),
        (2, 1, 3)
    );
    assert_eq!(
        counts(&scoped(&op, "&tenant=tenant-002").await.json()),
        (1, 1, 2)
    );
    scoped(&ann, "&tenant=tenant-002")
        .await
        .problem(403, "forbidden");
    assert_eq!(counts(&node.metrics().await), (3, 2, 5));

    let own = node.get_as(&ann, "/cache/tenants").await.json();
    assert_eq!(own["items"].as_array().unwrap().len(), 1);
    let all = node.get_as(&op, "/cache/tenants").await.json();
    assert_eq!(all["items"][0]["id"], "tenant-001");
    assert_eq!(all["items"][1]["id"], "tenant-002");
}

#[tokio::test]
async fn memory_is_redis_own_while_it_is_up() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let node = world
        .node_on(
            &redis,
            &[
                ("CACHE_MAX_MEMORY", "64MB"),
                ("CACHE_LOCAL_MAX_MEMORY", "8MB"),
            ],
        )
        .await;
    let metrics = crate::node::eventually("Redis' limit is seen", async || {
        let metrics = node.metrics().await;
        (metrics["max_memory_mb"] == 64.0).then_some(metrics)
    })
    .await;
    assert_eq!(metrics["tiers"]["local"]["max_memory_mb"], 8.0);
    assert_eq!(metrics["redis"]["state"], "up");
    let used = metrics["used_memory_mb"].as_f64().unwrap();
    let percent = metrics["memory_usage_percent"].as_f64().unwrap();
    assert!(
        used > 0.1 && (percent - used / 64.0 * 100.0).abs() < 0.02,
        "{metrics}"
    );
}

#[tokio::test]
async fn prometheus_has_the_five_names_no_tenant_and_few_series() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let node = world.node_on(&redis, &[]).await;
    for (path, _) in READS {
        node.get("tenant-001", path).await.ok();
        node.get("tenant-002", path).await.ok();
    }
    for query in [
        "",
        "?key=dashboard_kpis:tenant-001",
        "?endpoint=products",
        "?prefix=dash",
        "?tag=product:101",
    ] {
        node.applied("tenant-001", query).await;
    }
    let request = node.request(Method::GET, "/metrics");
    let reply = send(request.header("accept", "application/openmetrics-text;version=1.0.0")).await;
    assert_eq!(reply.status, 200);
    assert!(
        reply
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    let series: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!((50..500).contains(&series.len()), "{}", series.len());
    for start in [
        "tenantcache_requests_total{endpoint=\"dashboard_kpis\",outcome=\"miss\"} 2",
        "tenantcache_origin_loads_total{endpoint=\"products\",outcome=\"ok\"} 6",
        "tenantcache_invalidations_total{scope=\"tenant\",outcome=\"applied\"} 1",
        "tenantcache_coherence_lag_seconds_count 5",
        "tenantcache_tier_bytes{tier=\"local\"} ",
        "tenantcache_tier_bytes{tier=\"redis\"} ",
    ] {
        assert!(
            series.iter().any(|line| line.starts_with(start)),
            "{start}\n{text}"
        );
    }
    assert!(
        !text.contains("tenant-00") && !text.contains("tenant="),
        "{text}"
    );
    assert!(text.ends_with("# EOF\n"));
}
