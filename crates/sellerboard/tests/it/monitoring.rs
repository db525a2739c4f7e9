//! What is checked in for Prometheus and Grafana, and the page about it, speak of metrics that there are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::RedisServer;

use crate::node::send;
use crate::tokens::scoped;
use crate::world::{READS, World};

const ALERTS: &str = include_str!("../../../../docs/monitoring/alerts.yml");
const ALERT_TESTS: &str = include_str!("../../../../docs/monitoring/alerts.test.yml");
const DASHBOARD: &str = include_str!("../../../../docs/monitoring/grafana-dashboard.json");
const PAGE: &str = include_str!("../../../../docs/operations.md");

/// Labels that Prometheus adds.
const ADDED_LABELS: [&str; 2] = ["job", "instance"];

/// What a live node exposes: each sample's name with its labels and their values.
#[derive(Debug, Default)]
struct Exposed {
    samples: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    families: BTreeSet<String>,
}

/// Everything that can be exposed is: Redis is there, so its tier and its stream are.
async fn live_metrics() -> String {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let node = world.node_on(&redis, &[]).await;
    for (path, _) in READS {
        node.get("tenant-001", path).await.ok();
    }
    let event = json!({
        "specversion": "1.0", "id": "1", "source": "/test", "type": "product.updated", "subject": "101",
        "tenantid": "tenant-001",
    });
    let token = scoped("tenant-001", &["events:publish"]);
    let request = node.api(Method::POST, "/events", &token);
    let request = request.header("content-type", "application/cloudevents+json");
    assert_eq!(send(request.body(event.to_string())).await.status, 202);
    let reply = send(node.request(Method::GET, "/metrics")).await;
    assert!(reply.header("content-type").starts_with("text/plain"));
    String::from_utf8(reply.body.to_vec()).unwrap()
}

impl Exposed {
    fn of(text: &str) -> Self {
        let mut exposed = Self::default();
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let (name, _) = family.split_once(' ').unwrap();
                exposed.families.insert(name.to_owned());
                continue;
            }
            if line.starts_with('#') {
                continue;
            }
            let name: String = line.chars().take_while(|c| is_name(*c)).collect();
            let labels = exposed.samples.entry(name.clone()).or_default();
            for (label, value) in matchers(&line[name.len()..]) {
                labels.entry(label).or_default().insert(value);
            }
        }
        exposed
    }

    /// Whether a use of a metric, with the matchers after it, can ever find something.
    fn assert_has(&self, name: &str, after: &str) {
        let known = self.samples.get(name);
        let known = known.unwrap_or_else(|| panic!("{name} is not exposed"));
        for (label, pattern) in matchers(after) {
            if ADDED_LABELS.contains(&label.as_str()) {
                continue;
            }
            let values = known.get(&label);
            let values = values.unwrap_or_else(|| panic!("{name} has no label {label}"));
            for value in pattern.split('|') {
                assert!(values.contains(value), "{name}: {label} is never {value}");
            }
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The labels in braces at the beginning of a text, with what they are compared to.
fn matchers(after: &str) -> Vec<(String, String)> {
    let Some((inside, _)) = after
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'))
    else {
        return Vec::new();
    };
    let pairs = inside.split_terminator("\",");
    pairs
        .filter_map(|pair| pair.split_once('"'))
        .map(|(label, value)| {
            let label = label.trim_end_matches(['=', '~', '!']).trim();
            (label.to_owned(), value.trim_end_matches('"').to_owned())
        })
        .collect()
}

/// The uses of our metrics in a text, each with what follows it.
fn uses(text: &str) -> Vec<(&str, &str)> {
    let starts = ["tenantcache_", "sellerboard_"].map(|prefix| text.match_indices(prefix));
    let starts = starts.into_iter().flatten().map(|(at, _)| at);
    let starts = starts.filter(|at| !text[..*at].ends_with(is_name));
    starts
        .map(|at| {
            let rest = &text[at..];
            rest.split_at(rest.find(|c| !is_name(c)).unwrap_or(rest.len()))
        })
        // What is searched for with such a beginning is no metric.
        .filter(|(name, _)| !name.ends_with('_'))
        .collect()
}

/// Every query of the dashboard's panels and annotations.
fn dashboard_queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array());
    let annotations = dashboard["annotations"]["list"].as_array().unwrap();
    let queries = targets.flatten().chain(annotations);
    queries
        .map(|query| query["expr"].as_str().unwrap().to_owned())
        .collect()
}

fn alerts() -> Vec<(&'static str, &'static str)> {
    let rules = ALERTS.split("- alert: ").skip(1);
    rules.map(|rule| rule.split_once('\n').unwrap()).collect()
}

#[tokio::test]
async fn dashboard_and_alerts_ask_for_what_is_exposed() {
    let exposed = Exposed::of(&live_metrics().await);
    for query in dashboard_queries() {
        let uses = uses(&query);
        assert!(!uses.is_empty(), "{query}");
        for (name, after) in uses {
            exposed.assert_has(name, after);
        }
    }
    for (name, after) in uses(ALERTS) {
        exposed.assert_has(name, after);
    }
}

#[tokio::test]
async fn every_metric_is_on_the_page_and_on_the_dashboard_and_no_other() {
    let exposed = Exposed::of(&live_metrics().await);
    let told: BTreeSet<&str> = uses(PAGE).into_iter().map(|(name, _)| name).collect();
    let families: BTreeSet<&str> = exposed.families.iter().map(String::as_str).collect();
    assert_eq!(told, families);
    let dashboard = dashboard_queries().join("\n");
    for family in families {
        assert!(dashboard.contains(family), "{family} is on no panel");
    }
}

#[test]
fn every_alert_has_a_time_a_severity_a_summary_a_section_and_a_test() {
    let alerts = alerts();
    for (name, rule) in &alerts {
        let section = format!("runbook_url: docs/operations.md#{}", name.to_lowercase());
        for part in ["for: ", "severity: ", "summary: ", section.as_str()] {
            assert!(rule.contains(part), "{name} has no {part}");
        }
        let tested = format!("alertname: {name}\n        exp_alerts:\n          - exp_labels");
        assert!(ALERT_TESTS.contains(&tested), "{name} is never seen firing");
    }
    let (_, sections) = PAGE.split_once("\n## Alerts\n").unwrap();
    let (sections, _) = sections.split_once("\n## ").unwrap();
    let sections = sections
        .lines()
        .filter_map(|line| line.strip_prefix("### "));
    let names = alerts.iter().map(|(name, _)| *name);
    assert!(
        sections.eq(names),
        "the page's sections are the alerts, in order"
    );
}

/// `promtool` reads what Prometheus would, and complains about names that others would not expect.
#[tokio::test]
async fn promtool_finds_no_fault() {
    let Ok(metrics) = promtool(&["check", "metrics"]) else {
        println!("skipped: promtool is not installed");
        return;
    };
    metrics.feed(&live_metrics().await);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("queries.yml");
    let mut queries = String::from("groups:\n  - name: dashboard\n    rules:\n");
    for query in dashboard_queries() {
        let query = query.replace("$__rate_interval", "5m");
        queries.push_str(&format!(
            "      - {{record: query, expr: {}}}\n",
            Value::from(query)
        ));
    }
    std::fs::write(&file, queries).unwrap();
    let rules = promtool(&["check", "rules", "--lint=none", file.to_str().unwrap()]);
    rules.unwrap().feed("");
}

struct Promtool(std::process::Child);

fn promtool(arguments: &[&str]) -> std::io::Result<Promtool> {
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped());
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().map(Promtool)
}

impl Promtool {
    /// Gives it the text, of which it must have nothing to say.
    fn feed(mut self, text: &str) {
        let mut stdin = self.0.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        drop(stdin);
        let output = self.0.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}\n{text}");
    }
}
