use super::*;

#[tokio::test]
async fn a_proxy_that_is_down_is_refused_by_the_system() {
    let world = World::start().await;
    let mut stream = world.connect().await;
    send(&mut stream, "PING\r\n").await;
    expect(&mut stream, "+PONG\r\n").await;
    for _ in 0..3 {
        world.proxy.down(true).await;
        let refused = TcpStream::connect(local(world.proxy.port())).await;
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
        world.proxy.down(false).await;
        let mut stream = world.connect().await;
        send(&mut stream, "PING\r\n").await;
        expect(&mut stream, "+PONG\r\n").await;
    }
    expect_end(&mut stream).await;
}

#[tokio::test]
async fn every_third_connection_is_reset() {
    let world = World::start().await;
    world.proxy.greet(Connections::Every(3), Greeting::Reset);
    for number in 1..=6 {
        let mut stream = world.connect().await;
        let sent = stream.write_all(b"PING\r\n").await;
        if number % 3 == 0 {
            let read = timeout(PATIENCE, stream.read_u8()).await.unwrap();
            assert!(sent.is_err() || read.is_err_and(is_reset));
        } else {
            expect(&mut stream, "+PONG\r\n").await;
        }
    }
    assert_eq!(world.proxy.counts().connections, 6);
}

#[tokio::test]
async fn a_silent_server_accepts_and_closes_after_its_time() {
    let world = World::start().await;
    let silence = Duration::from_millis(50);
    world
        .proxy
        .greet(Connections::All, Greeting::Silence(silence));
    let begun = Instant::now();
    let mut stream = world.connect().await;
    send(&mut stream, "PING\r\n").await;
    expect_end(&mut stream).await;
    assert!(begun.elapsed() >= silence);
}

#[tokio::test]
async fn something_else_than_redis_answers() {
    let world = World::start().await;
    let http = "HTTP/1.1 400 Bad Request\r\n\r\n";
    let first = Connections::Nth(1);
    world.proxy.greet(first, Greeting::Say(http.into()));
    let mut stream = world.connect().await;
    send(&mut stream, "PING\r\n").await;
    expect(&mut stream, http).await;
    expect_end(&mut stream).await;
    let mut next = world.connect().await;
    send(&mut next, "PING\r\n").await;
    expect(&mut next, "+PONG\r\n").await;
    world.proxy.greet(Connections::All, Greeting::Close);
    expect_end(&mut world.connect().await).await;
}

#[tokio::test]
async fn what_is_not_resp_passes_as_it_comes() {
    let server = RedisServer::builder().with_tls().start().await;
    let url = server.tls_url("127.0.0.1");
    let port = url.rsplit(':').next().unwrap().split('/').next().unwrap();
    let proxy = TcpProxy::start(port.parse().unwrap()).await;
    // An empty greeting of TLS's: the server answers with an alert.
    let mut stream = TcpStream::connect(local(proxy.port())).await.unwrap();
    let hello = b"\x16\x03\x01\x00\x04\x01\x00\x00\x00";
    stream.write_all(hello).await.unwrap();
    let kind = timeout(PATIENCE, stream.read_u8()).await.unwrap();
    assert_eq!(kind.unwrap(), 0x15);
}
