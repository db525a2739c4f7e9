//! `sellerboard cache …` against a live service.

use serde_json::Value;
use testkit::RedisServer;

use crate::node::Node;
use crate::program::{Program, Run};
use crate::tokens::{admin, token};
use crate::world::World;

async fn cache(node: &Node, token: &str, args: &[&str]) -> Run {
    let mut all = vec!["cache"];
    all.extend(args);
    let program = Program::new(&all)
        .with_env("SELLERBOARD_SERVER", &node.origin)
        .with_env("SELLERBOARD_TOKEN", token);
    program.run_beside().await
}

async fn json(node: &Node, token: &str, args: &[&str]) -> Value {
    let mut all = args.to_vec();
    all.extend(["--format", "json"]);
    let run = cache(node, token, &all).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_get_list_and_invalidate_work_against_a_live_service() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let node = world.node_on(&redis, &[]).await;
    let (ann, op) = (token("tenant-001"), admin("tenant-003"));
    for path in [
        "/dashboard/kpis",
        "/dashboard/kpis",
        "/products",
        "/products/101",
    ] {
        node.get("tenant-001", path).await.ok();
    }
    node.get("tenant-002", "/dashboard/kpis").await.ok();

    let metrics = json(&node, &ann, &["metrics"]).await;
    assert_eq!(
        (&metrics["hits"], &metrics["misses"]),
        (&1.into(), &4.into())
    );
    let own = json(&node, &op, &["metrics", "--tenant", "tenant-001"]).await;
    assert_eq!(
        (&own["hits"], &own["hit_rate_percent"]),
        (&1.into(), &25.0.into())
    );
    let table = cache(&node, &ann, &["metrics"]).await.stdout;
    assert!(
        table.contains("hit_rate_percent") && table.contains("redis.state"),
        "{table}"
    );

    let list = json(&node, &ann, &["list"]).await;
    let keys: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["key"].as_str().unwrap())
        .collect();
    assert_eq!(
        keys,
        [
            "dashboard_kpis:tenant-001",
            "products:tenant-001:id:101",
            "products:tenant-001:limit:20"
        ]
    );
    let some = json(
        &node,
        &ann,
        &["list", "--prefix", "products", "--limit", "1"],
    )
    .await;
    assert_eq!(some["items"].as_array().unwrap().len(), 1);
    let cursor = some["next_cursor"].as_str().unwrap();
    let rest = json(
        &node,
        &ann,
        &["list", "--prefix", "products", "--cursor", cursor],
    )
    .await;
    assert_eq!(rest["items"][0]["key"], "products:tenant-001:limit:20");
    assert!(rest["next_cursor"].is_null());

    let entry = json(&node, &ann, &["get", "products:tenant-001:id:101"]).await;
    assert_eq!(entry["value"]["payload"]["id"], "101");
    assert_eq!(entry["state"], "fresh");
    assert_eq!(entry["tags"], serde_json::json!(["product:101"]));
    assert_eq!(
        (&entry["tier"], &entry["hard_ttl"]),
        (&"local".into(), &1200.into())
    );

    let run = cache(&node, &ann, &["invalidate", "--tag", "product:101"]).await;
    assert!(run.stdout.starts_with("applied (generation "), "{run:?}");
    let entry = json(&node, &ann, &["get", "products:tenant-001:id:101"]).await;
    assert_eq!(entry["state"], "invalid");
    node.get("tenant-001", "/products/101").await.assert_miss();
    node.get("tenant-001", "/dashboard/kpis")
        .await
        .assert_hit("local");

    // Another tenant's cache is the operator's alone.
    for args in [
        &["get", "dashboard_kpis:tenant-002"][..],
        &["list", "--tenant", "tenant-002"],
        &["invalidate", "--tenant", "tenant-002"],
        &["metrics", "--tenant", "tenant-002"],
    ] {
        let run = cache(&node, &ann, args).await;
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{args:?}");
        assert!(
            run.stderr
                .contains("use a token with the scope cache:admin"),
            "{run:?}"
        );
        assert_eq!(cache(&node, &op, args).await.code, Some(0), "{args:?}");
    }
    node.get("tenant-002", "/dashboard/kpis")
        .await
        .assert_miss();

    let run = cache(&node, &ann, &["get", "dashboard_alerts:tenant-001"]).await;
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("404"), "{run:?}");
}
