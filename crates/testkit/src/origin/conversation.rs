//! One connection of an origin's.

use std::io;
use std::sync::atomic::Ordering;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::response::Length;
use super::{End, Request, Response, Running, Shared};

/// A longer head is no request that a test sends.
const HEAD_BYTES_MAX: usize = 1 << 20;
/// A body without a pace of its own goes in pieces of so many bytes.
const PIECE_BYTES: usize = 64 << 10;

/// Answers requests until either side ends it.
pub(super) async fn hold(shared: &Shared, mut stream: TcpStream) {
    let _is_a_matter_of_speed = stream.set_nodelay(true);
    let mut buffer = BytesMut::new();
    while let Ok(Some(request)) = read(&mut stream, &mut buffer).await {
        let running = Running::begin(shared);
        let response = shared.respond(&request);
        let is_head = request.method == "HEAD";
        // Whoever gives up waiting is noticed.
        let mut unread = [0; 1];
        let (mut from, to) = stream.split();
        let mut speaker = Speaker { shared, to };
        let sent = tokio::select! {
            sent = speaker.answer(&response, is_head) => sent,
            Ok(0) | Err(_) = from.peek(&mut unread) => Err(io::ErrorKind::ConnectionAborted.into()),
        };
        drop(running);
        if matches!(response.end, End::Reset(_)) {
            let _it_is_closed_then = stream.set_zero_linger();
            return;
        }
        if sent.is_err() || response.raw.is_some() || !response.keeps_connection() {
            let _client_is_gone = stream.shutdown().await;
            return;
        }
    }
}

struct Speaker<'a> {
    shared: &'a Shared,
    to: tokio::net::tcp::WriteHalf<'a>,
}

impl Speaker<'_> {
    async fn answer(&mut self, response: &Response, is_head: bool) -> io::Result<()> {
        tokio::time::sleep(response.delay).await;
        if response.end == End::Never {
            std::future::pending::<()>().await;
        }
        if let Some(raw) = &response.raw {
            return self.to.write_all(raw).await;
        }
        self.to.write_all(response.head().as_bytes()).await?;
        if !is_head {
            self.body(response).await?;
        }
        if matches!(response.end, End::Hung(_)) {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn body(&mut self, response: &Response) -> io::Result<()> {
        let mut left = response.sent_bytes();
        let mut rest = Bytes::new();
        while left > 0 {
            if rest.is_empty() {
                rest = response.body.clone();
            }
            let most = response.piece.map_or(PIECE_BYTES, |(bytes, _)| bytes);
            let most = most.min(usize::try_from(left).unwrap_or(usize::MAX));
            let piece = rest.split_to(most.min(rest.len()));
            if let Some((_, pause)) = response.piece {
                tokio::time::sleep(pause).await;
            }
            let bytes = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            self.piece(piece, response.length == Length::Chunked)
                .await?;
            self.shared.body_bytes.fetch_add(bytes, Ordering::Relaxed);
            left -= bytes;
        }
        if response.length == Length::Chunked && response.end == End::Whole {
            self.to.write_all(b"0\r\n\r\n").await?;
        }
        Ok(())
    }

    async fn piece(&mut self, piece: Bytes, chunked: bool) -> io::Result<()> {
        if !chunked {
            return self.to.write_all(&piece).await;
        }
        let head = format!("{:x}\r\n", piece.len());
        let mut chunk = Buf::chain(head.as_bytes(), piece).chain(&b"\r\n"[..]);
        self.to.write_all_buf(&mut chunk).await
    }
}

/// Reads a request; none, if the connection ended or it is not HTTP.
async fn read(stream: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<Option<Request>> {
    let head = loop {
        if let Some(at) = buffer.windows(4).position(|end| end == b"\r\n\r\n") {
            break buffer.split_to(at + 4);
        }
        if buffer.len() > HEAD_BYTES_MAX || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let Some(mut request) = parse(&String::from_utf8_lossy(&head)) else {
        return Ok(None);
    };
    let length = request.header("content-length");
    let length: usize = length.and_then(|text| text.parse().ok()).unwrap_or(0);
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    request.body = buffer.split_to(length).to_vec();
    Ok(Some(request))
}

fn parse(head: &str) -> Option<Request> {
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    Some(Request {
        method,
        target,
        headers: headers.collect(),
        body: Vec::new(),
    })
}
