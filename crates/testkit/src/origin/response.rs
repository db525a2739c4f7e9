//! What an origin answers.

use std::time::Duration;

use bytes::Bytes;

/// What a [`ScriptedOrigin`](super::ScriptedOrigin) answers. Default: at once, with the right length, and the connection
/// is kept for the next request.
#[derive(Clone, Debug)]
#[must_use]
pub struct Response {
    pub(super) delay: Duration,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) length: Length,
    pub(super) body: Bytes,
    pub(super) repeats: u64,
    pub(super) piece: Option<(usize, Duration)>,
    pub(super) end: End,
    /// Sent as it is, instead of everything else.
    pub(super) raw: Option<Bytes>,
}

/// How the end of the body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Exact,
    Claimed(u64),
    Chunked,
    Unknown,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Whole,
    /// After so many bytes of the body.
    Closed(u64),
    Reset(u64),
    Hung(u64),
    /// Nothing is answered at all.
    Never,
}

impl Response {
    /// An answer without headers or body.
    pub fn new(status: u16) -> Self {
        Self {
            delay: Duration::ZERO,
            status,
            headers: Vec::new(),
            length: Length::Exact,
            body: Bytes::new(),
            repeats: 1,
            piece: None,
            end: End::Whole,
            raw: None,
        }
    }

    /// `200` with a JSON text.
    pub fn json(text: impl Into<String>) -> Self {
        let json = Self::new(200).with_header("content-type", "application/json");
        json.with_body(text.into())
    }

    /// Nothing, for ever.
    pub fn never() -> Self {
        let mut never = Self::new(200);
        never.end = End::Never;
        never
    }

    /// These bytes, whatever they are; then the connection is closed.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        let mut raw = Self::new(200);
        raw.raw = Some(bytes.into());
        raw
    }

    /// Another status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// One more header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The body, byte for byte.
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The body comes so many times over, as one: a body that is larger than memory.
    pub fn repeated(mut self, times: u64) -> Self {
        self.repeats = times;
        self
    }

    /// Nothing is sent until then.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The body comes in pieces of so many bytes, at least 1, with a pause before each.
    pub fn dripping(mut self, bytes: usize, pause: Duration) -> Self {
        self.piece = Some((bytes.max(1), pause));
        self
    }

    /// `Content-Length` is this, whatever the body's is. If the body is shorter, the connection is closed at its end.
    pub fn claiming_length(mut self, length: u64) -> Self {
        self.length = Length::Claimed(length);
        self
    }

    /// The body comes in chunks (`Transfer-Encoding: chunked`).
    pub fn chunked(mut self) -> Self {
        self.length = Length::Chunked;
        self
    }

    /// The body's length is not told; the end of the connection is that of the body.
    pub fn without_length(mut self) -> Self {
        self.length = Length::Unknown;
        self
    }

    /// The connection is closed after so many bytes of the body.
    pub fn closing_after(mut self, body_bytes: u64) -> Self {
        self.end = End::Closed(body_bytes);
        self
    }

    /// The connection is reset (RST) after so many bytes of the body.
    pub fn resetting_after(mut self, body_bytes: u64) -> Self {
        self.end = End::Reset(body_bytes);
        self
    }

    /// Nothing more comes after so many bytes of the body, and the connection stays open. With 0 there is only the head.
    pub fn hanging_after(mut self, body_bytes: u64) -> Self {
        self.end = End::Hung(body_bytes);
        self
    }

    pub(super) fn body_bytes(&self) -> u64 {
        let once = u64::try_from(self.body.len()).unwrap_or(u64::MAX);
        once.saturating_mul(self.repeats)
    }

    /// How many bytes of the body are sent.
    pub(super) fn sent_bytes(&self) -> u64 {
        match self.end {
            End::Whole => self.body_bytes(),
            End::Closed(bytes) | End::Reset(bytes) | End::Hung(bytes) => {
                bytes.min(self.body_bytes())
            }
            End::Never => 0,
        }
    }

    /// Whether the connection can be used for another request.
    pub(super) fn keeps_connection(&self) -> bool {
        let length = match self.length {
            Length::Exact | Length::Chunked => true,
            Length::Claimed(length) => length == self.body_bytes(),
            Length::Unknown => false,
        };
        length && self.end == End::Whole
    }

    pub(super) fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        let mut add = |name: &str, value: &str| {
            for part in [name, ": ", value, "\r\n"] {
                head.push_str(part);
            }
        };
        for (name, value) in &self.headers {
            add(name, value);
        }
        match self.length {
            Length::Exact if self.status == 204 || self.status == 304 => {}
            Length::Exact => add("content-length", &self.body_bytes().to_string()),
            Length::Claimed(length) => add("content-length", &length.to_string()),
            Length::Chunked => add("transfer-encoding", "chunked"),
            Length::Unknown => add("connection", "close"),
        }
        head.push_str("\r\n");
        head
    }
}
