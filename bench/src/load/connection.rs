use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::request::DIGITS;
use super::{Request, Script};

const HEADERS_MAX: usize = 32;
const BUFFER_BYTES: usize = 64 << 10;

/// Why an answer is not what it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The connection ended, or could not be made.
    #[error("the connection failed")]
    Connection(#[from] io::Error),
    /// The answer is no HTTP, or has no length.
    #[error("the answer cannot be read: {0}")]
    Unreadable(&'static str),
    /// The answer is another one than the request wants.
    #[error("{0}")]
    Wrong(String),
}

/// A connection that is kept alive, with one request under way at a time.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    wire: Vec<u8>,
    /// Where the last body had its mark: the next one probably has it there, too.
    mark_at: usize,
}

/// An answer as it was read.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    head: &'a [u8],
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    ///
    /// If nobody listens there.
    pub async fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; BUFFER_BYTES],
            wire: Vec::new(),
            mark_at: 0,
        })
    }

    /// Connects so many times.
    pub(super) async fn open_many(addr: SocketAddr, count: usize) -> io::Result<Vec<Self>> {
        let mut opened = Vec::with_capacity(count);
        for _ in 0..count {
            opened.push(Self::open(addr).await?);
        }
        Ok(opened)
    }

    /// Sends the script's next request and checks the answer.
    pub(super) async fn ask_next(&mut self, script: &Script) -> Result<(), LoadError> {
        let request = script.next();
        if let Some(at) = request.number_at {
            self.wire.clone_from(&request.wire);
            script.write_number(&mut self.wire[at..at + DIGITS]);
            self.stream.write_all(&self.wire).await?;
        } else {
            self.stream.write_all(&request.wire).await?;
        }
        self.check(request).await.map(drop)
    }

    /// Sends a request and gives the answer, which is what the request wants.
    ///
    /// # Errors
    ///
    /// If it is not, or there is none; the connection is of no use afterwards.
    ///
    /// # Cancel safety
    ///
    /// None: a connection whose call was dropped is of no use.
    pub async fn ask(&mut self, request: &Request) -> Result<Answer<'_>, LoadError> {
        self.stream.write_all(&request.wire).await?;
        self.check(request).await
    }

    async fn check(&mut self, request: &Request) -> Result<Answer<'_>, LoadError> {
        let (head, length) = self.read_head().await?;
        let end = head.bytes + length;
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        let mut filled = head.filled;
        while filled < end {
            filled += self.read(filled).await?;
        }
        let (head_bytes, body) = self.buffer[..end].split_at(head.bytes);
        let wrong = |what: String| {
            let start = String::from_utf8_lossy(&body[..body.len().min(200)]);
            Err(LoadError::Wrong(format!("{what}: {start}")))
        };
        if head.status != request.status {
            return wrong(format!(
                "status {} instead of {}",
                head.status, request.status
            ));
        }
        if request.body_bytes.is_some_and(|bytes| bytes != length) {
            return wrong(format!(
                "{length} bytes instead of {:?}",
                request.body_bytes
            ));
        }
        if filled > end {
            return wrong(format!("{} bytes after the answer", filled - end));
        }
        let mark = request.mark.as_slice();
        if !body.get(self.mark_at..).unwrap_or(&[]).starts_with(mark) {
            let found = body.windows(mark.len()).position(|part| part == mark);
            let Some(at) = found else {
                let mark = String::from_utf8_lossy(mark);
                return wrong(format!("the answer does not say {mark}"));
            };
            self.mark_at = at;
        }
        Ok(Answer {
            head: head_bytes,
            status: head.status,
            body,
        })
    }

    /// Reads until the head is complete; gives it and the length of the body.
    async fn read_head(&mut self) -> Result<(Head, usize), LoadError> {
        let mut filled = 0;
        loop {
            filled += self.read(filled).await?;
            if let Some((bytes, status, length)) = parse(&self.buffer[..filled])? {
                let head = Head {
                    bytes,
                    filled,
                    status,
                };
                return Ok((head, length));
            }
            if filled == self.buffer.len() {
                return Err(LoadError::Unreadable("the head has no end"));
            }
        }
    }

    async fn read(&mut self, from: usize) -> io::Result<usize> {
        match self.stream.read(&mut self.buffer[from..]).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

#[derive(Clone, Copy)]
struct Head {
    bytes: usize,
    filled: usize,
    status: u16,
}

impl Answer<'_> {
    /// The value of a header, by its name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(self.head).ok()?;
        let found = response
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(found.value).into_owned())
    }
}

/// Bytes of the head, status, and length of the body, if the head is complete.
fn parse(bytes: &[u8]) -> Result<Option<(usize, u16, usize)>, LoadError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes);
    let Ok(httparse::Status::Complete(head_bytes)) = parsed else {
        return match parsed {
            Err(_) => Err(LoadError::Unreadable("no HTTP")),
            Ok(_) => Ok(None),
        };
    };
    let status = response.code.unwrap_or_default();
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    match length {
        _ if status == 304 => Ok(Some((head_bytes, status, 0))),
        Some(length) => Ok(Some((head_bytes, status, length))),
        None => Err(LoadError::Unreadable("no Content-Length")),
    }
}
