//! What becomes of an origin's failures.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::node::{Node, eventually};
use crate::world::{READS, World};

const KPIS: &str = "/dashboard/kpis";

/// An origin that gives everybody one answer.
async fn node_on_origin(world: &World, respond: fn() -> Response) -> Node {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(async move || respond());
    tokio::spawn(async move { axum::serve(listener, router).await });
    world.node(&[("UPSTREAM_URL", &origin)]).await
}

#[tokio::test]
async fn an_origin_that_fails_is_a_502_that_is_not_cached() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    world
        .set_faults(&json!({ "error_rate": 1, "status": 500 }))
        .await;
    for count in 1..=3 {
        let reply = node.get("tenant-001", KPIS).await;
        reply.problem(502, "origin-failed");
        let status = reply.cache();
        assert_eq!(status.fwd.as_deref(), Some("miss"));
        assert_eq!(status.detail.as_deref(), Some("origin-error"));
        assert!(!status.stored && reply.headers.get("etag").is_none());
        assert_eq!(world.calls().await, count);
    }
    world.heal().await;
    node.get("tenant-001", KPIS).await.assert_miss();
    node.get("tenant-001", KPIS).await.assert_hit("local");
}

#[tokio::test]
async fn an_origin_that_is_not_there_is_a_502() {
    let world = World::start().await;
    let nowhere = format!("http://127.0.0.1:{}", testkit::free_port());
    let node = world.node(&[("UPSTREAM_URL", &nowhere)]).await;
    let problem = node
        .get("tenant-001", KPIS)
        .await
        .problem(502, "origin-failed");
    assert!(!problem.to_string().contains("127.0.0.1"), "{problem}");
}

#[tokio::test]
async fn an_origin_that_hangs_is_a_504_in_time() {
    let world = World::start().await;
    let node = world.node(&[("UPSTREAM_TIMEOUT", "300ms")]).await;
    world.set_faults(&json!({ "hang": true })).await;
    let begun = Instant::now();
    node.get("tenant-001", KPIS)
        .await
        .problem(504, "origin-timeout");
    let took = begun.elapsed();
    assert!(
        (Duration::from_millis(250)..Duration::from_secs(3)).contains(&took),
        "{took:?}"
    );
    world.heal().await;
    node.get("tenant-001", KPIS).await.assert_miss();
}

#[tokio::test]
async fn a_busy_origin_is_a_503_that_says_when_to_come_again() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    for status in [503, 429] {
        world.set_faults(&json!({ "status": status })).await;
        let reply = node.get("tenant-001", KPIS).await;
        reply.problem(503, "unavailable");
        assert_eq!(reply.header("retry-after"), "1");
    }
    for respond in [
        || (http::StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")]).into_response(),
        || {
            (
                http::StatusCode::SERVICE_UNAVAILABLE,
                [("retry-after", "7")],
            )
                .into_response()
        },
    ] as [fn() -> Response; 2]
    {
        let node = node_on_origin(&world, respond).await;
        let reply = node.get("tenant-001", KPIS).await;
        reply.problem(503, "unavailable");
        assert_eq!(reply.header("retry-after"), "7");
    }
}

#[tokio::test]
async fn an_origin_that_talks_nonsense_is_a_502() {
    let world = World::start().await;
    for respond in [
        || "<html>Welcome</html>".into_response(),
        || "{}".into_response(),
        || "{\"as_of\": NaN}".into_response(),
        || "".into_response(),
        || vec![b' '; 17 << 20].into_response(),
        || {
            let block = Bytes::from_static(&[b' '; 64 << 10]);
            let without_end = stream::repeat(Ok::<_, Infallible>(block));
            Body::from_stream(without_end).into_response()
        },
        || {
            (
                http::StatusCode::FOUND,
                [("location", "/api/v1/dashboard/stats")],
            )
                .into_response()
        },
        || (http::StatusCode::UNAUTHORIZED, "who?").into_response(),
        || http::StatusCode::NO_CONTENT.into_response(),
    ] as [fn() -> Response; 9]
    {
        let node = node_on_origin(&world, respond).await;
        let reply = node.get("tenant-001", KPIS).await;
        reply.problem(502, "origin-failed");
        let reply = node.get("tenant-001", KPIS).await;
        assert_eq!(reply.status, 502, "cached: {reply:?}");
    }
}

#[tokio::test]
async fn an_answer_can_be_loaded_anew_before_it_is_stale() {
    let world = World::start().await;
    let eager = [
        ("CACHE_TTL_DASHBOARD_KPIS", "60s"),
        ("CACHE_EAGER_REFRESH", "1"),
    ];
    let node = world.node(&eager).await;
    node.get("tenant-001", KPIS).await.assert_miss();
    eventually("it is loaded anew", async || {
        let status = node.get("tenant-001", KPIS).await.ok();
        assert!(status.hit && status.ttl.unwrap() > 0, "{status:?}");
        (world.calls().await >= 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn within_grace_a_stale_answer_covers_a_failing_origin() {
    let world = World::start().await;
    let short = [
        ("CACHE_TTL_DASHBOARD_KPIS", "1s"),
        ("CACHE_GRACE", "60s"),
        ("UPSTREAM_TIMEOUT", "500ms"),
    ];
    let node = world.node(&short).await;
    let first = node.get("tenant-001", KPIS).await;
    first.assert_miss();
    for faults in [json!({ "error_rate": 1 }), json!({ "hang": true })] {
        world.set_faults(&faults).await;
        let stale = eventually("the answer is stale", async || {
            let reply = node.get("tenant-001", KPIS).await;
            let status = reply.ok();
            assert!(status.hit, "{status:?}");
            (status.ttl.unwrap() < 0).then_some(reply)
        })
        .await;
        assert_eq!(stale.body, first.body);
        assert!(stale.header("age").parse::<u64>().unwrap() >= 1 || stale.cache().ttl == Some(-1));
    }
    let metrics = node.metrics().await;
    assert!(metrics["stale_hits"].as_u64().unwrap() >= 2, "{metrics}");
    assert_eq!(
        (&metrics["misses"], &metrics["errors"]),
        (&1.into(), &0.into())
    );

    world.heal().await;
    eventually("the answer is fresh again", async || {
        let status = node.get("tenant-001", KPIS).await.ok();
        (status.ttl.unwrap() >= 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn past_grace_nothing_covers_a_failing_origin() {
    let world = World::start().await;
    let short = [("CACHE_TTL_DASHBOARD_KPIS", "300ms"), ("CACHE_GRACE", "0")];
    let node = world.node(&short).await;
    node.get("tenant-001", KPIS).await.assert_miss();
    world
        .set_faults(&json!({ "error_rate": 1, "status": 500 }))
        .await;
    eventually("the answer has expired", async || {
        let reply = node.get("tenant-001", KPIS).await;
        if reply.status == 200 {
            // The soft TTL is spread downwards; the hard one is what was set.
            assert!(reply.cache().ttl.unwrap() >= -1);
            return None;
        }
        reply.problem(502, "origin-failed");
        Some(())
    })
    .await;
}

#[tokio::test]
async fn a_client_can_reload_its_own_entry_within_a_rate() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let first = node.get("tenant-001", "/products/101").await;
    node.get("tenant-002", "/products/101").await.ok();
    world.reprice("tenant-001", "7.77").await;
    node.get("tenant-001", "/products/101")
        .await
        .assert_hit("local");
    let reloaded = node.reload("tenant-001", "/products/101").await;
    let status = reloaded.ok();
    assert_eq!(status.fwd.as_deref(), Some("request"));
    assert!(status.stored && reloaded.body != first.body);
    assert_eq!(reloaded.json()["payload"]["price"], "7.77");
    let next = node.get("tenant-001", "/products/101").await;
    next.assert_hit("local");
    assert_eq!(next.body, reloaded.body);
    node.get("tenant-002", "/products/101")
        .await
        .assert_hit("local");
    assert_eq!(world.calls().await, 3);

    // Over the rate it is answered as any other read.
    let mut ignored = 0;
    for _ in 0..40 {
        ignored += usize::from(node.reload("tenant-001", "/products/101").await.ok().hit);
    }
    assert!(ignored > 0);
}

#[tokio::test]
async fn an_unknown_product_is_remembered_until_it_may_exist() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    for detail in ["origin", "local"] {
        let reply = node.get("tenant-001", "/products/999").await;
        reply.problem(404, "not-found");
        let status = reply.cache();
        assert_eq!(status.key.as_deref(), Some("products:tenant-001:id:999"));
        assert_eq!(status.detail.as_deref(), Some(detail));
        assert_eq!(status.hit, detail == "local");
    }
    assert_eq!(world.calls().await, 1);
    node.applied("tenant-001", "?tag=product:999").await;
    assert!(!node.get("tenant-001", "/products/999").await.cache().hit);
}

#[tokio::test]
async fn a_cursor_that_the_shop_does_not_know_is_named() {
    let world = World::start().await;
    for source in ["upstream", "sql"] {
        let node = world.node(&[("DATA_SOURCE", source)]).await;
        let reply = node.get("tenant-001", "/products?cursor=nonsense").await;
        assert_eq!(
            reply.problem(400, "invalid-parameter")["parameter"],
            "cursor",
            "{source}"
        );

        // A good one leads through all of them.
        let page = node.get("tenant-001", "/products?limit=2").await.json();
        let cursor = page["payload"]["next_cursor"].as_str().unwrap();
        let rest = node
            .get("tenant-001", &format!("/products?limit=2&cursor={cursor}"))
            .await
            .json();
        assert_eq!(rest["payload"]["items"].as_array().unwrap().len(), 1);
        assert!(rest["payload"]["next_cursor"].is_null());
    }
}

#[tokio::test]
async fn the_store_itself_answers_the_same_bytes() {
    let world = World::start().await;
    let (upstream, sql) = (
        world.node(&[]).await,
        world.node(&[("DATA_SOURCE", "sql")]).await,
    );
    let paths = READS.map(|(path, _)| path).into_iter().chain([
        "/products/102",
        "/products/999",
        "/dashboard/activity?limit=3",
        "/pricing/trends?product_id=101&days=7",
        "/forecast/demand?product_id=101&horizon=5",
        "/forecast/demand?product_id=999",
        "/pricing/trends?product_id=999",
    ]);
    for path in paths {
        for tenant in ["tenant-001", "tenant-002", "no-such-shop"] {
            let (one, two) = (
                upstream.get(tenant, path).await,
                sql.get(tenant, path).await,
            );
            assert_eq!(one.status, two.status, "{path}");
            if one.status == 200 {
                assert_eq!(one.body, two.body, "{path} of {tenant}");
                assert_eq!(one.header("etag"), two.header("etag"));
            }
        }
    }
    let calls = world.calls().await;
    sql.reload("tenant-001", KPIS).await.ok();
    assert_eq!(world.calls().await, calls);
}

#[tokio::test]
async fn a_tenant_that_the_origin_does_not_know_has_an_empty_shop() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let reply = node.get("no-such-shop", "/products").await;
    reply.assert_miss();
    let document = reply.json();
    assert_eq!(document["payload"]["items"], json!([]));
    assert!(document["payload"]["next_cursor"].is_null());
}

#[tokio::test]
async fn alerts_are_told_from_the_configured_thresholds_on() {
    let world = World::start().await;
    let price = json!({"product_id": "101", "competitor": "Cheap", "price": "0.05"});
    world
        .write("tenant-001", Method::POST, "/prices", &price)
        .await;
    for (least, is_told) in [("5", true), ("99.9", false)] {
        let node = world
            .node(&[
                ("DATA_SOURCE", "sql"),
                ("ALERT_PRICE_UNDERCUT_PERCENT", least),
            ])
            .await;
        let answer = node.get("tenant-001", "/dashboard/alerts").await.json();
        let items = answer["payload"]["items"].as_array().unwrap();
        let told = items
            .iter()
            .any(|alert| alert["id"] == "price_undercut:101");
        assert_eq!(told, is_told, "from {least} %: {items:?}");
    }
}
