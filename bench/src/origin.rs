//! A marketplace that answers products of any size for any tenant, and counts how often it is asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::body::product;

/// The greatest size of a product.
const BYTES_MAX: usize = 8 << 20;

/// `GET /api/v1/products/{bytes}-{number}` for the tenant of `X-Tenant-Id`.
#[derive(Debug, Default)]
pub struct Origin {
    calls: AtomicU64,
    latency: Duration,
}

impl Origin {
    /// An origin that takes so long for an answer.
    #[must_use]
    pub fn new(latency: Duration) -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicU64::new(0),
            latency,
        })
    }

    /// How often it was asked.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Answers whoever connects, for ever.
    ///
    /// # Errors
    ///
    /// If connections cannot be accepted any more.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> std::io::Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let origin = Arc::clone(&self);
            let service = service_fn(move |request| Arc::clone(&origin).answer(request));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    }

    /// Serves on a thread of its own, which ends with the process; gives the address.
    ///
    /// # Errors
    ///
    /// If there is no thread or no port to be had.
    pub fn start(self: &Arc<Self>) -> std::io::Result<SocketAddr> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        let origin = Arc::clone(self);
        std::thread::Builder::new()
            .name("origin".to_owned())
            .spawn(move || {
                runtime.block_on(async { origin.serve(TcpListener::from_std(listener)?).await })
            })?;
        Ok(addr)
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        let mut response = Response::new(Full::default());
        match asked(&request) {
            Some(body) => *response.body_mut() = body.into(),
            None => *response.status_mut() = StatusCode::NOT_FOUND,
        }
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        Ok(response)
    }
}

fn asked(request: &Request<Incoming>) -> Option<String> {
    let tenant = request.headers().get("x-tenant-id")?.to_str().ok()?;
    let id = request.uri().path().strip_prefix("/api/v1/products/")?;
    let bytes = id.split_once('-')?.0.parse().ok()?;
    (bytes <= BYTES_MAX).then(|| product(tenant, id, bytes))
}
