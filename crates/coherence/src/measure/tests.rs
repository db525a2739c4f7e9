//! Each measurement in small. What a busy machine makes slow is not judged here.

use std::time::Duration;

use clap::Parser as _;
use serde_json::Value;

use crate::Arguments;
use crate::spread::Spread;

async fn measured(arguments: &str) -> Value {
    let arguments = Arguments::try_parse_from(arguments.split(' ')).unwrap();
    arguments.what.measure().await.unwrap().to_json()
}

/// Checks the goals that are no matter of speed.
fn assert_met(report: &Value, goals: usize) {
    let all = report["goals"].as_object().unwrap();
    let of_speed = |goal: &str| goal.contains("p99") || goal.contains("under");
    let exact: Vec<_> = all.iter().filter(|(goal, _)| !of_speed(goal)).collect();
    assert_eq!(exact.len(), goals, "{report:#}");
    for (goal, met) in exact {
        assert_eq!(met, true, "{goal}: {report:#}");
    }
}

#[test]
fn percentiles_are_samples() {
    let spread: Spread = (1..=200).rev().map(Duration::from_millis).collect();
    let [p50, p99] = [50, 99].map(|percent| spread.percentile(percent).as_millis());
    assert_eq!((p50, p99, spread.max().as_millis()), (100, 198, 200));
    assert_eq!(Spread::default().max(), Duration::ZERO);
    let one: Spread = [Duration::from_millis(7)].into_iter().collect();
    assert_eq!(one.percentile(1), one.max());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_tenant_is_invalidated_by_one_call() {
    let small = "measure million --entries 3000 --invalidations 3 --pairs 2 --window-ms 50 --every-ms 10 --readers 2";
    assert_met(&measured(small).await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_are_seen_on_all_nodes_and_nothing_else_is_loaded() {
    let report = measured("measure patch --patches 3 --nodes 2 --pause-ms 10").await;
    assert_met(&report, 1);
    let seen = report["spreads"].as_array().unwrap().iter();
    let seen: Vec<_> = seen
        .filter(|spread| spread["name"].as_str().unwrap().ends_with("on a node"))
        .map(|spread| spread["count"].as_u64().unwrap())
        .collect();
    assert_eq!(seen, [6; 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_while_the_receiver_was_down_arrives() {
    let report = measured("measure receiver-down --seconds 1").await;
    assert_met(&report, 4);
    assert!(report["facts"]["of_these_while_it_was_down"].as_u64() > Some(0));
}
