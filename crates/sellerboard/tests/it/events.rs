//! Events over HTTP: what they make fresh, and what they leave alone.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tenantcache::clock::{Clock, SystemClock};
use testkit::RedisServer;

use crate::node::{Node, eventually, send};
use crate::reply::Reply;
use crate::tokens::token;
use crate::world::{READS, World};

const KEY: &[u8; 32] = b"a key of the tests for webhooks!";
pub(crate) const STRUCTURED: &str = "application/cloudevents+json";
pub(crate) const BATCH: &str = "application/cloudevents-batch+json";

/// The variable with the key of the tests' webhooks.
pub(crate) fn secret() -> (&'static str, String) {
    ("WEBHOOK_SECRET", format!("whsec_{}", STANDARD.encode(KEY)))
}

/// A node that accepts signed events.
pub(crate) async fn listening_node(world: &World) -> Node {
    let (name, secret) = secret();
    world.node(&[(name, &secret)]).await
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemClock::default().wall().as_secs()
}

/// A good event.
pub(crate) fn event(kind: &str, tenant: &str, subject: &str) -> Value {
    json!({
        "specversion": "1.0", "id": unique(), "source": "/tests", "type": kind,
        "tenantid": tenant, "subject": subject, "data": {"any": "thing"},
    })
}

/// The headers that sign a delivery of `body`: id, time, signature.
pub(crate) fn signature(id: &str, timestamp: u64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY);
    let text = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    format!("v1,{}", STANDARD.encode(hmac::sign(&key, &text)))
}

/// A delivery with a new id, signed now.
pub(crate) fn delivery(node: &Node, content_type: &str, body: &[u8]) -> RequestBuilder {
    let (id, now) = (unique(), now());
    let signature = signature(&id, now, body);
    signed(node, content_type, body, &id, now, &signature)
}

/// A delivery with any headers.
pub(crate) fn signed(
    node: &Node,
    content_type: &str,
    body: &[u8],
    id: &str,
    timestamp: u64,
    signature: &str,
) -> RequestBuilder {
    node.request(Method::POST, "/api/v1/events")
        .header("content-type", content_type)
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature)
        .body(body.to_vec())
}

pub(crate) async fn deliver(node: &Node, event: &Value) -> Reply {
    send(delivery(node, STRUCTURED, event.to_string().as_bytes())).await
}

pub(crate) fn assert_accepted(reply: &Reply, accepted: u64, matched: u64) {
    assert_eq!(reply.status, 202, "{reply:?}");
    let expected = json!({"accepted": accepted, "matched": matched, "status": "applied"});
    assert_eq!(reply.json(), expected);
}

/// The lines of `/metrics` about events.
pub(crate) async fn counted(node: &Node) -> Vec<String> {
    let reply = send(node.request(Method::GET, "/metrics")).await;
    let text = String::from_utf8(reply.body.to_vec()).unwrap();
    let lines = text.lines();
    lines
        .filter_map(|line| line.strip_prefix("tenantcache_events_total"))
        .map(str::to_owned)
        .collect()
}

fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("e-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn fill(node: &Node, tenant: &str) {
    for (path, _) in READS {
        node.get(tenant, path).await.ok();
    }
}

/// The endpoints some of whose reads are no hits; reading fills them again.
async fn fresh(node: &Node, tenant: &str) -> BTreeSet<String> {
    let mut fresh = BTreeSet::new();
    for (path, _) in READS {
        let cache = node.get(tenant, path).await.ok();
        if !cache.hit {
            let key = cache.key.unwrap();
            fresh.insert(key.split(':').next().unwrap().to_owned());
        }
    }
    fresh
}

/// The table of the contract, to the letter.
#[tokio::test]
async fn each_kind_makes_its_endpoints_fresh_and_nothing_else() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    let product = &[
        "products",
        "pricing_trends",
        "dashboard_alerts",
        "dashboard_insights",
        "dashboard_stats",
    ][..];
    let order = &[
        "dashboard_kpis",
        "dashboard_trends",
        "dashboard_stats",
        "dashboard_activity",
        "dashboard_insights",
        "dashboard_alerts",
        "forecast_demand",
    ][..];
    fill(&node, "tenant-001").await;
    fill(&node, "tenant-002").await;
    for (kind, endpoints) in [
        ("product.created", product),
        ("product.updated", product),
        ("product.deleted", product),
        ("order.created", order),
        ("order.updated", order),
        ("order.cancelled", order),
        (
            "review.created",
            &[
                "sentiment_overview",
                "dashboard_activity",
                "dashboard_insights",
            ][..],
        ),
        (
            "price.observed",
            &["pricing_trends", "dashboard_alerts"][..],
        ),
    ] {
        // A subject that no answer shows: the tag covers nothing.
        assert_accepted(
            &deliver(&node, &event(kind, "tenant-001", "no-such-id")).await,
            1,
            1,
        );
        let expected = endpoints.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(fresh(&node, "tenant-001").await, expected, "{kind}");
    }
    assert_eq!(fresh(&node, "tenant-002").await, BTreeSet::new());
}

#[tokio::test]
async fn the_subject_reaches_what_shows_it_and_only_that() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    for tenant in ["tenant-001", "tenant-002"] {
        for id in [101, 102] {
            node.get(tenant, &format!("/products/{id}")).await.ok();
        }
    }
    world.reprice("tenant-001", "9.99").await;
    assert_accepted(
        &deliver(&node, &event("price.observed", "tenant-001", "101")).await,
        1,
        1,
    );
    let reply = node.get("tenant-001", "/products/101").await;
    reply.assert_miss();
    assert_eq!(reply.json()["payload"]["price"], "9.99");
    node.get("tenant-001", "/products/102")
        .await
        .assert_hit("local");
    node.get("tenant-002", "/products/101")
        .await
        .assert_hit("local");
}

/// What is concerned is not known then, so it is everything of the tenant.
#[tokio::test]
async fn an_event_without_its_subject_widens_to_the_tenant() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    for subject in [Value::Null, json!("x".repeat(200))] {
        for tenant in ["tenant-001", "tenant-002"] {
            node.get(tenant, "/dashboard/kpis").await.ok();
        }
        let mut event = event("price.observed", "tenant-001", "101");
        event["subject"] = subject;
        assert_accepted(&deliver(&node, &event).await, 1, 1);
        node.get("tenant-001", "/dashboard/kpis")
            .await
            .assert_miss();
        node.get("tenant-002", "/dashboard/kpis")
            .await
            .assert_hit("local");
    }
}

#[tokio::test]
async fn a_hundred_deliveries_of_one_event_are_as_good_as_one() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    for tenant in ["tenant-001", "tenant-002"] {
        node.get(tenant, "/products/101").await.ok();
    }
    world.reprice("tenant-001", "7.77").await;
    let event = event("product.updated", "tenant-001", "101");
    for _ in 0..100 {
        assert_accepted(&deliver(&node, &event).await, 1, 1);
    }
    let reply = node.get("tenant-001", "/products/101").await;
    reply.assert_miss();
    assert_eq!(reply.json()["payload"]["price"], "7.77");
    node.get("tenant-001", "/products/101")
        .await
        .assert_hit("local");
    node.get("tenant-002", "/products/101")
        .await
        .assert_hit("local");
    assert!(
        counted(&node)
            .await
            .contains(&r#"{kind="product.updated",outcome="matched"} 100"#.to_owned())
    );
}

#[tokio::test]
async fn a_batch_and_headers_say_the_same_as_a_document() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    let fill = async || {
        for tenant in ["tenant-001", "tenant-002"] {
            node.get(tenant, "/products/101").await.ok();
        }
    };
    fill().await;
    let batch = json!([
        event("product.updated", "tenant-001", "101"),
        event("weather.changed", "tenant-001", "101"),
        event("product.updated", "tenant-002", "101"),
    ]);
    let reply = send(delivery(
        &node,
        "Application/CloudEvents-Batch+JSON; charset=utf-8",
        batch.to_string().as_bytes(),
    ))
    .await;
    assert_accepted(&reply, 3, 2);
    for tenant in ["tenant-001", "tenant-002"] {
        node.get(tenant, "/products/101").await.assert_miss();
    }

    for content_type in ["application/json", "text/plain"] {
        fill().await;
        let binary = delivery(&node, content_type, b"{\"price\": 1}")
            .header("ce-specversion", "1.0")
            .header("ce-id", "e%2D1")
            .header("ce-source", "\"/tests\"")
            .header("ce-type", "product.updated")
            .header("CE-TenantId", "tenant-001")
            .header("ce-subject", "10%31")
            .header("ce-unheard", "of");
        assert_accepted(&send(binary).await, 1, 1);
        node.get("tenant-001", "/products/101").await.assert_miss();
        node.get("tenant-002", "/products/101")
            .await
            .assert_hit("local");
    }
    assert_accepted(&send(delivery(&node, BATCH, b"[]")).await, 0, 0);
}

#[tokio::test]
async fn an_unknown_type_is_accepted_and_counted() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    node.get("tenant-001", "/products").await.ok();
    for kind in [
        "weather.changed",
        "product",
        "product.updated.twice",
        "tenantcache\"} 1",
    ] {
        assert_accepted(
            &deliver(&node, &event(kind, "tenant-001", "101")).await,
            1,
            0,
        );
    }
    node.get("tenant-001", "/products")
        .await
        .assert_hit("local");
    let expected = [
        r#"{kind="other",outcome="matched"} 0"#,
        r#"{kind="other",outcome="unmatched"} 4"#,
        r#"{kind="other",outcome="rejected"} 0"#,
    ];
    assert_eq!(counted(&node).await, expected);
}

#[tokio::test]
async fn the_list_of_invalidations_names_the_event() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    let event = event("review.created", "tenant-001", "101");
    deliver(&node, &event).await;
    let list = node.get("tenant-001", "/cache/invalidations").await.json();
    let item = &list["items"][0];
    assert_eq!(
        item["cause"],
        format!("review.created {}", event["id"].as_str().unwrap())
    );
    assert_eq!(
        item["scope"],
        "endpoint sentiment_overview, endpoint dashboard_activity, endpoint dashboard_insights, tag product:101"
    );
    assert_eq!(
        (&item["status"], &item["generation"], &item["by"]),
        (&"applied".into(), &1.into(), &"webhook".into())
    );
    let others = node.get("tenant-002", "/cache/invalidations").await.json();
    assert_eq!(others["items"], json!([]));
}

#[tokio::test]
async fn an_event_reaches_the_other_nodes() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let (name, secret) = secret();
    let first = world.node_on(&redis, &[(name, &secret)]).await;
    let second = world.node_on(&redis, &[(name, &secret)]).await;
    for tenant in ["tenant-001", "tenant-002"] {
        second.get(tenant, "/products/101").await.ok();
    }
    world.reprice("tenant-001", "5.55").await;
    assert_accepted(
        &deliver(&first, &event("product.updated", "tenant-001", "101")).await,
        1,
        1,
    );
    eventually("the other node has the new price", async || {
        let reply = second.get("tenant-001", "/products/101").await;
        (reply.json()["payload"]["price"] == "5.55").then_some(())
    })
    .await;
    assert!(second.get("tenant-002", "/products/101").await.ok().hit);
}

#[tokio::test]
async fn while_redis_is_away_an_event_holds_here_and_is_queued() {
    let (world, mut redis) = (World::start().await, RedisServer::start().await);
    let (name, secret) = secret();
    let node = world.node_on(&redis, &[(name, &secret)]).await;
    node.get("tenant-001", "/products/101").await.ok();
    redis.kill();
    let reply = deliver(&node, &event("product.updated", "tenant-001", "101")).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    assert_eq!(
        reply.json(),
        json!({"accepted": 1, "matched": 1, "status": "queued"})
    );
    node.get("tenant-001", "/products/101").await.assert_miss();
    let list = node
        .get_as(&token("tenant-001"), "/cache/invalidations")
        .await
        .json();
    assert_eq!(
        (&list["items"][0]["status"], &list["items"][0]["generation"]),
        (&"queued".into(), &Value::Null)
    );
}
