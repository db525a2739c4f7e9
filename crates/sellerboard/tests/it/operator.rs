//! What the console and the command line are told of a node.

use reqwest::Method;
use serde_json::Value;
use testkit::RedisServer;

use crate::node::{Node, eventually, send};
use crate::tokens::{admin, token};
use crate::world::World;

async fn tenants(node: &Node, token: &str, query: &str) -> Vec<String> {
    let list = node.get_as(token, &format!("/cache/tenants{query}")).await;
    let ids = list.json()["items"].as_array().unwrap().clone();
    ids.iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn latency_is_told_by_outcome_and_endpoint() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let none = node.metrics().await;
    assert_eq!(none["latency"]["all"]["count"], 0);
    assert!(none["latency"]["all"]["p99_ms"].is_null());
    for _ in 0..3 {
        node.get("tenant-001", "/dashboard/kpis").await.ok();
    }
    node.get("tenant-001", "/products").await.ok();
    let metrics = node.metrics().await;
    let count = |pointer: &str| metrics.pointer(pointer).unwrap()["count"].as_u64();
    assert_eq!(count("/latency/all"), Some(4));
    assert_eq!(count("/latency/outcomes/hit_local"), Some(2));
    assert_eq!(count("/latency/outcomes/miss"), Some(2));
    assert_eq!(count("/endpoints/dashboard_kpis/latency"), Some(3));
    assert_eq!(count("/endpoints/dashboard_kpis/load_duration"), Some(1));
    assert_eq!(count("/origin/duration"), Some(2));
    assert!(metrics["latency"]["outcomes"]["miss"]["p50_ms"].as_f64() > Some(0.0));
    let text = send(node.request(Method::GET, "/metrics")).await;
    let text = String::from_utf8(text.body.to_vec()).unwrap();
    for line in [
        "tenantcache_request_duration_seconds_count{outcome=\"hit_local\"} 2",
        "tenantcache_origin_load_duration_seconds_count 2",
    ] {
        assert!(text.contains(line), "{line}");
    }
}

#[tokio::test]
async fn the_course_has_a_sample_from_the_start_and_tells_what_is_new() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    for (range, interval) in [("", 10), ("?range=day", 60)] {
        let path = format!("/cache/history{range}");
        let course = eventually("the first sample is there", async || {
            let course = node.get("tenant-001", &path).await.json();
            let is_there = !course["items"].as_array().unwrap().is_empty();
            is_there.then_some(course)
        })
        .await;
        assert_eq!(course["interval"], interval);
        let first = &course["items"][0];
        assert_eq!(
            (&first["hits"], &first["redis"]),
            (&0.into(), &"none".into())
        );
        let at = first["at"].as_str().unwrap();
        let separator = if range.is_empty() { '?' } else { '&' };
        let path = format!("{path}{separator}since={at}");
        let newer = node.get("tenant-001", &path).await.json();
        assert_eq!(newer["items"], serde_json::json!([]));
    }
    for query in ["range=week", "since=yesterday"] {
        let name = query.split('=').next().unwrap();
        let path = format!("/cache/history?{query}");
        let reply = node.get("tenant-001", &path).await;
        let problem = reply.problem(400, "invalid-parameter");
        assert_eq!(problem["parameter"], name);
    }
}

/// Redis goes and comes back: its changes are told with their cause, and what was queued is told when it is applied.
#[tokio::test]
async fn an_outage_of_redis_is_told_with_its_cause_and_what_was_queued_in_it() {
    let (world, mut redis) = (World::start().await, RedisServer::start().await);
    let node = world.node_on(&redis, &[]).await;
    let states = async || {
        let course = node.get("tenant-001", "/cache/history").await.json();
        let changes = course["redis_changes"].as_array().unwrap().clone();
        let state = |change: &Value| change["state"].as_str().unwrap().to_owned();
        let causes: Vec<_> = changes
            .iter()
            .map(|change| change["cause"].clone())
            .collect();
        (changes.iter().map(state).collect::<Vec<_>>(), causes)
    };
    redis.kill();
    let (_, causes) = eventually("Redis is told to be down", async || {
        let (states, causes) = states().await;
        (states.last()? == "down").then_some((states, causes))
    })
    .await;
    assert_eq!(causes.last().unwrap(), "unreachable");
    let reply = node
        .invalidate(&token("tenant-001"), "?endpoint=products")
        .await;
    assert_eq!(reply.json()["status"], "queued");
    assert_eq!(node.metrics().await["redis"]["pending_invalidations"], 1);

    redis.restart().await;
    let list = eventually("what was queued is applied", async || {
        let list = node.get("tenant-001", "/cache/invalidations").await.json();
        (list["items"][0]["cause"] == "replay").then_some(list)
    })
    .await;
    let replay = &list["items"][0];
    assert_eq!(replay["scope"], "endpoint products");
    assert_eq!(replay["status"], "applied");
    assert!(replay["generation"].is_u64());
    assert_eq!(list["items"][1]["status"], "queued");
    let others = node.get("tenant-002", "/cache/invalidations").await.json();
    assert_eq!(others["items"], serde_json::json!([]));
    eventually("Redis is told to be up", async || {
        let (states, causes) = states().await;
        let back = states.ends_with(&["down".into(), "up".into()]);
        back.then(|| assert!(causes.last().unwrap().is_null()))
    })
    .await;
}

#[tokio::test]
async fn tenants_are_ordered_by_reads_or_bytes_and_only_operators_see_others() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    for _ in 0..5 {
        node.get("tenant-001", "/dashboard/kpis").await.ok();
    }
    for days in [7, 30, 365] {
        let path = format!("/dashboard/trends?days={days}");
        node.get("tenant-002", &path).await.ok();
    }
    let op = admin("tenant-003");
    assert_eq!(
        tenants(&node, &op, "?limit=2").await,
        ["tenant-001", "tenant-002"]
    );
    assert_eq!(
        tenants(&node, &op, "?order=bytes").await,
        ["tenant-002", "tenant-001"]
    );
    for query in ["", "?order=bytes"] {
        assert_eq!(
            tenants(&node, &token("tenant-001"), query).await,
            ["tenant-001"]
        );
    }
    let own = node.get("tenant-002", "/cache/tenants").await.json();
    assert_eq!(own["items"][0]["local_entries"], 3);
    assert!(own["items"][0]["local_bytes"].as_u64() > Some(1_000));
    node.get_as(&op, "/cache/tenants?order=name")
        .await
        .problem(400, "invalid-parameter");
}

#[tokio::test]
async fn an_entry_is_shown_as_both_tiers_have_it_and_its_value_as_far_as_is_wanted() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let node = world.node_on(&redis, &[]).await;
    node.get("tenant-001", "/dashboard/kpis").await.ok();
    let path = "/cache/entry?key=dashboard_kpis:tenant-001";
    let whole = node.get("tenant-001", path).await.json();
    assert_eq!(
        (&whole["tier"], &whole["copy"]["tier"]),
        (&"local".into(), &"redis".into())
    );
    assert_eq!(whole["copy"]["generation"], whole["generation"]);
    assert!(whole["value"]["payload"].is_object() && whole["copy"]["value"].is_null());
    assert!(whole["value_start"].is_null());

    let shorter = format!("{path}&value_bytes_max=11");
    let start = node.get("tenant-001", &shorter).await.json();
    assert_eq!(start["value_start"], "{\"payload\":");
    assert!(start["value"].is_null());
    assert_eq!(start["bytes"], whole["bytes"]);

    for reader in [token("tenant-002"), token("tenant-003")] {
        node.get_as(&reader, path).await.problem(403, "forbidden");
    }
    assert_eq!(node.get_as(&admin("tenant-002"), path).await.status, 200);
}

/// Who asks to invalidate is told apart by what browsers and our command line say of themselves.
#[tokio::test]
async fn an_invalidation_says_by_what_means_it_was_asked_for() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let token = token("tenant-001");
    for (name, value, cause) in [
        ("sec-fetch-site", "same-origin", "console"),
        ("user-agent", "sellerboard-cli/0.1.0", "command line"),
        ("user-agent", "curl/8", "request"),
    ] {
        let request = node.api(Method::DELETE, "/cache", &token);
        assert_eq!(send(request.header(name, value)).await.status, 200);
        let list = node.get_as(&token, "/cache/invalidations").await.json();
        assert_eq!(list["items"][0]["cause"], cause);
        assert_eq!(list["items"][0]["by"], "ann@shop.example");
    }
}
