mod ends;
mod gate;
mod replies;

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::*;
use crate::RedisServer;

const PATIENCE: Duration = Duration::from_secs(10);

struct World {
    server: RedisServer,
    proxy: TcpProxy,
}

impl World {
    async fn start() -> Self {
        let server = RedisServer::start().await;
        let proxy = TcpProxy::start(server.port()).await;
        Self { server, proxy }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(local(self.proxy.port())).await.unwrap()
    }

    /// A connection that is told of every key.
    async fn tracking(&self) -> TcpStream {
        let mut stream = self.connect().await;
        send(&mut stream, "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n").await;
        let mut buffer = vec![0; 4096];
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(buffer[..read].starts_with(b"%"));
        send(
            &mut stream,
            "*4\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\non\r\n$5\r\nBCAST\r\n",
        )
        .await;
        expect(&mut stream, "+OK\r\n").await;
        stream
    }
}

async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

#[track_caller]
fn expect<'a>(stream: &'a mut TcpStream, text: &'a str) -> impl Future<Output = ()> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        let mut reply = vec![0; text.len()];
        let read = timeout(PATIENCE, stream.read_exact(&mut reply)).await;
        assert!(matches!(read, Ok(Ok(_))), "{read:?} at {caller}");
        assert_eq!(String::from_utf8_lossy(&reply), text, "at {caller}");
    }
}

/// The connection ends without another byte.
async fn expect_end(stream: &mut TcpStream) {
    let mut byte = [0];
    let read = timeout(PATIENCE, stream.read(&mut byte)).await.unwrap();
    assert!(!matches!(read, Ok(1..)), "{byte:?}");
}

fn invalidated(key: &str) -> String {
    format!(
        ">2\r\n$10\r\ninvalidate\r\n*1\r\n${}\r\n{key}\r\n",
        key.len()
    )
}

#[tokio::test]
async fn everything_passes_until_told_otherwise() {
    let world = World::start().await;
    let mut stream = world.connect().await;
    let value = "x".repeat(300_000);
    send(
        &mut stream,
        &format!(
            "SET a 1\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$300000\r\n{value}\r\nGET a\r\nGET b\r\n"
        ),
    )
    .await;
    expect(&mut stream, "+OK\r\n+OK\r\n$1\r\n1\r\n").await;
    expect(&mut stream, &format!("$300000\r\n{value}\r\n")).await;
    assert_eq!(world.proxy.counts().connections, 1);
    assert_eq!(world.proxy.counts().tracking, 0);
}

#[tokio::test]
async fn only_the_tracking_connection_is_cut() {
    let world = World::start().await;
    let mut plain = world.connect().await;
    let mut tracking = world.tracking().await;
    assert_eq!(world.proxy.cut_tracking(), 1);
    expect_end(&mut tracking).await;
    send(&mut plain, "PING\r\n").await;
    expect(&mut plain, "+PONG\r\n").await;
    world.proxy.cut_all();
    expect_end(&mut plain).await;
}

#[tokio::test]
async fn pushes_are_deleted_and_delayed_while_replies_pass() {
    let world = World::start().await;
    let mut stream = world.tracking().await;
    world.proxy.delete_pushes(1);
    assert_eq!(world.server.cli(&["SET", "first", "1"]), "OK");
    assert_eq!(world.server.cli(&["SET", "second", "1"]), "OK");
    expect(&mut stream, &invalidated("second")).await;
    let counts = world.proxy.counts();
    assert_eq!((counts.pushes, counts.pushes_deleted), (2, 1));
    // A delay far beyond the test's patience: the reply arrives, the push does not.
    world.proxy.delay_pushes(Duration::from_secs(100_000_000));
    assert_eq!(world.server.cli(&["SET", "third", "1"]), "OK");
    send(&mut stream, "PING\r\n").await;
    expect(&mut stream, "+PONG\r\n").await;
}

#[tokio::test]
async fn latency_delays_both_directions() {
    let world = World::start().await;
    let mut stream = world.connect().await;
    let latency = Duration::from_millis(30);
    for direction in [Direction::Up, Direction::Down] {
        world.proxy.delay(direction, latency, Duration::ZERO);
    }
    let begun = Instant::now();
    send(&mut stream, "PING\r\n").await;
    expect(&mut stream, "+PONG\r\n").await;
    assert!(begun.elapsed() >= 2 * latency);
}

#[tokio::test]
async fn a_half_open_connection_says_nothing_and_stays_open() {
    let mut world = World::start().await;
    let mut stream = world.connect().await;
    world.proxy.drop_silently(Direction::Down, true);
    send(&mut stream, "SET a 1\r\n").await;
    // What went up arrived, and the server's end is not told either.
    while world.server.cli(&["GET", "a"]) != "1" {
        tokio::task::yield_now().await;
    }
    world.server.kill();
    let silence = timeout(Duration::from_millis(50), stream.read_u8()).await;
    assert!(silence.is_err(), "{silence:?}");
    world.proxy.heal();
    expect_end(&mut stream).await;
}

#[tokio::test]
async fn refused_connections_end_at_once() {
    let world = World::start().await;
    world.proxy.refuse(true);
    expect_end(&mut world.connect().await).await;
    world.proxy.refuse(false);
    let mut stream = world.connect().await;
    send(&mut stream, "PING\r\n").await;
    expect(&mut stream, "+PONG\r\n").await;
}

#[tokio::test]
async fn a_reply_is_cut_in_its_midst() {
    let world = World::start().await;
    let mut stream = world.connect().await;
    world.proxy.cut_after(8);
    send(&mut stream, "PING\r\nPING\r\n").await;
    expect(&mut stream, "+PONG\r\n+").await;
    expect_end(&mut stream).await;
    let mut next = world.connect().await;
    send(&mut next, "PING\r\n").await;
    expect(&mut next, "+PONG\r\n").await;
}

#[tokio::test]
async fn replies_of_a_kind_are_exchanged() {
    let world = World::start().await;
    let mut stream = world.connect().await;
    assert_eq!(world.server.cli(&["MSET", "a", "1", "b", "2"]), "OK");
    world.proxy.swap_replies(1, b"*1");
    send(&mut stream, "MGET a\r\nMGET b\r\nMGET a\r\nPING\r\n").await;
    expect(&mut stream, "*1\r\n$1\r\n2\r\n*1\r\n$1\r\n1\r\n").await;
    expect(&mut stream, "*1\r\n$1\r\n1\r\n+PONG\r\n").await;
    // Alone, a reply is only late.
    world.proxy.swap_replies(1, b"*1");
    send(&mut stream, "MGET a\r\n").await;
    expect(&mut stream, "*1\r\n$1\r\n1\r\n").await;
    assert_eq!(world.proxy.counts().swapped, 1);
}

#[tokio::test]
async fn one_bit_of_a_long_string_is_changed() {
    let world = World::start().await;
    let mut stream = world.connect().await;
    let value = "x".repeat(64);
    assert_eq!(world.server.cli(&["SET", "a", &value]), "OK");
    world.proxy.flip_bits(1);
    for changed in [1, 0] {
        send(&mut stream, "GET a\r\n").await;
        let mut reply = vec![0; 5 + 64 + 2];
        stream.read_exact(&mut reply).await.unwrap();
        let bits: u32 = reply[5..69]
            .iter()
            .map(|byte| (byte ^ b'x').count_ones())
            .sum();
        assert_eq!(bits, changed);
    }
}

#[tokio::test]
async fn new_connections_go_to_another_server() {
    let world = World::start().await;
    let other = RedisServer::start().await;
    assert_eq!(other.cli(&["SET", "name", "other"]), "OK");
    let mut old = world.connect().await;
    send(&mut old, "PING\r\n").await;
    expect(&mut old, "+PONG\r\n").await;
    world.proxy.retarget(other.port());
    let mut new = world.connect().await;
    send(&mut new, "GET name\r\n").await;
    expect(&mut new, "$5\r\nother\r\n").await;
    send(&mut old, "GET name\r\n").await;
    expect(&mut old, "$-1\r\n").await;
}

fn is_reset(error: std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::ConnectionReset
}
