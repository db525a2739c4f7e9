//! Clients of HTTP/1.1 that behave badly, each until the service has had enough.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::node::{client, eventually, send};
use crate::tokens::token;

/// The longest that anything here should take; the bounds themselves are 10 s and 30 s, looked at each second.
const PATIENCE: Duration = Duration::from_secs(45);
/// Connections that are opened at once.
const OPENED_AT_ONCE: usize = 100;
const OPENED_PAUSE: Duration = Duration::from_millis(40);

/// Reads what is left on a connection. A connection that is reset has ended too.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ended = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends `first`, and then a byte each half second, until there is an answer; gives it, and how long that took.
async fn drips(addr: &str, first: &str) -> (String, Duration) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let begun = Instant::now();
    stream.write_all(first.as_bytes()).await.unwrap();
    let mut byte = [0];
    while begun.elapsed() < PATIENCE {
        let pause = tokio::time::sleep(Duration::from_millis(500));
        tokio::select! {
            read = stream.read(&mut byte) => {
                assert_eq!(read.unwrap(), 1, "closed without an answer after {:?}", begun.elapsed());
                let took = begun.elapsed();
                let answer = format!("{}{}", char::from(byte[0]), rest(&mut stream).await);
                return (answer, took);
            }
            () = pause => {
                let _gone = stream.write_all(b"x").await;
            }
        }
    }
    panic!("no answer after {PATIENCE:?}");
}

/// Many that send their head a byte at a time: each is told that it was too slow. The longest time that one took.
pub(super) async fn drips_head(addr: &str, count: usize) -> Duration {
    let all = (0..count).map(|_| {
        drips(
            addr,
            "GET /api/v1/dashboard/kpis HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        )
    });
    let mut longest = Duration::ZERO;
    for (answer, took) in join_all(all).await {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(
            answer.contains("urn:sellerboard:problem:request-timeout"),
            "{answer}"
        );
        assert!(took >= Duration::from_secs(10), "{took:?}");
        longest = longest.max(took);
    }
    assert!(longest < Duration::from_secs(20), "{longest:?}");
    longest
}

/// One that sends its body a byte at a time.
pub(super) async fn drips_body(addr: &str) -> Duration {
    let head = "POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/cloudevents+json\r\n\
        Content-Length: 1000\r\n\r\n{";
    let (answer, took) = drips(addr, head).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        answer.contains("urn:sellerboard:problem:request-timeout"),
        "{answer}"
    );
    took
}

/// One that asks for much and reads nothing. It hears nothing of its end, but that what it sends is refused.
pub(super) async fn reads_nothing(addr: &str) -> Duration {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(addr.parse().unwrap()).await.unwrap();
    let begun = Instant::now();
    let request = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    stream
        .write_all(request.repeat(500).as_bytes())
        .await
        .unwrap();
    while begun.elapsed() < PATIENCE {
        if stream.write_all(b"G").await.is_err() {
            let took = begun.elapsed();
            assert!(took >= Duration::from_secs(29), "{took:?}");
            return took;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("not cut after {PATIENCE:?}");
}

/// Heads of 100 KB, and of 40 KB, which is still small enough for an answer in words.
pub(super) async fn sends_large_head(origin: &str, addr: &str) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let head = format!(
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n",
        "x".repeat(100 << 10)
    );
    // The answer may come, and the connection end, before everything is sent.
    let _sent = stream.write_all(head.as_bytes()).await;
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");

    let request = client().get(format!("{origin}/healthz"));
    let reply = send(request.header("x-large", "x".repeat(40 << 10))).await;
    reply.problem(431, "headers-too-large");
    let request = client().get(format!("{origin}/healthz?{}", "q".repeat(9 << 10)));
    send(request).await.problem(414, "uri-too-long");
}

/// As many as find a place and more, who say nothing. The longest idle of them are closed, so that others find a place;
/// how many were.
pub(super) async fn idles(addr: &str, count: usize) -> usize {
    let mut idle = Vec::new();
    while idle.len() < count {
        let more = OPENED_AT_ONCE.min(count - idle.len());
        let opened = join_all((0..more).map(|_| TcpStream::connect(addr))).await;
        idle.extend(opened.into_iter().map(Result::unwrap));
        // What is tested is who stays, not how fast a debug build lets them in.
        tokio::time::sleep(OPENED_PAUSE).await;
    }
    let is_closed = |stream: &TcpStream| {
        let mut byte = [0];
        match stream.try_read(&mut byte) {
            Ok(count) => count == 0,
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        }
    };
    // A new client, and a seller with a request, find a place.
    let url = format!("http://{addr}/api/v1/dashboard/kpis");
    let asked = client().get(url).bearer_auth(token("tenant-001"));
    send(asked).await.ok();
    let closed = eventually("the longest idle are closed", async || {
        let closed: Vec<usize> = (0..count)
            .filter(|index| is_closed(&idle[*index]))
            .collect();
        (closed.len() >= 200).then_some(closed)
    })
    .await;
    assert!(closed.len() < 1_000, "{}", closed.len());
    // Those of the first fifth were idle longest, as exactly as the connections were opened in order.
    let oldest = closed.iter().filter(|index| **index < count / 5).count();
    assert!(
        oldest * 10 >= closed.len() * 9,
        "{oldest} of {}",
        closed.len()
    );
    closed.len()
}
