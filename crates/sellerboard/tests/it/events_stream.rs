//! Server-sent events of what changed.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use testkit::RedisServer;

use crate::events::{STRUCTURED, deliver, delivery, event, listening_node, now, secret};
use crate::node::{Node, send};
use crate::tokens::{SECRET, claims, encode, token};
use crate::world::{READS, World};

/// An open stream.
struct Stream {
    answer: Response,
    text: String,
}

/// One event of it.
#[derive(Debug)]
struct Told {
    kind: String,
    data: Value,
    id: String,
    retry: Option<String>,
}

impl Stream {
    async fn open(node: &Node, token: &str) -> Self {
        Self::of(node.api(Method::GET, "/events/stream", token)).await
    }

    async fn of(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        Self {
            answer,
            text: String::new(),
        }
    }

    /// A stream whose `ready` was read.
    async fn ready(node: &Node, tenant: &str) -> Self {
        let mut stream = Self::open(node, &token(tenant)).await;
        assert_eq!(stream.next().await.unwrap().kind, "ready");
        stream
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let told = Told::parse(block);
                self.text = rest.to_owned();
                match told {
                    Some(told) => return Some(told),
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.answer.chunk()).await;
            let chunk = chunk.expect("nothing was told in time").unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Waits for a change that covers the scope.
    async fn told(&mut self, scope: &Value) -> Told {
        loop {
            let told = self.next().await.expect("the stream goes on");
            assert_eq!(told.kind, "change");
            if told.data["scopes"].as_array().unwrap().contains(scope) {
                return told;
            }
        }
    }
}

impl Told {
    /// `None` for a comment.
    fn parse(block: &str) -> Option<Self> {
        let field = |name: &str| {
            let mut lines = block.lines().filter_map(|line| line.strip_prefix(name));
            lines.next().map(|value| value.trim_start().to_owned())
        };
        let data = field("data:")?;
        Some(Self {
            kind: field("event:").unwrap(),
            data: serde_json::from_str(&data).unwrap(),
            id: field("id:").unwrap(),
            retry: field("retry:"),
        })
    }
}

#[tokio::test]
async fn a_stream_begins_with_ready_and_tells_each_change() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    let mut stream = Stream::open(&node, &token("tenant-001")).await;
    let headers = stream.answer.headers();
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    let ready = stream.next().await.unwrap();
    assert_eq!(
        (ready.kind.as_str(), ready.retry.as_deref()),
        ("ready", Some("1000"))
    );

    node.applied("tenant-001", "?endpoint=products").await;
    let told = stream.told(&json!({"endpoint": "products"})).await;
    assert_eq!(told.data["endpoints"], json!(["products"]));
    assert_ne!(told.id, ready.id);
    node.applied("tenant-001", "?key=dashboard_kpis:tenant-001")
        .await;
    let told = stream
        .told(&json!({"key": "dashboard_kpis:tenant-001"}))
        .await;
    assert_eq!(told.data["endpoints"], json!(["dashboard_kpis"]));
    node.applied("tenant-001", "?prefix=dashboard_t").await;
    let told = stream.told(&json!({"prefix": "dashboard_t"})).await;
    assert_eq!(told.data["endpoints"], json!(["dashboard_trends"]));
    node.applied("tenant-001", "").await;
    let told = stream.told(&json!({"tenant": true})).await;
    assert_eq!(told.data["endpoints"].as_array().unwrap().len(), 10);

    deliver(&node, &event("price.observed", "tenant-001", "101")).await;
    let told = stream.told(&json!({"tag": "product:101"})).await;
    assert!(
        told.data["scopes"]
            .as_array()
            .unwrap()
            .contains(&json!({"endpoint": "pricing_trends"}))
    );
    assert!(
        told.data["endpoints"]
            .as_array()
            .unwrap()
            .contains(&json!("products"))
    );
}

#[tokio::test]
async fn a_tenant_hears_of_its_own_changes_alone() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    let mut first = Stream::ready(&node, "tenant-001").await;
    let mut second = Stream::ready(&node, "tenant-002").await;
    node.applied("tenant-001", "?tag=product:1").await;
    node.applied("tenant-002", "?tag=product:2").await;
    assert_eq!(
        first.next().await.unwrap().data["scopes"],
        json!([{"tag": "product:1"}])
    );
    assert_eq!(
        second.next().await.unwrap().data["scopes"],
        json!([{"tag": "product:2"}])
    );
}

/// Pages that show such an endpoint are told of every tag.
#[tokio::test]
async fn a_tag_touches_every_endpoint_whose_answers_carry_tags() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let forecast = "/forecast/demand?product_id=101";
    let mut tagged = std::collections::BTreeSet::new();
    for path in READS.iter().map(|(path, _)| *path).chain([forecast]) {
        let key = node.get("tenant-001", path).await.ok().key.unwrap();
        let entry = node
            .get("tenant-001", &format!("/cache/entry?key={key}"))
            .await
            .json();
        if entry["tags"].as_array().is_none_or(|tags| !tags.is_empty()) {
            tagged.insert(key.split(':').next().unwrap().to_owned());
        }
    }
    let mut stream = Stream::ready(&node, "tenant-001").await;
    node.applied("tenant-001", "?tag=any").await;
    assert_eq!(
        stream.next().await.unwrap().data["endpoints"],
        json!(tagged)
    );
}

#[tokio::test]
async fn a_change_on_another_node_is_told() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let (name, secret) = secret();
    let first = world.node_on(&redis, &[(name, &secret)]).await;
    let second = world.node_on(&redis, &[(name, &secret)]).await;
    let mut stream = Stream::ready(&second, "tenant-001").await;
    deliver(&first, &event("product.updated", "tenant-001", "101")).await;
    let told = loop {
        let told = stream.next().await.unwrap();
        let endpoints = told.data["endpoints"].as_array().unwrap().clone();
        if endpoints.contains(&json!("products")) {
            break endpoints;
        }
    };
    assert!(told.contains(&json!("pricing_trends")));
}

/// Whoever comes back may have missed something.
#[tokio::test]
async fn a_stream_that_is_taken_up_again_begins_with_everything() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let request = node.api(Method::GET, "/events/stream", &token("tenant-001"));
    let mut stream = Stream::of(request.header("last-event-id", "7")).await;
    assert_eq!(stream.next().await.unwrap().kind, "ready");
    let told = stream.next().await.unwrap();
    assert_eq!(
        (told.kind.as_str(), &told.data["scopes"]),
        ("change", &json!([{"tenant": true}]))
    );
}

#[tokio::test]
async fn a_stream_needs_a_token_and_ends_with_it() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let open = send(node.request(Method::GET, "/api/v1/events/stream")).await;
    open.problem(401, "unauthenticated");
    let mut claims = claims("tenant-001");
    claims["exp"] = json!(now() + 1);
    let mut stream = Stream::open(&node, &encode(&claims, SECRET)).await;
    assert_eq!(stream.next().await.unwrap().kind, "ready");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_tenant_has_a_hundred_streams_at_most() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(Stream::ready(&node, "tenant-001").await);
    }
    let refused = node.get("tenant-001", "/events/stream").await;
    refused.problem(429, "rate-limited");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    Stream::ready(&node, "tenant-002").await;
    // A page that is closed makes room.
    streams.clear();
    crate::node::eventually("there is room again", async || {
        let request = node.api(Method::GET, "/events/stream", &token("tenant-001"));
        (request.send().await.unwrap().status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stop_waits_for_no_stream() {
    let world = World::start().await;
    let node = listening_node(&world).await;
    let mut stream = Stream::ready(&node, "tenant-001").await;
    let body = event("product.updated", "tenant-002", "101").to_string();
    assert_eq!(
        send(delivery(&node, STRUCTURED, body.as_bytes()))
            .await
            .status,
        202
    );
    let stop = tokio::time::timeout(Duration::from_secs(5), node.stop());
    let (stopped, told) = tokio::join!(stop, stream.next());
    stopped.expect("the stop waits for no stream");
    assert!(told.is_none());
}
