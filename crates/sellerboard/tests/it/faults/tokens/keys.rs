//! A server of key sets, which may be ill, and one to which nobody should come.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use parking_lot::Mutex;
use sellerboard::auth::JwksOptions;
use sellerboard::config::Sources;
use serde_json::{Value, json};

use crate::node::Node;
use crate::world::World;

/// A server of one document, which can be changed, and which counts how often it was asked.
#[derive(Clone)]
pub(super) struct KeyServer {
    addr: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
}

#[derive(Clone, Debug)]
pub(super) enum Answer {
    Document(String),
    /// Never.
    Hang,
    /// So much of nothing that a key set can use.
    Huge(usize),
    /// To another host.
    Redirect(String),
    Status(StatusCode),
}

impl Answer {
    pub(super) fn keys(keys: &[Value]) -> Self {
        Self::Document(json!({"keys": keys}).to_string())
    }
}

impl KeyServer {
    pub(super) async fn start(answer: Answer) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            addr: listener.local_addr().unwrap(),
            answer: Arc::new(Mutex::new(answer)),
            asked: Arc::default(),
        };
        let router = Router::new()
            .route("/keys", get(Self::respond))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    async fn respond(State(server): State<Self>) -> Response {
        server.asked.fetch_add(1, Ordering::SeqCst);
        let answer = server.answer.lock().clone();
        match answer {
            Answer::Document(text) => text.into_response(),
            Answer::Hang => std::future::pending().await,
            Answer::Huge(bytes) => {
                format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(bytes)).into_response()
            }
            Answer::Redirect(url) => (StatusCode::FOUND, [("location", url)]).into_response(),
            Answer::Status(status) => status.into_response(),
        }
    }

    pub(super) fn set(&self, answer: Answer) {
        *self.answer.lock() = answer;
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/keys", self.addr)
    }

    /// A service that trusts these keys.
    pub(super) async fn node(&self, world: &World, options: JwksOptions) -> Node {
        let url = self.url();
        // An empty variable is an unset one.
        let variables = world.variables(&[("JWT_SECRET", ""), ("JWT_JWKS_URL", &url)]);
        let sources = variables
            .iter()
            .fold(Sources::none(), |sources, (name, value)| {
                sources.with_environment(name, value)
            });
        Node::with_keys(&sources, options).await
    }
}

/// A listener to which nobody should connect.
#[derive(Debug)]
pub(super) struct Trap {
    addr: SocketAddr,
    caught: Arc<AtomicUsize>,
}

impl Trap {
    pub(super) async fn set() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let trap = Self {
            addr: listener.local_addr().unwrap(),
            caught: Arc::default(),
        };
        let caught = Arc::clone(&trap.caught);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                caught.fetch_add(1, Ordering::SeqCst);
            }
        });
        trap
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/keys", self.addr)
    }

    /// How often somebody came. A visit of our own, at the end of the queue, shows that all before it were counted.
    pub(super) async fn caught(self) -> usize {
        let _ours = tokio::net::TcpStream::connect(self.addr).await.unwrap();
        crate::node::eventually("our own visit is counted", async || {
            (self.caught.load(Ordering::SeqCst) > 0).then_some(())
        })
        .await;
        self.caught.load(Ordering::SeqCst) - 1
    }
}

/// Fetches often, so that a test need not wait a minute.
pub(super) fn eager() -> JwksOptions {
    JwksOptions::default()
        .with_refetch_min(Duration::ZERO)
        .with_timeout(Duration::from_secs(1))
}
