//! Requests that must be refused, each as the contract says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::node::send;
use crate::tokens::{SECRET, admin, claims, encode, token};
use crate::world::World;

fn with(name: &str, value: Value) -> String {
    let mut claims = claims("tenant-001");
    claims[name] = value;
    encode(&claims, SECRET)
}

fn without(name: &str) -> String {
    let mut claims = claims("tenant-001");
    claims.as_object_mut().unwrap().remove(name);
    encode(&claims, SECRET)
}

fn unsigned(alg: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.",
        part(&json!({"alg": alg, "typ": "JWT"})),
        part(&claims("tenant-001"))
    )
}

/// A good token whose payload names another tenant.
fn swapped() -> String {
    let good = token("tenant-001");
    let other = token("tenant-002");
    let (good, other): (Vec<&str>, Vec<&str>) =
        (good.split('.').collect(), other.split('.').collect());
    format!("{}.{}.{}", good[0], other[1], good[2])
}

#[tokio::test]
async fn tokens_that_prove_nothing_are_a_401_with_a_challenge() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    for (what, token) in [
        ("nonsense", "nonsense".to_owned()),
        ("three parts", "a.b.c".to_owned()),
        (
            "forged",
            encode(
                &claims("tenant-001"),
                "another secret of the tests, as long as it",
            ),
        ),
        ("swapped", swapped()),
        ("alg none", unsigned("none")),
        ("alg NoNe", unsigned("NoNe")),
        ("alg HS256, no signature", unsigned("HS256")),
        ("expired", with("exp", json!(1_000_000_000))),
        ("not yet valid", with("nbf", json!(9_999_999_999_u64))),
        ("no exp", without("exp")),
        ("no email", without("email")),
        ("no tenant", without("tenant_id")),
        ("no sub", without("sub")),
        ("colon", with("tenant_id", json!("tenant-001:days:30"))),
        ("star", with("tenant_id", json!("*"))),
        ("empty tenant", with("tenant_id", json!(""))),
        ("long tenant", with("tenant_id", json!("t".repeat(129)))),
        ("list of tenants", with("tenant_id", json!(["tenant-001"]))),
        ("number as tenant", with("tenant_id", json!(1))),
        ("large", with("scope", json!("s".repeat(9_000)))),
    ] {
        for path in ["/dashboard/kpis", "/cache/metrics"] {
            let reply = node.get_as(&token, path).await;
            assert_eq!(reply.status, 401, "{what}: {reply:?}");
            reply.problem(401, "unauthenticated");
            let challenge = reply.header("www-authenticate");
            assert!(
                challenge.contains("error=\"invalid_token\""),
                "{what}: {challenge}"
            );
            assert!(!challenge.contains("tenant-001"), "{what}: {challenge}");
        }
    }
    assert_eq!(world.calls().await, 0);
}

#[tokio::test]
async fn without_a_token_every_path_of_the_api_is_a_401() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    for (method, path) in [
        (Method::GET, "/dashboard/kpis"),
        (Method::GET, "/products/101"),
        // Who is nobody is told so before anything about the parameters.
        (Method::GET, "/dashboard/trends?days=0"),
        (Method::GET, "/cache/metrics"),
        (Method::GET, "/cache/entries"),
        (Method::GET, "/cache/entry?key=dashboard_kpis:tenant-001"),
        (Method::GET, "/cache/invalidations"),
        (Method::GET, "/cache/tenants"),
        (Method::GET, "/cache/history"),
        (Method::DELETE, "/cache"),
    ] {
        let request = || node.request(method.clone(), &format!("/api/v1{path}"));
        let reply = send(request()).await;
        reply.problem(401, "unauthenticated");
        assert_eq!(
            reply.header("www-authenticate"),
            "Bearer realm=\"sellerboard\"",
            "{path}"
        );
        for header in ["Basic YTpi", "Bearer", "Bearer ", "Token x"] {
            send(request().header("authorization", header))
                .await
                .problem(401, "unauthenticated");
        }
        let twice = request()
            .bearer_auth(token("tenant-001"))
            .header("authorization", "Bearer x");
        send(twice).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn parameters_out_of_range_are_named() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    for (path, parameter) in [
        ("/dashboard/trends?days=0", "days"),
        ("/dashboard/trends?days=366", "days"),
        ("/dashboard/trends?days=abc", "days"),
        ("/dashboard/trends?days=", "days"),
        ("/dashboard/trends?days=-1", "days"),
        ("/dashboard/trends?days=%2B30", "days"),
        ("/dashboard/trends?days=1.5", "days"),
        ("/dashboard/trends?days=30%20", "days"),
        ("/dashboard/trends?days=99999999999999999999", "days"),
        ("/dashboard/trends?days=1&days=2", "days"),
        ("/dashboard/trends?days=30&days=30", "days"),
        ("/dashboard/activity?limit=0", "limit"),
        ("/dashboard/activity?limit=101", "limit"),
        ("/products?limit=101", "limit"),
        ("/products?cursor=", "cursor"),
        ("/products?q=%0a", "q"),
        ("/pricing/trends?product_id=", "product_id"),
        ("/pricing/trends?days=400", "days"),
        ("/sentiment/overview?days=x", "days"),
        ("/forecast/demand?horizon=91", "horizon"),
        ("/forecast/demand?horizon=0", "horizon"),
        ("/cache/entries?limit=0", "limit"),
        ("/cache/entry", "key"),
        ("/cache/entry?key=nonsense", "key"),
        ("/cache/metrics?scope=all", "scope"),
    ] {
        let problem = node
            .get("tenant-001", path)
            .await
            .problem(400, "invalid-parameter");
        assert_eq!(problem["parameter"], parameter, "{path}");
    }
    let long = "q".repeat(129);
    let problem = node.get("tenant-001", &format!("/products?q={long}")).await;
    assert_eq!(problem.problem(400, "invalid-parameter")["parameter"], "q");
    assert_eq!(world.calls().await, 0);
    // Unknown parameters are ignored.
    node.get("tenant-001", "/dashboard/kpis?days=0&x=%00")
        .await
        .assert_miss();
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_problems_too() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    for path in [
        "/nothing",
        "/api/v1",
        "/api/v1/",
        "/api/v1/dashboard",
        "/api/v2/dashboard/kpis",
        "/api/v1/products/101/x",
    ] {
        send(node.request(Method::GET, path))
            .await
            .problem(404, "not-found");
    }
    for (method, path, allow) in [
        (Method::POST, "/api/v1/dashboard/kpis", "GET,HEAD"),
        (Method::PUT, "/api/v1/products/101", "GET,HEAD"),
        (Method::GET, "/api/v1/cache", "DELETE"),
        (Method::DELETE, "/api/v1/cache/metrics", "GET,HEAD"),
        (Method::POST, "/healthz", "GET,HEAD"),
    ] {
        let reply = send(node.request(method, path)).await;
        reply.problem(405, "method-not-allowed");
        assert_eq!(reply.header("allow"), allow, "{path}");
    }
    let head = send(node.api(Method::HEAD, "/dashboard/kpis", &token("tenant-001"))).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert!(head.cache().stored);
}

#[tokio::test]
async fn entries_of_another_tenant_need_the_scope() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    node.get("tenant-002", "/dashboard/kpis").await.ok();
    for path in [
        "/cache/entry?key=dashboard_kpis:tenant-002",
        "/cache/entries?tenant=tenant-002",
    ] {
        node.get("tenant-001", path).await.problem(403, "forbidden");
        assert_eq!(
            node.get_as(&admin("tenant-001"), path).await.status,
            200,
            "{path}"
        );
    }
    let own = node.get("tenant-001", "/cache/entries").await.json();
    assert_eq!(own["items"], json!([]));
    node.get("tenant-001", "/cache/entry?key=dashboard_kpis:tenant-001")
        .await
        .problem(404, "not-found");
}

#[tokio::test]
async fn a_tenant_over_its_rate_gets_429_and_another_does_not() {
    let world = World::start().await;
    let node = world.node(&[("RATE_LIMIT_TENANT", "5")]).await;
    let mut limited = None;
    for _ in 0..50 {
        let reply = node.get("tenant-001", "/dashboard/kpis").await;
        if reply.status == 429 {
            limited = Some(reply);
            break;
        }
        reply.ok();
    }
    let limited = limited.expect("fifty requests at once are more than five a second");
    limited.problem(429, "rate-limited");
    assert_eq!(limited.header("retry-after"), "1");
    node.get("tenant-002", "/dashboard/kpis").await.ok();
    assert_eq!(node.redis_state().await, "none");
}
