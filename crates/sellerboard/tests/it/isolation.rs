//! Nobody ever sees another tenant's bytes: every read × two tenants whose ids collide.

use reqwest::Method;
use seller_data::payload::MarketplaceStats;
use serde_json::Value;
use testkit::RedisServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::node::{Node, send};
use crate::tokens::token;
use crate::world::{READS, World};

const TENANTS: [&str; 2] = ["tenant-001", "tenant-002"];

/// What a tenant must be answered, by the marketplace's own word.
async fn truth(world: &World, tenant: &str, path: &str, market_path: &str) -> Value {
    let reply = world.ask(tenant, market_path).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    if market_path != "/dashboard/stats" {
        return reply.json();
    }
    let stats: MarketplaceStats = serde_json::from_slice(&reply.body).unwrap();
    let payload = match path {
        "/dashboard/kpis" => serde_json::to_value(stats.into_kpis()),
        _ => serde_json::to_value(stats.into_stats()),
    };
    payload.unwrap()
}

async fn assert_matrix(world: &World, nodes: &[&Node]) {
    for (path, market_path) in READS {
        let [ours, theirs] = TENANTS.map(|tenant| truth(world, tenant, path, market_path));
        let (ours, theirs) = (ours.await, theirs.await);
        assert_ne!(ours, theirs, "{path} does not tell the shops apart");
        for node in nodes {
            // Cold and at the same time, then warm.
            for _ in 0..2 {
                let [one, two] = TENANTS.map(|tenant| node.get(tenant, path));
                let (one, two) = tokio::join!(one, two);
                assert_eq!(one.json()["payload"], ours, "{path}");
                assert_eq!(two.json()["payload"], theirs, "{path}");
                for (reply, tenant) in [(one, TENANTS[0]), (two, TENANTS[1])] {
                    let key = reply.cache().key.unwrap();
                    assert_eq!(key.split(':').nth(1), Some(tenant), "{path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn every_read_of_two_tenants_is_their_own_in_process_and_through_redis() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let alone = world.node(&[]).await;
    let one = world.node_on(&redis, &[]).await;
    let two = world.node_on(&redis, &[]).await;
    assert_matrix(&world, &[&alone, &one, &two]).await;
}

#[tokio::test]
async fn every_read_of_two_tenants_is_their_own_without_the_cache() {
    let world = World::start().await;
    let node = world.node(&[("CACHE_ENABLED", "false")]).await;
    for (path, market_path) in READS {
        for tenant in TENANTS {
            let expected = truth(&world, tenant, path, market_path).await;
            assert_eq!(
                node.get(tenant, path).await.json()["payload"],
                expected,
                "{path}"
            );
        }
    }
}

/// F76: whatever stands in parameters, path and headers, the key is the caller's tenant's.
#[tokio::test]
async fn parameters_paths_and_headers_do_not_change_the_tenant() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let own = truth(
        &world,
        "tenant-001",
        "/dashboard/activity",
        "/dashboard/activity",
    )
    .await;
    for query in [
        "limit=10&tenant_id=tenant-002",
        "limit=10&tenant=tenant-002",
        "limit=10&X-Tenant-Id=tenant-002",
    ] {
        let reply = node
            .get("tenant-001", &format!("/dashboard/activity?{query}"))
            .await;
        assert_eq!(reply.json()["payload"], own, "{query}");
        assert_eq!(
            reply.cache().key.as_deref(),
            Some("dashboard_activity:tenant-001:limit:10")
        );
    }
    for query in [
        "days=30:tenant-002",
        "days=30%3Atenant-002",
        "days=30%0d%0aX-Tenant-Id:%20x",
    ] {
        let reply = node
            .get("tenant-001", &format!("/dashboard/trends?{query}"))
            .await;
        let problem = reply.problem(400, "invalid-parameter");
        assert_eq!(problem["parameter"], "days");
    }

    let request = node.api(Method::GET, "/dashboard/activity", &token("tenant-001"));
    let reply = send(request.header("x-tenant-id", "tenant-002")).await;
    assert_eq!(reply.json()["payload"], own);

    for path in [
        "/tenants/tenant-002/dashboard/kpis",
        "/tenant-002/dashboard/kpis",
    ] {
        node.get("tenant-001", path).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn texts_that_look_like_keys_stay_one_part_of_the_key() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let key = async |path: &str| node.get("tenant-001", path).await.cache().key.unwrap();
    assert_eq!(
        key("/products/101%3Aid%3Atenant-002").await,
        "products:tenant-001:id:101%3Aid%3Atenant-002"
    );
    assert_eq!(
        key("/products?q=a%3Acursor%3Ab").await,
        "products:tenant-001:limit:20:q:a%3Acursor%3Ab"
    );
    assert_eq!(
        key("/pricing/trends?product_id=*&days=7").await,
        "pricing_trends:tenant-001:days:7:product_id:%2A"
    );
    // The marketplace sees them as ids too, not as paths of its own.
    for id in [
        "..%2F..%2Fdashboard%2Fstats",
        "101%2F..%2F102",
        "%2e%2e",
        "101%3Fx=1",
    ] {
        node.get("tenant-001", &format!("/products/{id}"))
            .await
            .problem(404, "not-found");
    }
}

/// Clients may send dots that URL libraries would resolve; they name no product either.
#[tokio::test]
async fn dots_in_the_path_name_no_product() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let token = token("tenant-001");
    for id in ["..", "%2e%2e", ".", "%2E", "..%2fproducts", "%00"] {
        let mut stream = tokio::net::TcpStream::connect(node.origin.trim_start_matches("http://"))
            .await
            .unwrap();
        let request = format!(
            "GET /api/v1/products/{id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{id}: {answer}");
    }
}
