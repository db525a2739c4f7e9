//! The limit: one thread that answers a constant, with hyper or with axum, and does nothing else; or that verifies tokens and asks
//! Redis, and does nothing else.

mod floor;

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::get;
use bytes::Bytes;
use clap::{Parser, ValueEnum};
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Answers every request with the same bytes, on one thread
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:9000")]
    addr: SocketAddr,
    /// Bytes of the body
    #[arg(long, default_value_t = 1024)]
    bytes: usize,
    /// Answers 304 without a body
    #[arg(long)]
    not_modified: bool,
    /// What answers
    #[arg(long, value_enum, default_value = "hyper")]
    with: With,
    /// The Redis of `--with redis`
    #[arg(long, required_if_eq("with", "redis"))]
    redis_url: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum With {
    Axum,
    Hyper,
    /// Hyper, which verifies each request's token and answers what a `GET` of the tenant's key in Redis gives
    Redis,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(arguments.addr).await?;
        match arguments.with {
            With::Axum => Ok(axum(listener, Answer::of(&arguments)).await?),
            With::Hyper => Ok(hyper(listener, Answer::of(&arguments)).await?),
            With::Redis => {
                let url = arguments.redis_url.as_deref().unwrap_or_default();
                floor::serve(listener, Answer::of(&arguments), url).await
            }
        }
    })
}

#[derive(Clone)]
struct Answer {
    body: Bytes,
    not_modified: bool,
}

impl Answer {
    fn of(arguments: &Arguments) -> Self {
        Self {
            body: vec![b'x'; arguments.bytes].into(),
            not_modified: arguments.not_modified,
        }
    }

    fn response(&self) -> Response<Full<Bytes>> {
        self.response_of(self.body.clone())
    }

    fn response_of(&self, body: Bytes) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        if self.not_modified {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            let etag = HeaderValue::from_static("\"0123456789abcdef\"");
            response.headers_mut().insert(ETAG, etag);
        } else {
            *response.body_mut() = Full::new(body);
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
        response
    }
}

async fn hyper(listener: TcpListener, answer: Answer) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = answer.clone();
        let service = service_fn(move |_| {
            let response = answer.response();
            async move { Ok::<_, Infallible>(response) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn axum(listener: TcpListener, answer: Answer) -> std::io::Result<()> {
    let handler = move || async move { answer.response().into_response() };
    let router = Router::new()
        .route("/", get(handler.clone()))
        .route("/{*path}", get(handler));
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // Without it the answer waits; nothing can be done about a failure.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await
}
