use std::error::Error as _;

use serde_json::json;
use tokio::net::TcpListener;

use super::harness::{Marketplace, problem};
use crate::{Options, listen};

#[tokio::test]
async fn a_stop_answers_reads_that_wait() {
    let mut marketplace = Marketplace::start().await;
    marketplace.set_faults(&json!({ "hang": true })).await;
    let waiting = tokio::spawn(
        marketplace
            .request(reqwest::Method::GET, "/products")
            .send(),
    );
    while marketplace.calls().await["total"] == 0 {
        tokio::task::yield_now().await;
    }
    marketplace.stop();
    problem(waiting.await.unwrap().unwrap(), 503).await;
    marketplace.join().await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let holder = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = holder.local_addr().unwrap();
    let error = listen(&Options::default().with_addr(addr))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), format!("failed to listen on {addr}"));
    assert!(error.source().is_some());
}
