//! Events that come through the Redis Stream, once over all nodes.

use reqwest::Method;
use serde_json::Value;
use testkit::RedisServer;

use crate::node::{Node, eventually, send};
use crate::tokens::token;
use crate::world::World;

const STREAM: &str = "tenantcache:events";

fn add(redis: &RedisServer, kind: &str, tenant: &str) {
    let event = serde_json::json!({
        "specversion": "1.0", "id": "e-1", "source": "/shop", "type": kind, "subject": "101", "tenantid": tenant,
    });
    let id = redis.cli(&["xadd", STREAM, "*", "event", &event.to_string()]);
    assert!(id.contains('-'), "{id}");
}

async fn applied(node: &Node) -> f64 {
    node.figure("tenantcache_stream_events_total{outcome=\"applied\"}")
        .await
}

async fn until_reading(node: &Node) {
    node.await_figure("tenantcache_stream_up", 1.0).await;
}

/// Two nodes on one Redis that both read the stream.
async fn two_nodes(world: &World, redis: &RedisServer) -> [Node; 2] {
    let nodes = [
        world.node_on(redis, &[]).await,
        world.node_on(redis, &[]).await,
    ];
    for node in &nodes {
        until_reading(node).await;
    }
    nodes
}

#[tokio::test]
async fn an_event_in_the_stream_is_handled_by_one_node_and_holds_on_all() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let nodes = two_nodes(&world, &redis).await;
    for node in &nodes {
        for tenant in ["tenant-001", "tenant-002"] {
            let _ = node.get(tenant, "/products/101").await;
            let _ = node.get(tenant, "/dashboard/kpis").await;
        }
    }
    world.reprice("tenant-001", "9.99").await;
    add(&redis, "product.updated", "tenant-001");
    for node in &nodes {
        eventually("the new price is seen", async || {
            let answer = node.get("tenant-001", "/products/101").await;
            (answer.json()["payload"]["price"] == "9.99").then_some(())
        })
        .await;
        let other = node.get("tenant-002", "/products/101").await;
        assert!(other.ok().hit);
        let unconcerned = node.get("tenant-001", "/dashboard/kpis").await;
        assert!(unconcerned.ok().hit);
    }
    eventually("it is counted once", async || {
        (applied(&nodes[0]).await + applied(&nodes[1]).await == 1.0).then_some(())
    })
    .await;
    let mut records = Vec::new();
    for node in &nodes {
        let list = node
            .get_as(&token("tenant-001"), "/cache/invalidations")
            .await;
        records.extend(list.json()["items"].as_array().unwrap().clone());
        assert_eq!(node.figure("tenantcache_stream_gaps_total").await, 0.0);
    }
    let [record] = records.as_slice() else {
        panic!("one node wrote it down: {records:?}");
    };
    assert_eq!(record["cause"], "product.updated e-1");
    assert_eq!(record["by"], "redis stream");
    assert_eq!(record["status"], "applied");
}

#[tokio::test]
async fn a_deleted_stream_makes_everything_fresh_on_all_nodes() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let nodes = two_nodes(&world, &redis).await;
    for node in &nodes {
        let _ = node.get("tenant-001", "/products/101").await;
    }
    world.reprice("tenant-001", "9.99").await;
    add(&redis, "weather.changed", "tenant-001");
    let _ = redis.cli(&["del", STREAM]);
    for node in &nodes {
        eventually("the gap is made up for", async || {
            let answer = node.get("tenant-001", "/products/101").await;
            let price: Value = answer.json()["payload"]["price"].clone();
            (price == "9.99").then_some(())
        })
        .await;
    }
    eventually("it is counted", async || {
        let gaps = nodes[0].figure("tenantcache_stream_gaps_total").await;
        (gaps + nodes[1].figure("tenantcache_stream_gaps_total").await >= 1.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_the_cache_or_redis_no_stream_is_read() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let node = world.node(&[]).await;
    assert_eq!(node.figure("tenantcache_stream_up").await, 0.0);
    let url = redis.url();
    let off = [("REDIS_URL", url.as_str()), ("CACHE_ENABLED", "false")];
    let node = world.node(&off).await;
    let reply = send(node.request(Method::GET, "/metrics")).await;
    let text = String::from_utf8_lossy(&reply.body);
    assert!(!text.contains("tenantcache_stream"));
    assert_eq!(redis.cli(&["exists", STREAM]), "0");
}
