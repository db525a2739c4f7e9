use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{Marketplace, json, problem};

async fn created(marketplace: &Marketplace, path: &str, body: &Value) {
    let response = marketplace.send(Method::POST, path, body).await;
    assert_eq!(response.status(), 201, "{path}");
    let body = json(response).await;
    assert!(
        body["id"].as_str().is_some_and(|id| !id.is_empty()),
        "{path}: {body}"
    );
}

#[tokio::test]
async fn an_order_changes_the_figures_and_the_stock() {
    let marketplace = Marketplace::start().await;
    marketplace
        .send(Method::PATCH, "/products/A1", &json!({ "stock": 10 }))
        .await;
    let before = json(marketplace.get("/dashboard/stats").await).await;
    let order = json!({ "lines": [
        { "sku": "A1", "quantity": 3, "price": "4.00", "customer": "c-1" },
        { "product_id": "B2", "quantity": 1, "price": 9.5 },
    ] });
    created(&marketplace, "/orders", &order).await;
    let after = json(marketplace.get("/dashboard/stats").await).await;
    assert_ne!(
        before["as_of"], after["as_of"],
        "the newest order is today's"
    );
    assert_eq!(after["periods"]["7"]["gross_revenue"], "21.50");
    assert_eq!(after["periods"]["7"]["units"], 4);
    assert_eq!(
        json(marketplace.get("/products/A1").await).await["stock"],
        7
    );
}

#[tokio::test]
async fn a_patch_answers_the_product_as_it_is_now() {
    let marketplace = Marketplace::start().await;
    let patch = json!({ "name": "Green mug", "price": "3.10", "stock": 4 });
    let response = marketplace
        .send(Method::PATCH, "/products/A1", &patch)
        .await;
    assert_eq!(response.status(), 200);
    let product = json(response).await;
    assert_eq!(product["id"], "A1");
    assert_eq!(product["name"], "Green mug");
    assert_eq!(product["price"], "3.10");
    assert_eq!(product["stock"], 4);
    assert_eq!(json(marketplace.get("/products/A1").await).await, product);
}

#[tokio::test]
async fn reviews_and_prices_show_in_their_reads() {
    let marketplace = Marketplace::start().await;
    let review = json!({ "product_id": "A1", "rating": 5, "text": "Wonderful, I love it" });
    created(&marketplace, "/reviews", &review).await;
    assert_eq!(
        json(marketplace.get("/products/A1").await).await["reviews"],
        1
    );
    let price = json!({ "product_id": "A1", "competitor": "Mugs & Co", "price": "2.20" });
    created(&marketplace, "/prices", &price).await;
    let pricing = json(
        marketplace
            .get("/pricing/trends?product_id=A1&days=365")
            .await,
    )
    .await;
    assert_eq!(pricing["items"][0]["product_id"], "A1", "{pricing}");
}

#[tokio::test]
async fn bad_writes_change_nothing() {
    let marketplace = Marketplace::start().await;
    let before = json(marketplace.get("/dashboard/stats").await).await;
    let unknown = json!({ "lines": [
        { "sku": "A1", "quantity": 1 }, { "sku": "NONE", "quantity": 1 },
    ] });
    problem(
        marketplace.send(Method::POST, "/orders", &unknown).await,
        404,
    )
    .await;
    let cases = [
        (Method::POST, "/orders", json!({ "lines": [] })),
        (
            Method::POST,
            "/orders",
            json!({ "lines": [{ "sku": "A1", "quantity": 0 }] }),
        ),
        (
            Method::POST,
            "/orders",
            json!({ "lines": [{ "sku": "A1" }] }),
        ),
        (
            Method::POST,
            "/orders",
            json!({ "lines": [{ "sku": "A1", "quantity": 1, "price": "x" }] }),
        ),
        (Method::POST, "/orders", json!("order")),
        (Method::PATCH, "/products/A1", json!({ "stock": -1 })),
        (Method::PATCH, "/products/A1", json!({ "price": "-0.01" })),
        (
            Method::POST,
            "/reviews",
            json!({ "product_id": "A1", "rating": 6, "text": "" }),
        ),
        (
            Method::POST,
            "/prices",
            json!({ "product_id": "A1", "competitor": "", "price": 1 }),
        ),
    ];
    for (method, path, body) in cases {
        let problem = problem(marketplace.send(method, path, &body).await, 400).await;
        assert!(problem["parameter"].is_string(), "{path} {body}: {problem}");
    }
    let patch = json!({ "stock": 1 });
    problem(
        marketplace
            .send(Method::PATCH, "/products/none", &patch)
            .await,
        404,
    )
    .await;
    assert_eq!(
        json(marketplace.get("/dashboard/stats").await).await,
        before
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let marketplace = Marketplace::start().await;
    let review =
        |bytes: usize| json!({ "product_id": "A1", "rating": 5, "text": "x".repeat(bytes) });
    let large = marketplace
        .send(Method::POST, "/reviews", &review(1024 * 1024))
        .await;
    problem(large, 413).await;
    let long = marketplace
        .send(Method::POST, "/reviews", &review(1024 * 1024 - 100))
        .await;
    problem(long, 400).await;
}
