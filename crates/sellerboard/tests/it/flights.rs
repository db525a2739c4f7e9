//! Many at once: one call at the marketplace.

use std::time::Duration;

use reqwest::Method;
use tokio::task::JoinSet;

use crate::node::{Node, send};
use crate::reply::Reply;
use crate::tokens::token;
use crate::world::World;

const READERS: usize = 200;

/// The answers to simultaneous reads; HTTP/1.1 gives each a connection of its own.
async fn read_at_once(node: &Node, paths: &[&str]) -> Vec<Reply> {
    let token = token("tenant-001");
    let mut readers = JoinSet::new();
    for path in paths {
        readers.spawn(send(node.api(Method::GET, path, &token)));
    }
    readers.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_cold_reads_are_one_call() {
    let world = World::with_latency(Duration::from_millis(300)).await;
    let node = world.node(&[]).await;
    let replies = read_at_once(&node, &["/dashboard/kpis"; READERS]).await;
    assert_eq!(replies.len(), READERS);
    let mut own_loads = 0;
    for reply in &replies {
        let status = reply.ok();
        assert_eq!(reply.body, replies[0].body);
        own_loads += usize::from(status.fwd.is_some() && !status.collapsed);
    }
    assert_eq!((world.calls().await, own_loads), (1, 1));
    let metrics = node.metrics().await;
    assert_eq!(metrics["total_requests"], READERS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_ends_nobody_elses_load() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    world.set_faults(&serde_json::json!({ "hang": true })).await;
    let token = token("tenant-001");
    let leader = tokio::spawn(send(node.api(Method::GET, "/dashboard/kpis", &token)));
    world.await_calls(1).await;
    let waiter = node.api(Method::GET, "/dashboard/kpis", &token);
    let waiter = tokio::spawn(send(waiter));
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    world.heal().await;
    waiter.await.unwrap().ok();
    node.get("tenant-001", "/dashboard/kpis")
        .await
        .assert_hit("local");
    assert_eq!(world.calls().await, 1);
}
