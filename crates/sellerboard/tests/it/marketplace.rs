use std::net::TcpListener;

use serde_json::Value;
use testkit::free_port;

use crate::program::{Program, Run};

async fn get(url: &str) -> Option<String> {
    let answer = reqwest::get(url).await.ok()?;
    answer.error_for_status().ok()?.text().await.ok()
}

#[tokio::test]
async fn the_marketplace_makes_its_store_answers_and_stops_when_told() {
    let addr = format!("127.0.0.1:{}", free_port());
    let mut child = Program::new(&["mock-api", "--marketplace-latency", "0"])
        .with_env("MARKETPLACE_ADDR", &addr)
        .with_env("ALERT_PRICE_UNDERCUT_PERCENT", "100")
        .start();
    let health = format!("http://{addr}/healthz");
    while get(&health).await.is_none() {
        assert!(child.is_running(), "{:?}", child.stop());
        tokio::task::yield_now().await;
    }
    let client = reqwest::Client::new();
    let stats = client
        .get(format!("http://{addr}/api/v1/dashboard/stats"))
        .header("x-tenant-id", "tenant-001")
        .send()
        .await
        .unwrap();
    assert_eq!(stats.status(), 200);
    let calls: Value =
        serde_json::from_str(&get(&format!("http://{addr}/calls")).await.unwrap()).unwrap();
    assert_eq!(calls["total"], 1);
    let alerts = client
        .get(format!("http://{addr}/api/v1/dashboard/alerts"))
        .header("x-tenant-id", "tenant-001");
    let alerts = alerts.send().await.unwrap().text().await.unwrap();
    assert!(alerts.contains("\"stock_out:"), "{alerts}");
    assert!(
        !alerts.contains("price_undercut"),
        "nobody gives it away: {alerts}"
    );

    let run: Run = child.stop();
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    assert!(
        run.stderr.contains("filling the empty store"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_taken_port_is_told_before_anything_else() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let run = Program::new(&["marketplace"])
        .with_env("MARKETPLACE_ADDR", &addr)
        .run();
    assert_eq!(run.code, Some(1));
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(
        lines[0],
        "error: failed to start the marketplace; choose another address with MARKETPLACE_ADDR"
    );
    assert_eq!(lines[1], format!("  caused by: failed to listen on {addr}"));
    assert!(
        lines[2].starts_with("  caused by: Address already in use"),
        "{}",
        run.stderr
    );
}
