use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::harness::{Marketplace, TENANT, WITHOUT_STORE, json, problem};

#[tokio::test]
async fn business_reads_are_counted_and_nothing_else_is() {
    let marketplace = Marketplace::start().await;
    assert_eq!(
        marketplace.calls().await,
        json!({ "total": 0, "calls": [] })
    );
    marketplace.get("/dashboard/stats").await;
    marketplace.get("/dashboard/stats?ignored=1").await;
    marketplace.get("/products/A1").await;
    marketplace
        .send(Method::PATCH, "/products/A1", &json!({ "stock": 5 }))
        .await;
    marketplace
        .bare(Method::GET, "/healthz")
        .send()
        .await
        .unwrap();
    let expected = json!({ "total": 3, "calls": [
        { "tenant": TENANT, "path": "/api/v1/dashboard/stats", "count": 2 },
        { "tenant": TENANT, "path": "/api/v1/products/A1", "count": 1 },
    ] });
    assert_eq!(marketplace.calls().await, expected);
    let reset = marketplace
        .bare(Method::DELETE, "/calls")
        .send()
        .await
        .unwrap();
    assert_eq!(reset.status(), 204);
    assert_eq!(marketplace.calls().await["total"], 0);
}

#[tokio::test]
async fn a_status_fails_every_read_until_healed() {
    let marketplace = Marketplace::start().await;
    let set = marketplace.set_faults(&json!({ "status": 502 })).await;
    assert_eq!(set.status(), 200);
    assert_eq!(json(set).await, json!({ "status": 502, "hang": false }));
    for _ in 0..3 {
        problem(marketplace.get("/products").await, 502).await;
    }
    let review = json!({ "product_id": "A1", "rating": 1 });
    assert_eq!(
        marketplace
            .send(Method::POST, "/reviews", &review)
            .await
            .status(),
        201
    );
    marketplace.heal().await;
    assert_eq!(marketplace.get("/products").await.status(), 200);
    assert_eq!(marketplace.calls().await["total"], 4, "failed reads count");
}

#[tokio::test]
async fn an_error_rate_is_spread_evenly() {
    let marketplace = Marketplace::start().await;
    marketplace.set_faults(&json!({ "error_rate": 0.1 })).await;
    let mut failed = Vec::new();
    for turn in 1..=30 {
        if marketplace.get("/dashboard/alerts").await.status() == 503 {
            failed.push(turn);
        }
    }
    assert_eq!(failed, [10, 20, 30]);
}

#[tokio::test]
async fn a_path_limits_the_faults() {
    let marketplace = Marketplace::start().await;
    let faults = json!({ "status": 500, "error_rate": 1, "path": "/api/v1/products" });
    marketplace.set_faults(&faults).await;
    problem(marketplace.get("/products").await, 500).await;
    problem(marketplace.get("/products/A1").await, 500).await;
    assert_eq!(marketplace.get("/dashboard/alerts").await.status(), 200);
    // New faults take the place of the old ones.
    marketplace
        .set_faults(&json!({ "status": 504, "path": "/api/v1/dashboard" }))
        .await;
    assert_eq!(marketplace.get("/products").await.status(), 200);
    problem(marketplace.get("/dashboard/alerts").await, 504).await;
}

#[tokio::test]
async fn a_latency_takes_the_place_of_the_usual_one() {
    let usual = Duration::from_secs(36_000);
    let marketplace = Marketplace::start_with_latency(usual).await;
    marketplace
        .set_faults(&json!({ "latency_ms": 500_000, "path": "/api/v1/dashboard" }))
        .await;
    tokio::time::pause();
    let start = Instant::now();
    problem(marketplace.get(WITHOUT_STORE).await, 400).await;
    assert!((Duration::from_secs(500)..usual).contains(&start.elapsed()));
    problem(marketplace.get("/products?limit=0").await, 400).await;
    assert!(start.elapsed() >= usual);
}

#[tokio::test]
async fn a_hanging_read_goes_on_when_healed() {
    let marketplace = Marketplace::start().await;
    marketplace.set_faults(&json!({ "hang": true })).await;
    let mut read = std::pin::pin!(marketplace.get("/products/A1"));
    // The read arrives while its client asks for the counts.
    while marketplace.calls().await["total"] == 0 {
        let _ = timeout(Duration::ZERO, &mut read).await;
    }
    tokio::time::pause();
    assert!(timeout(Duration::from_secs(3600), &mut read).await.is_err());
    tokio::time::resume();
    marketplace.heal().await;
    assert_eq!(read.await.status(), 200);
}

#[tokio::test]
async fn faults_that_make_no_sense_are_refused() {
    let marketplace = Marketplace::start().await;
    let cases = [
        (json!({ "latency_sm": 5 }), "body", "latency_sm"),
        (json!({ "latency_ms": -1 }), "body", "-1"),
        (json!({ "latency_ms": 600_001 }), "latency_ms", "600000"),
        (json!({ "error_rate": 1.5 }), "error_rate", "0 to 1"),
        (json!({ "status": 200 }), "status", "400 to 599"),
        (json!({ "status": 700_000 }), "body", "700000"),
        (json!({ "path": "products" }), "path", "start of a path"),
        (json!([]), "body", "400"),
    ];
    for (faults, parameter, says) in cases {
        let body = problem(marketplace.set_faults(&faults).await, 400).await;
        assert_eq!(body["parameter"], parameter, "{faults}");
        assert!(body.to_string().contains(says), "{faults}: {body}");
    }
    let unreadable = marketplace
        .bare(Method::POST, "/faults")
        .body("{")
        .send()
        .await
        .unwrap();
    problem(unreadable, 400).await;
    assert_eq!(
        marketplace.get("/products").await.status(),
        200,
        "nothing was set"
    );
}
