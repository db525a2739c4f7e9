//! Events with a token in place of a signature.

use reqwest::Method;
use serde_json::{Value, json};

use crate::events::{BATCH, STRUCTURED, assert_accepted, delivery, event};
use crate::node::{Node, send};
use crate::reply::Reply;
use crate::tokens::{admin, scoped, token};
use crate::world::World;

const PUBLISH: &str = "events:publish";

async fn publish(node: &Node, token: &str, events: &[Value]) -> Reply {
    let request = node.api(Method::POST, "/events", token);
    let body = Value::from(events).to_string();
    send(request.header("content-type", BATCH).body(body)).await
}

async fn fill(node: &Node) {
    for tenant in ["tenant-001", "tenant-002"] {
        node.get(tenant, "/products/101").await.ok();
    }
}

#[tokio::test]
async fn a_token_publishes_for_its_own_tenant() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    fill(&node).await;
    let own = event("product.updated", "tenant-001", "101");
    let token = scoped("tenant-001", &[PUBLISH]);
    assert_accepted(&publish(&node, &token, &[own]).await, 1, 1);
    node.get("tenant-001", "/products/101").await.assert_miss();
    node.get("tenant-002", "/products/101")
        .await
        .assert_hit("local");
    let list = node.get("tenant-001", "/cache/invalidations").await.json();
    assert_ne!(list["items"][0]["by"], "webhook");
}

#[tokio::test]
async fn another_tenants_event_needs_the_operator_and_changes_nothing_without() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    fill(&node).await;
    let batch = [
        event("product.updated", "tenant-001", "101"),
        event("product.updated", "tenant-002", "101"),
    ];
    for token in [
        scoped("tenant-001", &[PUBLISH]),
        scoped("tenant-003", &[PUBLISH]),
    ] {
        publish(&node, &token, &batch)
            .await
            .problem(403, "forbidden");
    }
    // Even an event for which there is no rule is refused.
    let foreign = event("weather.changed", "tenant-002", "101");
    let reply = publish(&node, &scoped("tenant-001", &[PUBLISH]), &[foreign]).await;
    reply.problem(403, "forbidden");
    for tenant in ["tenant-001", "tenant-002"] {
        node.get(tenant, "/products/101").await.assert_hit("local");
    }
    let operator = scoped("tenant-003", &[PUBLISH, "cache:admin"]);
    assert_accepted(&publish(&node, &operator, &batch).await, 2, 2);
    for tenant in ["tenant-001", "tenant-002"] {
        node.get(tenant, "/products/101").await.assert_miss();
    }
}

#[tokio::test]
async fn a_token_without_the_scope_publishes_nothing() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    fill(&node).await;
    let own = event("product.updated", "tenant-001", "101");
    for token in [
        token("tenant-001"),
        admin("tenant-001"),
        scoped("tenant-001", &["events", "events:publish:more", "publish"]),
    ] {
        let reply = publish(&node, &token, std::slice::from_ref(&own)).await;
        reply.problem(403, "forbidden");
    }
    publish(&node, "no.to.ken", &[own])
        .await
        .problem(401, "unauthenticated");
    node.get("tenant-001", "/products/101")
        .await
        .assert_hit("local");
}

/// Whoever sends a token is judged by it, whatever else is sent.
#[tokio::test]
async fn a_bad_token_is_not_saved_by_a_signature() {
    let world = World::start().await;
    let node = crate::events::listening_node(&world).await;
    let event = event("product.updated", "tenant-001", "101");
    let request = delivery(&node, STRUCTURED, event.to_string().as_bytes());
    send(request.bearer_auth("no.to.ken"))
        .await
        .problem(401, "unauthenticated");
    let batch = json!([event]).to_string();
    let request = delivery(&node, BATCH, batch.as_bytes());
    let reply = send(request.bearer_auth(scoped("tenant-002", &[PUBLISH]))).await;
    reply.problem(403, "forbidden");
}
