use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use super::harness::{Marketplace, TENANT, WITHOUT_STORE, json, problem};

const READS: [&str; 11] = [
    "/dashboard/stats",
    "/dashboard/trends",
    "/dashboard/alerts",
    "/dashboard/insights",
    "/dashboard/activity",
    "/products",
    "/products?limit=1&q=mug",
    "/products/A1",
    "/pricing/trends?product_id=A1",
    "/sentiment/overview",
    "/forecast/demand?horizon=7",
];

#[tokio::test]
async fn every_read_answers_the_bare_payload() {
    let marketplace = Marketplace::start().await;
    for path in READS {
        let response = marketplace.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "application/json");
        let body = json(response).await;
        assert_eq!(body["as_of"], "2011-03-03", "{path}: {body}");
        assert_eq!(body["currency"], "GBP");
        assert_eq!(body["timezone"], "UTC");
        assert!(body.get("payload").is_none());
    }
}

#[tokio::test]
async fn stats_carry_the_payloads_of_stats_and_kpis() {
    let marketplace = Marketplace::start().await;
    let expected = serde_json::to_value(marketplace.store.stats(TENANT).await.unwrap()).unwrap();
    let body = json(marketplace.get("/dashboard/stats").await).await;
    assert_eq!(body, expected);
    assert!(body["periods"]["30"].is_object(), "{body}");
    assert!(body["kpis"].is_object(), "{body}");
}

#[tokio::test]
async fn parameters_reach_the_store() {
    let marketplace = Marketplace::start().await;
    let points = async |path: &str| {
        let body = json(marketplace.get(path).await).await;
        body["points"].as_array().unwrap().len()
    };
    assert_eq!(points("/dashboard/trends").await, 30);
    assert_eq!(points("/dashboard/trends?days=3&unknown=x").await, 3);
    assert_eq!(points("/forecast/demand?horizon=5").await, 5);
    let first = json(marketplace.get("/products?limit=1").await).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = json(
        marketplace
            .get(&format!("/products?limit=1&cursor={cursor}"))
            .await,
    )
    .await;
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let marketplace = Marketplace::start().await;
    let cases = [
        ("/dashboard/trends?days=0", "days"),
        ("/dashboard/trends?days=366", "days"),
        ("/dashboard/trends?days=abc", "days"),
        ("/dashboard/trends?days=", "days"),
        ("/dashboard/trends?days=%2B7", "days"),
        ("/dashboard/trends?days=99999999999999999999", "days"),
        ("/dashboard/trends?days=7&days=8", "days"),
        ("/dashboard/activity?limit=101", "limit"),
        ("/products?limit=0", "limit"),
        ("/products?cursor=", "cursor"),
        ("/products?cursor=%00nonsense", "cursor"),
        ("/pricing/trends?product_id=", "product_id"),
        ("/sentiment/overview?days=-1", "days"),
        ("/forecast/demand?horizon=91", "horizon"),
    ];
    for (path, parameter) in cases {
        let body = problem(marketplace.get(path).await, 400).await;
        assert_eq!(body["parameter"], parameter, "{path}");
        assert!(
            body["detail"].as_str().unwrap().contains(parameter),
            "{path}: {body}"
        );
    }
}

#[tokio::test]
async fn the_tenant_has_to_be_named_once_and_well() {
    let marketplace = Marketplace::start().await;
    let path = "/api/v1/dashboard/stats";
    let missing = marketplace.bare(Method::GET, path).send().await.unwrap();
    assert_eq!(problem(missing, 400).await["parameter"], "X-Tenant-Id");
    let long = "x".repeat(129);
    for tenant in ["", "a:b", "a b", "a/b", "ä", "*", long.as_str()] {
        let request = marketplace
            .bare(Method::GET, path)
            .header("X-Tenant-Id", tenant);
        problem(request.send().await.unwrap(), 400).await;
    }
    let twice = marketplace
        .request(Method::GET, "/products")
        .header("X-Tenant-Id", "shop-b");
    problem(twice.send().await.unwrap(), 400).await;
    let write = marketplace.bare(Method::POST, "/api/v1/orders").body("{}");
    problem(write.send().await.unwrap(), 400).await;
    assert_eq!(marketplace.calls().await["total"], 0);
}

#[tokio::test]
async fn an_unknown_tenant_has_an_empty_shop() {
    let marketplace = Marketplace::start().await;
    let products = async |tenant: &str| {
        let request = marketplace.bare(Method::GET, "/api/v1/products");
        json(request.header("X-Tenant-Id", tenant).send().await.unwrap()).await
    };
    assert_eq!(products("nobody@example.org+1").await["items"], json!([]));
    assert_eq!(products(TENANT).await["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let marketplace = Marketplace::start().await;
    for path in [
        "/products/none",
        "/products/%FF",
        "/dashboard",
        "/dashboard/nothing",
        "/x/",
    ] {
        problem(marketplace.get(path).await, 404).await;
    }
    let root = marketplace.bare(Method::GET, "/").send().await.unwrap();
    problem(root, 404).await;
    let deleted = marketplace
        .request(Method::DELETE, "/products/A1")
        .send()
        .await
        .unwrap();
    let allowed = deleted.headers()["allow"].to_str().unwrap().to_owned();
    problem(deleted, 405).await;
    assert!(
        allowed.contains("GET") && allowed.contains("PATCH"),
        "{allowed}"
    );
    problem(marketplace.get("/orders").await, 405).await;
    assert_eq!(
        marketplace.calls().await["total"],
        2,
        "only /products/… are business reads"
    );
}

#[tokio::test]
async fn requests_keep_their_id() {
    let marketplace = Marketplace::start().await;
    let request = marketplace
        .request(Method::GET, "/products/none")
        .header("X-Request-Id", "abc-1");
    let body = problem(request.send().await.unwrap(), 404).await;
    assert_eq!(body["request_id"], "abc-1");
    let odd = marketplace
        .bare(Method::GET, "/healthz")
        .header("X-Request-Id", "a b");
    let odd = odd.send().await.unwrap();
    assert_ne!(odd.headers()["x-request-id"], "a b");
    let other = marketplace
        .bare(Method::GET, "/healthz")
        .send()
        .await
        .unwrap();
    assert_ne!(
        odd.headers()["x-request-id"],
        other.headers()["x-request-id"]
    );
}

#[tokio::test]
async fn reads_take_the_latency_and_nothing_else_does() {
    let latency = Duration::from_secs(3600);
    let marketplace = Marketplace::start_with_latency(latency).await;
    tokio::time::pause();
    let start = Instant::now();
    for path in ["/healthz", "/calls"] {
        marketplace.bare(Method::GET, path).send().await.unwrap();
    }
    let malformed = marketplace.send(Method::POST, "/reviews", &json!([])).await;
    problem(malformed, 400).await;
    assert!(start.elapsed() < latency);
    problem(marketplace.get(WITHOUT_STORE).await, 400).await;
    assert!(start.elapsed() >= latency);
}
