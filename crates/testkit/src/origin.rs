//! An HTTP origin that answers what a test says, right or wrong.

mod conversation;
mod response;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

pub use response::Response;

use response::End;

/// A request as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, ...
    pub method: String,
    /// The path with its query.
    pub target: String,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body, if it came with a length.
    pub body: Vec<u8>,
}

impl Request {
    /// The first value of a header; `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A raw HTTP/1.1 server on a free port of 127.0.0.1, whose [`Response`] to each request is the test's: the next of
/// those in [`then`](Self::then), or else what [`script`](Self::script) or [`always`](Self::always) said last. It answers
/// `200` with `{}` until it is told otherwise. It ends when it is dropped.
#[derive(Debug)]
pub struct ScriptedOrigin {
    shared: Arc<Shared>,
    port: u16,
    accepting: AbortHandle,
}

type Script = Box<dyn Fn(&Request) -> Response + Send + Sync>;

struct Shared {
    next: Mutex<VecDeque<Response>>,
    script: Mutex<Script>,
    requests: Mutex<Vec<Request>>,
    /// How many were asked, and how many of them are being answered.
    calls: watch::Sender<Calls>,
    connections: AtomicU64,
    body_bytes: AtomicU64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    begun: u64,
    running: u64,
    peak: u64,
}

impl ScriptedOrigin {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// If no port can be bound, or outside a Tokio runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a port can be bound");
        let addr = listener.local_addr();
        let shared = Arc::new(Shared {
            next: Mutex::default(),
            script: Mutex::new(Box::new(|_| Response::json("{}"))),
            requests: Mutex::default(),
            calls: watch::Sender::default(),
            connections: AtomicU64::new(0),
            body_bytes: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            shared,
            port: addr.expect("a bound socket has an address").port(),
            accepting: accepting.abort_handle(),
        }
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers every request so, after those that were said before with [`then`](Self::then).
    pub fn always(&self, response: Response) {
        self.script(move |_| response.clone());
    }

    /// Answers each request with what the function makes of it, after those that were said before with
    /// [`then`](Self::then).
    pub fn script(&self, script: impl Fn(&Request) -> Response + Send + Sync + 'static) {
        *self.shared.script.lock() = Box::new(script);
    }

    /// Answers one more request so, before anything else.
    pub fn then(&self, response: Response) {
        self.shared.next.lock().push_back(response);
    }

    /// Requests so far, those that are being answered included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.shared.calls.borrow().begun
    }

    /// Requests that are being answered.
    #[must_use]
    pub fn running(&self) -> u64 {
        self.shared.calls.borrow().running
    }

    /// The most requests that were being answered at one time.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.shared.calls.borrow().peak
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Bytes of bodies that the system took from it so far; up to what the buffers of a connection hold (some megabytes)
    /// more than were read.
    #[must_use]
    pub fn body_bytes(&self) -> u64 {
        self.shared.body_bytes.load(Ordering::Relaxed)
    }

    /// The requests so far, in the order in which they came.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().clone()
    }

    /// Forgets the requests so far, and the peak. Those that are being answered still count as running.
    pub fn reset_counts(&self) {
        self.shared.requests.lock().clear();
        self.shared.calls.send_modify(|calls| {
            calls.begun = 0;
            calls.peak = calls.running;
        });
    }

    /// Waits until it was asked so often; for ever, if that never comes.
    pub async fn asked(&self, calls: u64) {
        let mut seen = self.shared.calls.subscribe();
        let _shared_is_there = seen.wait_for(|seen| seen.begun >= calls).await;
    }

    /// Waits until so few requests are being answered; for ever, if that never comes.
    pub async fn settled(&self, running: u64) {
        let mut seen = self.shared.calls.subscribe();
        let _shared_is_there = seen.wait_for(|seen| seen.running <= running).await;
    }
}

impl Drop for ScriptedOrigin {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("calls", &*self.calls.borrow())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn respond(&self, request: &Request) -> Response {
        self.requests.lock().push(request.clone());
        let next = self.next.lock().pop_front();
        next.unwrap_or_else(|| self.script.lock()(request))
    }
}

/// Counts a request as running for as long as it lives.
struct Running<'a>(&'a Shared);

impl<'a> Running<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.calls.send_modify(|calls| {
            calls.begun += 1;
            calls.running += 1;
            calls.peak = calls.peak.max(calls.running);
        });
        Self(shared)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.calls.send_modify(|calls| calls.running -= 1);
    }
}

/// Connections end with their listener.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut conversations = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::clone(&shared);
        conversations.spawn(async move { conversation::hold(&shared, stream).await });
        while conversations.try_join_next().is_some() {}
    }
}

#[cfg(test)]
mod tests;
