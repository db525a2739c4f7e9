use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

async fn connect(origin: &ScriptedOrigin) -> TcpStream {
    let local = (Ipv4Addr::LOCALHOST, origin.port());
    TcpStream::connect(local).await.unwrap()
}

async fn ask(stream: &mut TcpStream, target: &str) {
    let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// What a client gets until the connection ends, as text.
async fn whole(origin: &ScriptedOrigin, target: &str) -> String {
    let mut stream = connect(origin).await;
    ask(&mut stream, target).await;
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "it ends: {bytes:?}");
    String::from_utf8(bytes).unwrap()
}

/// What a client gets of an answer that is so long, on a connection that stays open.
async fn part(stream: &mut TcpStream, len: usize) -> String {
    let mut bytes = vec![0; len];
    let read = timeout(PATIENCE, stream.read_exact(&mut bytes)).await;
    read.unwrap().unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn it_answers_in_order_and_then_by_its_script_on_one_connection() {
    let origin = ScriptedOrigin::start().await;
    origin.then(Response::new(503).with_header("retry-after", "7"));
    origin.script(|request| Response::json(format!("{:?}", request.target)));
    let mut stream = connect(&origin).await;
    let first = "HTTP/1.1 503 Scripted\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
    let second = "HTTP/1.1 200 Scripted\r\ncontent-type: application/json\r\n\
                  content-length: 8\r\n\r\n\"/b?c=1\"";
    ask(&mut stream, "/a").await;
    assert_eq!(part(&mut stream, first.len()).await, first);
    ask(&mut stream, "/b?c=1").await;
    assert_eq!(part(&mut stream, second.len()).await, second);
    assert_eq!((origin.calls(), origin.connections()), (2, 1));
    let requests = origin.requests();
    assert_eq!(requests[1].target, "/b?c=1");
    assert_eq!(requests[1].header("host"), Some("test"));
}

#[tokio::test]
async fn bodies_lie_repeat_and_break_off() {
    let origin = ScriptedOrigin::start().await;
    let body = || Response::new(200).with_body("abcdef");
    let cases = [
        (body().claiming_length(9), "content-length: 9\r\n\r\nabcdef"),
        (body().closing_after(2), "content-length: 6\r\n\r\nab"),
        (
            body().repeated(2).without_length(),
            "connection: close\r\n\r\nabcdefabcdef",
        ),
        (
            body().chunked().closing_after(4),
            "transfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n",
        ),
    ];
    for (response, wanted) in cases {
        origin.then(response);
        let text = whole(&origin, "/").await;
        assert_eq!(text, format!("HTTP/1.1 200 Scripted\r\n{wanted}"));
    }
    origin.then(Response::raw("SSH-2.0-nonsense\r\n"));
    assert_eq!(whole(&origin, "/").await, "SSH-2.0-nonsense\r\n");
    origin.then(body().resetting_after(1));
    let mut stream = connect(&origin).await;
    ask(&mut stream, "/").await;
    let reset = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
    assert!(reset.unwrap().is_err(), "it is reset");
}

#[tokio::test]
async fn a_body_larger_than_its_reader_is_sent_only_as_far_as_it_is_read() {
    let origin = ScriptedOrigin::start().await;
    let chunk = vec![b'x'; 1 << 20];
    origin.always(
        Response::new(200)
            .with_body(chunk)
            .repeated(5_000)
            .chunked(),
    );
    let mut stream = connect(&origin).await;
    ask(&mut stream, "/").await;
    part(&mut stream, 1 << 20).await;
    drop(stream);
    timeout(PATIENCE, origin.settled(0)).await.unwrap();
    assert!(origin.body_bytes() < 100 << 20, "{}", origin.body_bytes());
}

#[tokio::test]
async fn it_hangs_drips_and_counts_who_waits() {
    let origin = ScriptedOrigin::start().await;
    origin.then(Response::never());
    origin.then(Response::new(200).with_body("ab").hanging_after(1));
    let mut silent = connect(&origin).await;
    ask(&mut silent, "/").await;
    timeout(PATIENCE, origin.asked(1)).await.unwrap();
    let mut hung = connect(&origin).await;
    ask(&mut hung, "/").await;
    timeout(PATIENCE, origin.asked(2)).await.unwrap();
    let head = "HTTP/1.1 200 Scripted\r\ncontent-length: 2\r\n\r\na";
    assert_eq!(part(&mut hung, head.len()).await, head);
    for stream in [&mut silent, &mut hung] {
        assert!(timeout(PAUSE, stream.read_u8()).await.is_err());
    }
    assert_eq!((origin.running(), origin.peak()), (2, 2));
    // Who goes away is noticed.
    drop((silent, hung));
    timeout(PATIENCE, origin.settled(0)).await.unwrap();

    origin.reset_counts();
    origin.then(
        Response::new(200)
            .with_body("abcd")
            .after(PAUSE)
            .dripping(1, PAUSE)
            .without_length(),
    );
    let begun = Instant::now();
    assert!(whole(&origin, "/").await.ends_with("\r\n\r\nabcd"));
    assert!(begun.elapsed() >= 5 * PAUSE);
    assert_eq!((origin.calls(), origin.peak()), (1, 1));
}
