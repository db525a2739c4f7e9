use std::fmt::Write as _;

/// Digits of the number that makes each sending of a [numbered](Request::numbered) request unlike all others.
pub(super) const DIGITS: usize = 8;

/// A request without a body as it goes over the wire, and what its answer must be.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    pub(super) wire: Vec<u8>,
    /// Where the digits stand that change each time.
    pub(super) number_at: Option<usize>,
    pub(super) status: u16,
    pub(super) mark: Vec<u8>,
    pub(super) body_bytes: Option<usize>,
}

impl Request {
    /// A request for `path` at `host` (name and port), whose answer must be a 200 of any length.
    pub fn get(host: &str, path: &str) -> Self {
        Self::new("GET", host, path)
    }

    /// As [`get`](Self::get), with the method DELETE.
    pub fn delete(host: &str, path: &str) -> Self {
        Self::new("DELETE", host, path)
    }

    fn new(method: &str, host: &str, path: &str) -> Self {
        Self {
            wire: format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes(),
            number_at: None,
            status: 200,
            mark: Vec::new(),
            body_bytes: None,
        }
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.wire.truncate(self.wire.len() - 2);
        let mut line = String::new();
        let _ = write!(line, "{name}: {value}\r\n\r\n");
        self.wire.extend_from_slice(line.as_bytes());
        self
    }

    /// The answer must have this text in its body.
    pub fn expecting_mark(mut self, mark: &str) -> Self {
        self.mark = mark.as_bytes().to_vec();
        self
    }

    /// The body must have exactly so many bytes.
    pub fn expecting_bytes(mut self, bytes: usize) -> Self {
        self.body_bytes = Some(bytes);
        self
    }

    /// The answer must be a 304, without a body.
    pub fn expecting_not_modified(mut self) -> Self {
        self.status = 304;
        self.mark.clear();
        self.body_bytes = None;
        self
    }

    /// Replaces the last eight digits of the path by a number that is another one each time the request is sent.
    ///
    /// # Panics
    ///
    /// If the path does not end with eight digits.
    pub fn numbered(mut self) -> Self {
        let line_end = self.wire.windows(9).position(|part| part == b" HTTP/1.1");
        let at = line_end.expect("a request has a request line") - DIGITS;
        let digits = &self.wire[at..at + DIGITS];
        assert!(digits.iter().all(u8::is_ascii_digit), "no digits to change");
        self.number_at = Some(at);
        self
    }
}
