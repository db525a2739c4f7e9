//! The rules of `sellerboard.toml`.

use sellerboard::config::Sources;
use serde_json::{Value, json};

use crate::events::{assert_accepted, counted, deliver, event, secret};
use crate::node::Node;
use crate::program::Program;
use crate::world::World;

const RULES: &str = r#"
cache_ttl_products = 60

[events."order.created"]
endpoints = ["products"]
tags = []

[events."price.observed"]

[events."stock.*"]
endpoints = ["products", "dashboard_alerts"]
tags = ["product:{subject}"]
"#;

#[tokio::test]
async fn a_rule_of_the_file_replaces_the_default() {
    let world = World::start().await;
    let (name, secret) = secret();
    let variables = world.variables(&[(name, &secret)]);
    let sources = variables.iter().fold(
        Sources::none().with_file(RULES),
        |sources, (name, value)| sources.with_environment(name, value),
    );
    let node = Node::from_sources(&sources).await;
    let paths = [
        "/products",
        "/dashboard/kpis",
        "/dashboard/alerts",
        "/pricing/trends",
    ];
    for path in paths {
        node.get("tenant-001", path).await.ok();
    }
    for (kind, matched, changed) in [
        ("order.created", 1, &["/products"][..]),
        ("price.observed", 0, &[]),
        ("stock.counted", 1, &["/products", "/dashboard/alerts"]),
        (
            "stock.counted.again",
            1,
            &["/products", "/dashboard/alerts"],
        ),
        ("stock", 0, &[]),
        (
            "order.cancelled",
            1,
            &["/dashboard/kpis", "/dashboard/alerts"],
        ),
    ] {
        let reply = deliver(&node, &event(kind, "tenant-001", "no-such-id")).await;
        assert_accepted(&reply, 1, matched);
        for path in paths {
            let hit = node.get("tenant-001", path).await.ok().hit;
            assert_eq!(hit, !changed.contains(&path), "{kind}: {path}");
        }
    }
    let counted = counted(&node).await;
    for line in [
        r#"{kind="stock.*",outcome="matched"} 2"#,
        r#"{kind="price.observed",outcome="unmatched"} 1"#,
        r#"{kind="other",outcome="unmatched"} 1"#,
    ] {
        assert!(
            counted.iter().any(|counted| counted == line),
            "{line}: {counted:?}"
        );
    }
}

#[test]
fn print_config_shows_the_rules() {
    let program = |more: &[&str]| {
        let args = [&["serve", "--print-config"], more].concat();
        let run = Program::new(&args)
            .with_file("sellerboard.toml", RULES)
            .run();
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        run.stdout
    };
    let document: Value = serde_json::from_str(&program(&["--format", "json"])).unwrap();
    for (key, endpoints, tags, source) in [
        (
            r#"events."order.created""#,
            json!(["products"]),
            json!([]),
            "sellerboard.toml",
        ),
        (
            r#"events."price.observed""#,
            json!([]),
            json!([]),
            "sellerboard.toml",
        ),
        (
            r#"events."stock.*""#,
            json!(["products", "dashboard_alerts"]),
            json!(["product:{subject}"]),
            "sellerboard.toml",
        ),
        (
            r#"events."review.created""#,
            json!([
                "sentiment_overview",
                "dashboard_activity",
                "dashboard_insights"
            ]),
            json!(["product:{subject}"]),
            "default",
        ),
    ] {
        assert_eq!(
            document[key]["value"],
            json!({"endpoints": endpoints, "tags": tags}),
            "{key}"
        );
        assert_eq!(document[key]["source"], source, "{key}");
    }
    let table = program(&[]);
    let row = |key: &str| -> Vec<String> {
        let line = table.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(
        row(r#"events."price.observed""#)[1..],
        ["-", "sellerboard.toml"]
    );
    assert_eq!(
        row(r#"events."stock.*""#)[1..],
        [
            "products",
            "dashboard_alerts",
            "product:{subject}",
            "sellerboard.toml"
        ]
    );
}

#[test]
fn a_rule_that_makes_no_sense_stops_the_start() {
    for (file, message) in [
        (
            "[events.\"a\"]\nendpoints = [\"product\"]",
            "events.\"a\".endpoints (sellerboard.toml): unknown endpoint \"product\"; use some of dashboard_kpis, ",
        ),
        (
            "[events.\"a\"]\nendpoints = \"products\"",
            "events.\"a\".endpoints (sellerboard.toml): expected a list of texts",
        ),
        (
            "[events.\"a\"]\ntags = [1]",
            "events.\"a\".tags (sellerboard.toml): expected a list of texts",
        ),
        (
            "[events.\"a\"]\ntags = [\"product:{id}\"]",
            "events.\"a\".tags (sellerboard.toml): expected tags such as \"product:{subject}\"",
        ),
        (
            "[events.\"a\"]\nendpoint = [\"products\"]",
            "events.\"a\".endpoint (sellerboard.toml): unknown key",
        ),
        (
            "[events.order.created]\nendpoints = [\"products\"]",
            "events.\"order\".created (sellerboard.toml): unknown key",
        ),
        (
            "[events.\"order*\"]",
            "events.\"order*\" (sellerboard.toml): expected a kind of event",
        ),
        ("events = 1", "events (sellerboard.toml): expected tables"),
        (
            "[events]\na = 1",
            "events.\"a\" (sellerboard.toml): expected a table",
        ),
    ] {
        let run = Program::new(&["serve"])
            .with_file("sellerboard.toml", file)
            .run();
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{file}");
        assert!(run.stderr.contains(message), "{file}: {}", run.stderr);
    }
}
