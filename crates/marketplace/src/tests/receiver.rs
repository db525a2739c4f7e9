//! A receiver of webhooks that does as the test says.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::Webhook;

pub(super) const KEY: &[u8] = b"a key of 32 bytes, for the tests";
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// What the receiver answers to one delivery.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Status(u16),
    RetryAfter(u16, &'static str),
    /// Nothing, until [`Receiver::release`]; then 202.
    Held,
    /// Nothing at all.
    Never,
}

/// A delivery as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) at: Instant,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

type Script = Box<dyn FnMut(&Value) -> Answer + Send>;

/// A receiver on a port of its own.
pub(super) struct Receiver {
    addr: SocketAddr,
    /// Bound but not listening: connections are refused, and nobody else gets the port.
    closed: Option<TcpSocket>,
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<Script>,
    deliveries: Mutex<Vec<Delivery>>,
    /// How many are answered now, and were at most.
    at_once: Mutex<(usize, usize)>,
    gate: Semaphore,
}

impl Receiver {
    /// One that refuses connections until it is opened.
    pub(super) fn closed() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        Self {
            addr: socket.local_addr().unwrap(),
            closed: Some(socket),
            shared: Arc::new(Shared {
                script: Mutex::new(Box::new(|_| Answer::Status(202))),
                deliveries: Mutex::default(),
                at_once: Mutex::default(),
                gate: Semaphore::new(0),
            }),
        }
    }

    /// One that answers 202 to everything.
    pub(super) fn start() -> Self {
        let mut receiver = Self::closed();
        receiver.open();
        receiver
    }

    /// Answers each event as the script says.
    pub(super) fn with_script(self, script: impl FnMut(&Value) -> Answer + Send + 'static) -> Self {
        *self.shared.script.lock() = Box::new(script);
        self
    }

    /// Answers in this order, then 202.
    pub(super) fn with_answers(self, answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut answers: VecDeque<Answer> = answers.into_iter().collect();
        self.with_script(move |_| answers.pop_front().unwrap_or(Answer::Status(202)))
    }

    pub(super) fn open(&mut self) {
        let listener = self.closed.take().unwrap().listen(1024).unwrap();
        let app = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&self.shared));
        tokio::spawn(axum::serve(listener, app).into_future());
    }

    /// Answers what is held now, and all that comes.
    pub(super) fn release(&self) {
        self.shared.gate.close();
    }

    /// The receiver with short waits between attempts, and attempts that a busy machine does not end.
    pub(super) fn webhook(&self) -> Webhook {
        let url = format!("http://{}/events?token=hidden", self.addr);
        let backoff = Duration::from_millis(1)..=Duration::from_millis(10);
        Webhook::new(&url, KEY)
            .unwrap()
            .with_backoff(backoff)
            .with_timeout(PATIENCE)
    }

    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        self.shared.deliveries.lock().clone()
    }

    pub(super) fn at_once_max(&self) -> usize {
        self.shared.at_once.lock().1
    }

    /// Waits until so many have arrived.
    pub(super) async fn await_deliveries(&self, count: usize) -> Vec<Delivery> {
        eventually("deliveries arrive", async || {
            let deliveries = self.deliveries();
            (deliveries.len() >= count).then_some(deliveries)
        })
        .await
    }
}

impl Delivery {
    pub(super) fn header(&self, name: &str) -> &str {
        let values: Vec<_> = self.headers.get_all(name).iter().collect();
        assert_eq!(values.len(), 1, "{name}");
        values[0].to_str().unwrap()
    }

    pub(super) fn event(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn field(&self, name: &str) -> String {
        self.event()[name].as_str().unwrap().to_owned()
    }

    /// Checks the signature, with an HMAC written out by RFC 2104.
    pub(super) fn assert_signed(&self) {
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let mut message = format!("{id}.{timestamp}.").into_bytes();
        message.extend_from_slice(&self.body);
        let pad = |with: u8| {
            let mut key = KEY.to_vec();
            key.resize(64, 0);
            key.iter().map(|byte| byte ^ with).collect::<Vec<u8>>()
        };
        let inner = digest(&SHA256, &[pad(0x36), message].concat());
        let outer = digest(&SHA256, &[pad(0x5c), inner.as_ref().to_vec()].concat());
        let expected = format!("v1,{}", STANDARD.encode(outer));
        assert_eq!(self.header("webhook-signature"), expected);
    }
}

/// Looks until `condition` gives something, for 20 s at most.
pub(super) async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < deadline, "still not so: {what}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let event = serde_json::from_slice(&body).unwrap();
    let answer = (*shared.script.lock())(&event);
    shared.deliveries.lock().push(Delivery {
        at: Instant::now(),
        headers,
        body,
    });
    {
        let mut at_once = shared.at_once.lock();
        at_once.0 += 1;
        at_once.1 = at_once.1.max(at_once.0);
    }
    let response = match answer {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::RetryAfter(status, after) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(header::RETRY_AFTER, after)]).into_response()
        }
        Answer::Held => {
            // Fails once the gate is closed, which lets all pass.
            let _ = shared.gate.acquire().await;
            StatusCode::ACCEPTED.into_response()
        }
        Answer::Never => std::future::pending().await,
    };
    shared.at_once.lock().0 -= 1;
    response
}
