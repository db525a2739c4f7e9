//! Connections, and what a request's head may be, in both versions of HTTP.

use std::time::Duration;

use reqwest::Client;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::node::{eventually, send};
use crate::world::World;

/// Whether the service closes the connection, which it does at once or not at all.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut byte = [0];
    let read = tokio::time::timeout(Duration::from_millis(500), stream.read(&mut byte)).await;
    // A connection that is closed in the queue may be reset.
    matches!(read, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn one_client_has_so_many_connections_and_no_more() {
    let world = World::start().await;
    let node = world
        .node(&[("SELLERBOARD_CONNECTIONS_PER_CLIENT", "3")])
        .await;
    let addr = node.origin.trim_start_matches("http://").to_owned();
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&addr).await.unwrap();
        assert!(!is_closed(&mut stream).await);
        open.push(stream);
    }
    let mut fourth = TcpStream::connect(&addr).await.unwrap();
    assert!(is_closed(&mut fourth).await);
    assert!(!is_closed(&mut open[0]).await);
    open.pop();
    eventually("there is room again", async || {
        let mut again = TcpStream::connect(&addr).await.unwrap();
        (!is_closed(&mut again).await).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_in_http_2_too() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let client = Client::builder().no_proxy().http2_prior_knowledge();
    let client = client.build().unwrap();
    let get = |path: &str| client.get(format!("{}{path}", node.origin));
    let head = |bytes: usize| get("/healthz").header("x-large", "x".repeat(bytes));
    assert_eq!(send(head(20 << 10)).await.status, 200);
    let refused = head(100 << 10).send().await;
    // The library may end the connection without an answer; a request never gets through.
    assert!(refused.is_err() || refused.unwrap().status() == 431);
    let many = (0..101).fold(get("/healthz"), |request, number| {
        request.header(format!("x-{number}"), "x")
    });
    send(many).await.problem(431, "headers-too-large");
    let long = get(&format!("/healthz?{}", "q".repeat(9 << 10)));
    send(long).await.problem(414, "uri-too-long");
}
