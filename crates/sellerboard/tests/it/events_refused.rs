//! Deliveries that are refused, and that nothing changes by them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::events::{
    BATCH, STRUCTURED, assert_accepted, counted, deliver, delivery, event, listening_node, now,
    signature, signed,
};
use crate::node::{Node, send};
use crate::reply::Reply;
use crate::world::World;

async fn filled(world: &World) -> Node {
    let node = listening_node(world).await;
    node.get("tenant-001", "/products/101").await.ok();
    node
}

async fn assert_unchanged(node: &Node) {
    node.get("tenant-001", "/products/101")
        .await
        .assert_hit("local");
}

fn assert_401(reply: &Reply, detail: &str) {
    let problem = reply.problem(401, "unauthenticated");
    assert!(
        problem["detail"].as_str().unwrap().contains(detail),
        "{problem}"
    );
    assert!(reply.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn only_a_good_signature_counts() {
    let world = World::start().await;
    let node = filled(&world).await;
    let body = event("product.updated", "tenant-001", "101")
        .to_string()
        .into_bytes();
    let (now, good) = (now(), signature("d-1", now(), &body));

    let unsigned = node.request(Method::POST, "/api/v1/events");
    let unsigned = unsigned
        .header("content-type", STRUCTURED)
        .body(body.clone());
    assert_401(&send(unsigned).await, "bearer token");
    for bad in [
        "",
        "v1",
        "v1,",
        "v1,AAAA",
        "v1a,AAAA",
        &good[3..],
        &good.replace("v1", "v2"),
    ] {
        let reply = send(signed(&node, STRUCTURED, &body, "d-1", now, bad)).await;
        assert_401(&reply, "no signature");
    }
    let other_body = event("product.updated", "tenant-002", "101")
        .to_string()
        .into_bytes();
    for request in [
        signed(&node, STRUCTURED, &other_body, "d-1", now, &good),
        signed(&node, STRUCTURED, &body, "d-2", now, &good),
        signed(&node, STRUCTURED, &body, "d-1", now + 1, &good),
    ] {
        assert_401(&send(request).await, "no signature");
    }
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let twice = signed(&node, STRUCTURED, &body, "d-1", now, &good).header(name, "1");
        assert_401(&send(twice).await, name);
    }
    for missing in ["webhook-id", "webhook-timestamp"] {
        let mut request = signed(&node, STRUCTURED, &body, "d-1", now, &good)
            .build()
            .unwrap();
        request.headers_mut().remove(missing);
        let answer = reqwest::Client::new().execute(request).await.unwrap();
        assert_401(&Reply::read(answer).await, missing);
    }
    assert_unchanged(&node).await;
    assert_eq!(
        counted(&node).await,
        [r#"{kind="other",outcome="rejected"} 16"#]
    );

    // A sender that is changing its key signs with both.
    let both = format!("v1,AAAA v1a,BBBB {good}");
    assert_accepted(
        &send(signed(&node, STRUCTURED, &body, "d-1", now, &both)).await,
        1,
        1,
    );
    node.get("tenant-001", "/products/101").await.assert_miss();
}

#[tokio::test]
async fn old_and_early_deliveries_are_refused() {
    let world = World::start().await;
    let node = filled(&world).await;
    let body = event("product.updated", "tenant-001", "101")
        .to_string()
        .into_bytes();
    for sent_at in [0, now() - 310, now() + 310, u64::MAX] {
        let signature = signature("d-1", sent_at, &body);
        let reply = send(signed(&node, STRUCTURED, &body, "d-1", sent_at, &signature)).await;
        assert_401(&reply, "5 minutes");
    }
    assert_unchanged(&node).await;
    for (id, sent_at) in [("d-2", now() - 290), ("d-3", now() + 290)] {
        let signature = signature(id, sent_at, &body);
        let reply = send(signed(&node, STRUCTURED, &body, id, sent_at, &signature)).await;
        assert_accepted(&reply, 1, 1);
    }
}

#[tokio::test]
async fn a_replay_is_refused_and_a_retry_is_not() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    let body = event("product.updated", "tenant-001", "101")
        .to_string()
        .into_bytes();
    let sent_at = now();
    let good = signature("d-1", sent_at, &body);
    let first = send(signed(&node, STRUCTURED, &body, "d-1", sent_at, &good)).await;
    assert_accepted(&first, 1, 1);
    node.get("tenant-001", "/products/101").await.ok();
    for _ in 0..100 {
        let replay = send(signed(&node, STRUCTURED, &body, "d-1", sent_at, &good)).await;
        assert_401(&replay, "received before");
    }
    // The same delivery in another dress.
    for dressed in [format!("v1,AAAA {good}"), format!("{good} {good}")] {
        let replay = send(signed(&node, STRUCTURED, &body, "d-1", sent_at, &dressed)).await;
        assert_401(&replay, "received before");
    }
    assert_unchanged(&node).await;
    let again = signature("d-1", sent_at + 1, &body);
    let retry = send(signed(&node, STRUCTURED, &body, "d-1", sent_at + 1, &again)).await;
    assert_accepted(&retry, 1, 1);
    node.get("tenant-001", "/products/101").await.assert_miss();
}

/// What was not accepted is not remembered: the answer stays what it was.
#[tokio::test]
async fn a_malformed_delivery_stays_malformed() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    let (sent_at, body) = (now(), b"{}");
    let good = signature("d-1", sent_at, body);
    for _ in 0..2 {
        let reply = send(signed(&node, STRUCTURED, body, "d-1", sent_at, &good)).await;
        reply.problem(400, "invalid-parameter");
    }
}

#[tokio::test]
async fn a_malformed_event_is_named() {
    let world = World::start().await;
    let node = filled(&world).await;
    let good = event("product.updated", "tenant-001", "101");
    for (name, bad) in [
        ("specversion", json!("0.3")),
        ("specversion", Value::Null),
        ("id", json!("")),
        ("id", json!(7)),
        ("source", Value::Null),
        ("type", json!(["product.updated"])),
        ("type", json!("x".repeat(1_025))),
        ("tenantid", Value::Null),
        ("tenantid", json!("tenant:001")),
        ("tenantid", json!("tenant-001\r\n")),
        ("subject", json!("\u{0}")),
    ] {
        let mut event = good.clone();
        event[name] = bad;
        let problem = deliver(&node, &event)
            .await
            .problem(400, "invalid-parameter");
        assert_eq!(problem["parameter"], name, "{problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(name),
            "{problem}"
        );

        let batch = json!([good, event]).to_string();
        let reply = send(delivery(&node, BATCH, batch.as_bytes())).await;
        let problem = reply.problem(400, "invalid-parameter");
        assert_eq!(problem["parameter"], name, "{problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains("event 1"),
            "{problem}"
        );
    }
    let good = good.to_string();
    let twice = good.replacen('{', r#"{"tenantid":"tenant-002","#, 1);
    let deep = format!("{{\"data\":{}", "[".repeat(200_000));
    let many = format!("[{}]", vec![good.as_str(); 1_001].join(","));
    for (content_type, body) in [
        (STRUCTURED, ""),
        (STRUCTURED, "null"),
        (STRUCTURED, "{"),
        (STRUCTURED, "[]"),
        (STRUCTURED, &good[1..]),
        (STRUCTURED, &twice),
        (STRUCTURED, &deep),
        (BATCH, &good),
        (BATCH, "[1]"),
        (BATCH, &many),
        ("application/json", &good),
        ("application/cloudevents+xml", "<event/>"),
        ("application/cloudevents+avro", &good),
        ("", &good),
    ] {
        let reply = send(delivery(&node, content_type, body.as_bytes())).await;
        reply.problem(400, "invalid-parameter");
    }
    let binary = delivery(&node, "text/plain", b"x").header("ce-specversion", "1.0");
    let binary = binary.header("ce-id", "1").header("ce-source", "%FF");
    let problem = send(binary.header("ce-type", "a").header("ce-tenantid", "a")).await;
    assert_eq!(
        problem.problem(400, "invalid-parameter")["parameter"],
        "source"
    );
    assert_unchanged(&node).await;
}

#[tokio::test]
async fn a_body_has_at_most_a_mebibyte() {
    let world = World::start().await;
    let node = filled(&world).await;
    let mut event = event("weather.changed", "tenant-001", "101");
    let rest = event.to_string().len();
    event["data"] = json!("x".repeat((1 << 20) - rest + r#"{"any":"thing"}"#.len() - 2));
    let largest = event.to_string();
    assert_eq!(largest.len(), 1 << 20);
    assert_accepted(&deliver(&node, &event).await, 1, 0);
    for more in [1, 1 << 20, 4 << 20] {
        let body = format!("{largest}{}", " ".repeat(more));
        let reply = send(delivery(&node, STRUCTURED, body.as_bytes())).await;
        reply.problem(413, "payload-too-large");
    }
    assert_unchanged(&node).await;
}

#[tokio::test]
async fn without_the_secret_no_signature_is_good() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let reply = deliver(&node, &event("product.updated", "tenant-001", "101")).await;
    assert_401(&reply, "WEBHOOK_SECRET");
}

#[tokio::test]
async fn events_are_posted() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let reply = send(node.request(method, "/api/v1/events")).await;
        reply.problem(405, "method-not-allowed");
        assert_eq!(reply.header("allow"), "POST");
    }
}
