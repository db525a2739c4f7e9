//! Clients of HTTP/2 that behave badly, written frame by frame, for libraries would not do such things.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM_AND_HEADERS: u8 = 0x5;
const INITIAL_WINDOW_SIZE: u8 = 4;
const CANCEL: [u8; 4] = [0, 0, 0, 8];
const ENHANCE_YOUR_CALM: u32 = 0xb;

/// Requests of a client that takes each back at once.
const RESETS: u32 = 10_000;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `GET path` of the host `x`, in HPACK without compression.
fn get(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x86, 0x41, 1, b'x', 0x44];
    block.push(u8::try_from(path.len()).unwrap());
    block.extend(path.as_bytes());
    block
}

/// The next frame's kind and payload; `None` at the end.
async fn next(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload).await.ok()?;
    Some((head[3], payload))
}

/// Opens streams and resets them, as fast as it can (CVE-2023-44487): it is told to calm down, and cut. How many streams
/// the service looked at before, at most.
pub(super) async fn resets_rapidly(addr: &str) -> u32 {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    for number in 0..RESETS {
        let id = 2 * number + 1;
        bytes.extend(frame(HEADERS, END_STREAM_AND_HEADERS, id, &get("/healthz")));
        bytes.extend(frame(RST_STREAM, 0, id, &CANCEL));
    }
    let (mut read, mut write) = stream.split();
    let send = async {
        let _cut_off = write.write_all(&bytes).await;
        std::future::pending::<()>().await;
    };
    let listen = async {
        let mut all = Vec::new();
        let mut chunk = vec![0; 1 << 16];
        while let Ok(count @ 1..) = read.read(&mut chunk).await {
            all.extend_from_slice(&chunk[..count]);
        }
        all
    };
    let told = tokio::select! {
        () = send => unreachable!("it waits for the end"),
        told = tokio::time::timeout(Duration::from_secs(20), listen) => told,
    };
    let told = told.expect("the connection is cut");
    last_of(&told)
}

/// The last stream that the `GOAWAY` among these frames names.
fn last_of(mut told: &[u8]) -> u32 {
    while told.len() >= 9 {
        let length = u32::from_be_bytes([0, told[0], told[1], told[2]]);
        let (kind, end) = (told[3], 9 + usize::try_from(length).unwrap());
        if kind == GOAWAY {
            let number = |at: usize| u32::from_be_bytes(told[at..at + 4].try_into().unwrap());
            assert_eq!(number(13), ENHANCE_YOUR_CALM);
            let streams = number(9).div_ceil(2);
            assert!(streams < RESETS, "all were looked at");
            return streams;
        }
        told = &told[end.min(told.len())..];
    }
    panic!("cut without a word");
}

/// Asks for a document and gives no window to send it in: it is cut, though it speaks when it is spoken to.
pub(super) async fn takes_nothing(addr: &str) -> Duration {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let begun = Instant::now();
    let mut bytes = PREFACE.to_vec();
    let no_window = [0, INITIAL_WINDOW_SIZE, 0, 0, 0, 0];
    bytes.extend(frame(SETTINGS, 0, 0, &no_window));
    bytes.extend(frame(SETTINGS, 1, 0, &[]));
    bytes.extend(frame(
        HEADERS,
        END_STREAM_AND_HEADERS,
        1,
        &get("/openapi.json"),
    ));
    stream.write_all(&bytes).await.unwrap();
    let mut has_head = false;
    let read = async {
        while let Some((kind, _)) = next(&mut stream).await {
            has_head |= kind == HEADERS;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(45), read).await;
    ended.expect("the connection is cut");
    assert!(has_head, "it was answered but for the body");
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(29), "{took:?}");
    took
}
