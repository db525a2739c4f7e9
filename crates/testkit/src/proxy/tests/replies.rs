use super::*;

/// A connection to a server with keys `a` and `b`.
async fn with_keys(world: &World) -> TcpStream {
    let values = ["a".repeat(64), "b".repeat(65)];
    let set = ["MSET", "a", &values[0], "b", &values[1]];
    assert_eq!(world.server.cli(&set), "OK");
    world.connect().await
}

async fn asks(stream: &mut TcpStream, command: &str, reply: &str) {
    send(stream, &format!("{command}\r\n")).await;
    expect(stream, &format!("{reply}\r\n")).await;
}

#[tokio::test]
async fn errors_come_in_place_of_replies_and_the_server_is_not_told() {
    let world = World::start().await;
    let mut stream = with_keys(&world).await;
    let writes = Replies::all().to_commands(&["set", "CLIENT SETNAME"]);
    let error = || Twist::Error("READONLY You can't write".to_owned());
    world.proxy.twist(writes.times(2), error());
    // One frame and inline, in the midst of others: every reply is in its place.
    let pipeline = "PING\r\n*3\r\n$3\r\nSeT\r\n$1\r\na\r\n$1\r\n1\r\nECHO x\r\nCLIENT setname n\r\n\
                    CLIENT ID\r\nSET c 1\r\n";
    send(&mut stream, pipeline).await;
    let refused = "-READONLY You can't write\r\n";
    expect(
        &mut stream,
        &format!("+PONG\r\n{refused}$1\r\nx\r\n{refused}:"),
    )
    .await;
    let mut byte = 0;
    while byte != b'\n' {
        byte = stream.read_u8().await.unwrap();
    }
    expect(&mut stream, "+OK\r\n").await;
    assert_eq!(world.server.cli(&["GET", "a"]).len(), 64);
    assert_eq!(world.proxy.counts().twisted, 2);
    // With nothing else under way, too.
    world.proxy.twist(Replies::all(), error());
    asks(&mut stream, "PING", "-READONLY You can't write").await;
    world.proxy.heal();
    asks(&mut stream, "PING", "+PONG").await;
}

#[tokio::test]
async fn replies_are_one_behind() {
    let world = World::start().await;
    let mut stream = with_keys(&world).await;
    asks(&mut stream, "ECHO 0", "$1\r\n0").await;
    world.proxy.twist(Replies::all(), Twist::Shift);
    for (now, before) in [(1, 0), (2, 1), (3, 2)] {
        asks(
            &mut stream,
            &format!("ECHO {now}"),
            &format!("$1\r\n{before}"),
        )
        .await;
    }
    world.proxy.heal();
    asks(&mut stream, "ECHO 4", "$1\r\n4").await;
}

#[tokio::test]
async fn replies_are_lost_come_twice_or_are_others() {
    let world = World::start().await;
    let mut stream = with_keys(&world).await;
    let once = || Replies::all().times(1);
    world.proxy.twist(once(), Twist::Lose);
    send(&mut stream, "ECHO 1\r\n").await;
    asks(&mut stream, "ECHO 2", "$1\r\n2").await;
    world.proxy.twist(once(), Twist::Duplicate);
    asks(&mut stream, "ECHO 3", "$1\r\n3\r\n$1\r\n3").await;
    let null = Twist::Replace("$-1\r\n".into());
    world.proxy.twist(once().beginning_with(b"$"), null);
    asks(&mut stream, "PING", "+PONG").await;
    asks(&mut stream, "ECHO 4", "$-1").await;
    asks(&mut stream, "ECHO 5", "$1\r\n5").await;
    assert_eq!(world.proxy.counts().twisted, 3);
}

#[tokio::test]
async fn another_keys_reply_or_value_is_given() {
    let world = World::start().await;
    let mut stream = with_keys(&world).await;
    let (a, b) = ("a".repeat(64), "b".repeat(65));
    let (a, b) = (format!("$64\r\n{a}"), format!("$65\r\n{b}"));
    world
        .proxy
        .twist(Replies::all().times(2), Twist::AnotherReply);
    asks(&mut stream, "GET a", &a).await;
    asks(&mut stream, "GET a", &a).await;
    asks(&mut stream, "GET b", &a).await;
    asks(&mut stream, "GET a", &b).await;
    asks(&mut stream, "GET b", &b).await;
    // Of a script only the value, by its keys.
    world.proxy.heal();
    world.proxy.twist(Replies::all(), Twist::AnotherValue);
    let read = |key, unique| {
        format!("EVAL \"return{{ARGV[1],redis.call('GET',KEYS[1])}}\" 1 {key} {unique}")
    };
    asks(&mut stream, &read("a", 1), &format!("*2\r\n$1\r\n1\r\n{a}")).await;
    asks(&mut stream, &read("a", 2), &format!("*2\r\n$1\r\n2\r\n{a}")).await;
    asks(&mut stream, &read("b", 3), &format!("*2\r\n$1\r\n3\r\n{a}")).await;
    asks(&mut stream, &read("a", 4), &format!("*2\r\n$1\r\n4\r\n{b}")).await;
}

#[tokio::test]
async fn a_connection_ends_in_place_of_a_reply() {
    let world = World::start().await;
    let second = Replies::all().after(1);
    world.proxy.twist(second.times(1), Twist::Close);
    let mut stream = world.connect().await;
    send(&mut stream, "PING\r\nPING\r\n").await;
    expect(&mut stream, "+PONG\r\n").await;
    expect_end(&mut stream).await;
    world
        .proxy
        .twist(Replies::all().times(1), Twist::Truncate(2));
    let mut stream = world.connect().await;
    send(&mut stream, "PING\r\nPING\r\n").await;
    expect(&mut stream, "+P").await;
    expect_end(&mut stream).await;
    let later = Replies::all().on(Connections::After(3));
    world
        .proxy
        .twist(later.to_commands(&["HELLO"]), Twist::Reset);
    let mut spared = world.connect().await;
    asks(&mut spared, "PING", "+PONG").await;
    let mut stream = world.connect().await;
    asks(&mut stream, "PING", "+PONG").await;
    send(&mut stream, "HELLO 3\r\n").await;
    let read = timeout(PATIENCE, stream.read_u8()).await.unwrap();
    assert!(read.is_err_and(is_reset));
}
