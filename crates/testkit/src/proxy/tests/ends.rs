//! How fast bytes go, and where they end.

use super::*;

const VALUE_BYTES: usize = 10_000;

/// A connection to a server whose key `a` has 10,000 bytes, and the reply to `GET a`.
async fn with_value(world: &World) -> (TcpStream, String) {
    let value = "x".repeat(VALUE_BYTES);
    assert_eq!(world.server.cli(&["SET", "a", &value]), "OK");
    let mut stream = world.connect().await;
    send(&mut stream, "PING\r\n").await;
    expect(&mut stream, "+PONG\r\n").await;
    (stream, format!("${VALUE_BYTES}\r\n{value}\r\n"))
}

#[tokio::test]
async fn a_narrow_band_takes_its_time() {
    let world = World::start().await;
    let (mut stream, reply) = with_value(&world).await;
    let pace = Pace::default().with_bandwidth(100_000);
    world.proxy.pace(Connections::All, Direction::Down, pace);
    let begun = Instant::now();
    send(&mut stream, "GET a\r\nGET a\r\n").await;
    expect(&mut stream, &reply).await;
    expect(&mut stream, &reply).await;
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(200), "{took:?}");
}

#[tokio::test]
async fn slices_come_one_by_one() {
    let world = World::start().await;
    let (mut stream, _) = with_value(&world).await;
    let pause = Duration::from_millis(10);
    let pace = Pace::default().with_slices(2, pause);
    world.proxy.pace(Connections::All, Direction::Down, pace);
    let begun = Instant::now();
    send(&mut stream, "PING\r\n").await;
    for (piece, count) in [("+P", 1), ("ON", 2), ("G\r", 3), ("\n", 4)] {
        expect(&mut stream, piece).await;
        assert!(begun.elapsed() >= count * pause);
    }
}

#[tokio::test]
async fn one_connection_of_several_is_slow() {
    let world = World::start().await;
    let (mut slow, _) = with_value(&world).await;
    let (mut quick, _) = with_value(&world).await;
    assert_eq!(world.proxy.open(Connections::All), [1, 2]);
    let hours = Duration::from_secs(10_000);
    let pace = Pace::default().with_latency(hours, Duration::ZERO);
    world.proxy.pace(Connections::Nth(1), Direction::Up, pace);
    send(&mut slow, "PING\r\n").await;
    send(&mut quick, "PING\r\n").await;
    expect(&mut quick, "+PONG\r\n").await;
    let silence = timeout(Duration::from_millis(50), slow.read_u8()).await;
    assert!(silence.is_err(), "{silence:?}");
}

#[tokio::test]
async fn each_connection_has_its_limit() {
    let world = World::start().await;
    let down = Direction::Down;
    world.proxy.limit(Connections::All, down, 9, Then::Close);
    for _ in 0..2 {
        let mut stream = world.connect().await;
        send(&mut stream, "PING\r\nPING\r\n").await;
        expect(&mut stream, "+PONG\r\n+P").await;
        expect_end(&mut stream).await;
    }
    world.proxy.heal();
    world.proxy.limit(Connections::All, down, 0, Then::Reset);
    let mut stream = world.connect().await;
    send(&mut stream, "PING\r\n").await;
    let read = timeout(PATIENCE, stream.read_u8()).await.unwrap();
    assert!(read.is_err_and(is_reset));
}

#[tokio::test]
async fn a_stalled_connection_goes_on_when_it_is_healed() {
    let world = World::start().await;
    let (mut stream, _) = with_value(&world).await;
    world
        .proxy
        .limit(Connections::All, Direction::Down, 3, Then::Stall);
    send(&mut stream, "PING\r\nPING\r\n").await;
    expect(&mut stream, "+PO").await;
    let silence = timeout(Duration::from_millis(50), stream.read_u8()).await;
    assert!(silence.is_err(), "{silence:?}");
    world.proxy.heal();
    expect(&mut stream, "NG\r\n+PONG\r\n").await;
}

#[tokio::test]
async fn connections_are_reset() {
    let world = World::start().await;
    let (mut stream, _) = with_value(&world).await;
    assert_eq!(world.proxy.reset(Connections::Tracking), 0);
    assert_eq!(world.proxy.reset(Connections::Plain), 1);
    let read = timeout(PATIENCE, stream.read_u8()).await.unwrap();
    assert!(read.is_err_and(is_reset));
}

#[tokio::test]
async fn an_end_is_told_late() {
    let mut world = World::start().await;
    let (mut stream, _) = with_value(&world).await;
    let delay = Duration::from_millis(50);
    let pace = Pace::default().with_slow_close(delay);
    world.proxy.pace(Connections::All, Direction::Down, pace);
    let killed = Instant::now();
    world.server.kill();
    expect_end(&mut stream).await;
    assert!(killed.elapsed() >= delay);
}
