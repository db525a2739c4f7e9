//! The socket, with an eye on what comes and what is taken.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::activity::{Activity, Verdict};
use crate::http::{Problem, RequestId};

/// Up to this size, the parts of an answer are copied together: sending one part costs the system less than several.
const GATHERED_BYTES_MAX: usize = 2 << 10;
/// What every HTTP/2 client sends first (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection's socket.
#[derive(Debug)]
pub(super) struct Observed {
    stream: TcpStream,
    activity: Arc<Activity>,
    /// How much of [`HTTP2_PREFACE`] has come, as long as nothing else has.
    preface: Option<usize>,
}

impl Observed {
    pub(super) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            activity,
            preface: Some(0),
        }
    }

    fn received(&mut self, bytes: &[u8]) {
        self.activity.received();
        let Some(had) = self.preface else { return };
        let expected = &HTTP2_PREFACE[had..];
        let count = expected.len().min(bytes.len());
        if expected[..count] != bytes[..count] {
            self.preface = None;
        } else if count == expected.len() {
            self.preface = None;
            self.activity.speaks_http2();
        } else {
            self.preface = Some(had + count);
        }
    }

    /// Answers a request that has not arrived. It is written past the server, which knows of no request yet; what does not
    /// fit into the socket at once is lost.
    fn give_up(&self) -> Error {
        let _best_effort = self.stream.try_write(&late());
        ErrorKind::TimedOut.into()
    }
}

/// The answer to a request whose head did not arrive in time.
fn late() -> Vec<u8> {
    let detail = "the request did not arrive in time";
    let id = RequestId::random();
    let body = Problem::new(StatusCode::REQUEST_TIMEOUT, detail).text(&id);
    format!(
        "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: application/problem+json\r\n\
         content-length: {}\r\nx-request-id: {id}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl AsyncRead for Observed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        if self.activity.verdict() == Verdict::Late {
            return Poll::Ready(Err(self.give_up()));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let new = &buffer.filled()[before..];
        if !new.is_empty() {
            self.received(new);
        }
        polled
    }
}

impl AsyncWrite for Observed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.activity.sent(polled.is_ready());
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        if let [one] = slices {
            return self.poll_write(context, one);
        }
        let mut gathered = [0; GATHERED_BYTES_MAX];
        if let Some(length) = gather(slices, &mut gathered) {
            return self.poll_write(context, &gathered[..length]);
        }
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.activity.sent(polled.is_ready());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Copies the slices one after the other, and gives how long they are together, if they fit.
fn gather(slices: &[IoSlice<'_>], into: &mut [u8]) -> Option<usize> {
    let length = slices.iter().map(|slice| slice.len()).sum();
    let mut free = into.get_mut(..length)?;
    for slice in slices {
        let (start, rest) = free.split_at_mut(slice.len());
        start.copy_from_slice(slice);
        free = rest;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_together_if_they_fit() {
        let slices = [&b"ab"[..], b"", b"cde"].map(IoSlice::new);
        let mut into = *b"......";
        assert_eq!(gather(&slices, &mut into), Some(5));
        assert_eq!(&into, b"abcde.");
        assert_eq!(gather(&slices, &mut [0; 4]), None);
        assert_eq!(gather(&[], &mut [0; 4]), Some(0));
    }
}
