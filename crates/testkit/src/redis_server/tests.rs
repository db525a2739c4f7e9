use tokio::net::TcpStream;

use super::*;

/// What a new client is told after these lines, up to a line's end.
async fn told(server: &RedisServer, lines: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port()))
        .await
        .unwrap();
    stream.write_all(lines.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    while reply.last() != Some(&b'\n') {
        reply.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(reply).unwrap()
}

#[tokio::test]
async fn passwords_and_users_are_wanted_and_changed() {
    let builder = RedisServer::builder().with_password("one");
    let mut server = builder
        .with_user("reader", &["on", ">two", "~*", "+get", "+ping"])
        .start()
        .await;
    assert!(server.url().starts_with("redis://:one@127.0.0.1:"));
    assert!(told(&server, "PING\r\n").await.starts_with("-NOAUTH"));
    assert_eq!(server.cli(&["SET", "a", "1"]), "OK");
    assert!(server.url_as("reader", "two").contains("//reader:two@"));
    server.set_password("three");
    assert!(
        told(&server, "AUTH one\r\n")
            .await
            .starts_with("-WRONGPASS")
    );
    server.restart().await;
    assert_eq!(told(&server, "AUTH three\r\n").await, "+OK\r\n");
    server.set_password("");
    server.acl_setuser("default", &["-set"]);
    assert!(told(&server, "SET a 1\r\n").await.starts_with("-NOPERM"));
}

#[tokio::test]
async fn a_crowded_server_lets_nobody_in() {
    let server = RedisServer::start().await;
    let refusing = server.refuse_clients().await;
    let told_then = told(&server, "").await;
    assert_eq!(told_then, "-ERR max number of clients reached\r\n");
    refusing.end().await;
    assert_eq!(told(&server, "PING\r\n").await, "+PONG\r\n");
}

#[tokio::test]
async fn a_server_loads_for_a_while() {
    let mut server = RedisServer::start().await;
    assert_eq!(server.cli(&["SET", "kept", "1"]), "OK");
    server.restart_loading(Duration::from_secs(100)).await;
    assert!(told(&server, "GET kept\r\n").await.starts_with("-LOADING"));
    server.finish_loading().await;
    assert_eq!(server.cli(&["GET", "kept"]), "1");
    assert_eq!(server.cli(&["DBSIZE"]), "1001");
}
