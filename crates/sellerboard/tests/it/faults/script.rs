//! Origins that do as a test says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// A running origin, and what was asked of it.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) url: String,
    tally: Arc<Mutex<Tally>>,
}

/// Calls, and how many of them were under way at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) calls: usize,
    pub(super) under_way: usize,
    pub(super) peak: usize,
    pub(super) peak_of_tenant: usize,
    /// When each call came, for as long as [`Script::watch`] says.
    pub(super) times: Vec<Instant>,
    watched: bool,
    by_tenant: BTreeMap<String, usize>,
}

/// A call under way.
struct Counted {
    script: Script,
    tenant: String,
}

impl Script {
    /// An origin that speaks HTTP; `respond` is given each request.
    pub(super) async fn http<F>(
        respond: impl Fn(Request) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send,
    {
        let (listener, script) = Self::listen().await;
        let calls = script.clone();
        let router = Router::new().fallback(async move |request: Request| {
            let tenant = request.headers().get("x-tenant-id");
            let tenant = tenant.map_or("", |tenant| tenant.to_str().unwrap());
            let _counted = calls.count(tenant);
            respond(request).await
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        script
    }

    /// An origin that is given each connection once a request has come on it, and closes it afterwards.
    pub(super) async fn raw<F>(
        answer: impl Fn(TcpStream) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = std::io::Result<()>> + Send,
    {
        let (listener, script) = Self::listen().await;
        let calls = script.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (calls, answer) = (calls.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let mut byte = [0];
                        if stream.read(&mut byte).await? == 0 {
                            return Ok(());
                        }
                        head.push(byte[0]);
                    }
                    let _counted = calls.count("");
                    answer(stream).await
                });
            }
        });
        script
    }

    async fn listen() -> (TcpListener, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let tally = Arc::default();
        (listener, Self { url, tally })
    }

    fn count(&self, tenant: &str) -> Counted {
        let mut tally = self.tally.lock();
        tally.calls += 1;
        tally.under_way += 1;
        tally.peak = tally.peak.max(tally.under_way);
        let of_tenant = tally.by_tenant.entry(tenant.to_owned()).or_default();
        *of_tenant += 1;
        let of_tenant = *of_tenant;
        tally.peak_of_tenant = tally.peak_of_tenant.max(of_tenant);
        if tally.watched {
            tally.times.push(Instant::now());
        }
        Counted {
            script: self.clone(),
            tenant: tenant.to_owned(),
        }
    }

    pub(super) fn calls(&self) -> usize {
        self.tally.lock().calls
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally.lock().clone()
    }

    /// Forgets what was, and notes when calls come from now on.
    pub(super) fn watch(&self) {
        let mut tally = self.tally.lock();
        let (under_way, by_tenant) = (tally.under_way, std::mem::take(&mut tally.by_tenant));
        *tally = Tally {
            under_way,
            by_tenant,
            watched: true,
            ..Tally::default()
        };
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut tally = self.script.tally.lock();
        tally.under_way -= 1;
        if let Some(of_tenant) = tally.by_tenant.get_mut(&self.tenant) {
            *of_tenant -= 1;
            if *of_tenant == 0 {
                tally.by_tenant.remove(&self.tenant);
            }
        }
    }
}

/// Writes `head`, then `block` again and again, `times` over, with a pause before each.
pub(super) async fn pour(
    mut stream: TcpStream,
    head: &str,
    block: &[u8],
    times: usize,
    pause: Duration,
) -> std::io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    for _ in 0..times {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        stream.write_all(block).await?;
    }
    stream.shutdown().await
}
