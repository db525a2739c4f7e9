use super::*;

/// In small. What a busy machine makes slow is not judged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_costs_what_it_must() {
    let small = Measurement {
        nodes: 2,
        times: 50,
        idle_seconds: 0.1,
    };
    let costs = measure(&small).await.unwrap();
    let body = costs.body_bytes;
    assert!(costs.load.received > body, "{costs:#?}");
    assert!(costs.promotion.sent > body, "{costs:#?}");
    assert!(costs.table_read.sent < body, "{costs:#?}");
    // A key with its prefix and the tenant's id, and little else.
    assert!((50.0..200.0).contains(&costs.push.sent), "{costs:#?}");
    // For commands, for what changes, for events.
    assert!((costs.node_connections - 3.0).abs() < 1e-9, "{costs:#?}");
    assert!(costs.table_bytes > 0.0, "{costs:#?}");
    // What was saved can be read again.
    let text = serde_json::to_string(&costs).unwrap();
    let read: Costs = serde_json::from_str(&text).unwrap();
    assert_eq!(read.redis, costs.redis);
}
