//! A service in the test's own process, and what tests ask of it.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use sellerboard::app::Service;
use sellerboard::auth::{JwksOptions, Verifier};
use sellerboard::config::{Loaded, Sources};
use serde_json::Value;
use tenantcache::Cache;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::reply::Reply;
use crate::tokens::token;

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// A running service. It stops with the test.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) origin: String,
    /// The service's cache, if it runs in this process.
    pub(crate) cache: Option<Cache>,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    run: JoinHandle<()>,
}

impl Node {
    /// Starts a service with these variables.
    pub(crate) async fn start(variables: &[(String, String)]) -> Self {
        let sources = variables
            .iter()
            .fold(Sources::none(), |sources, (name, value)| {
                sources.with_environment(name, value)
            });
        Self::from_sources(&sources).await
    }

    /// Starts a service with these texts of configuration.
    pub(crate) async fn from_sources(sources: &Sources) -> Self {
        Self::with_keys(sources, JwksOptions::default()).await
    }

    /// Starts a service that keeps its key set up to date in another way.
    pub(crate) async fn with_keys(sources: &Sources, keys: JwksOptions) -> Self {
        crate::faults::report::keep_logs();
        let config = Loaded::from_sources(sources).unwrap().config;
        let verifier = Verifier::with_options(&config.auth, keys).unwrap();
        let service = Service::start(&config, verifier).await.unwrap();
        let origin = format!("http://{}", service.addr().unwrap());
        let cache = Some(service.cache().clone());
        let (stop, stopped) = oneshot::channel();
        let run = tokio::spawn(service.run(async {
            let _ = stopped.await;
        }));
        Self {
            origin,
            cache,
            client: client(),
            stop: Some(stop),
            run,
        }
    }

    /// The face of a service that runs elsewhere, in a process of its own.
    pub(crate) fn at(origin: String) -> Self {
        Self {
            origin,
            cache: None,
            client: client(),
            stop: None,
            run: tokio::spawn(std::future::ready(())),
        }
    }

    /// Tells the service to stop, and waits until it has.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        self.run.await.unwrap();
    }

    /// A request for a path at the root, without a token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.origin))
    }

    /// A request below `/api/v1`, with a token.
    pub(crate) fn api(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.request(method, &format!("/api/v1{path}"))
            .bearer_auth(token)
    }

    /// What a seller of `tenant` is answered.
    pub(crate) async fn get(&self, tenant: &str, path: &str) -> Reply {
        self.get_as(&token(tenant), path).await
    }

    /// What the bearer of a token is answered.
    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Reply {
        send(self.api(Method::GET, path, token)).await
    }

    /// A read that reloads.
    pub(crate) async fn reload(&self, tenant: &str, path: &str) -> Reply {
        let request = self.api(Method::GET, path, &token(tenant));
        send(request.header("cache-control", "no-cache")).await
    }

    /// Invalidates; `query` is empty or starts with `?`.
    pub(crate) async fn invalidate(&self, token: &str, query: &str) -> Reply {
        send(self.api(Method::DELETE, &format!("/cache{query}"), token)).await
    }

    /// Invalidates as a seller of `tenant`, which must be applied at once.
    pub(crate) async fn applied(&self, tenant: &str, query: &str) {
        let reply = self.invalidate(&token(tenant), query).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let document = reply.json();
        assert_eq!(document["status"], "applied", "{document}");
        assert!(document["generation"].is_u64(), "{document}");
    }

    /// The node's cache metrics.
    pub(crate) async fn metrics(&self) -> Value {
        self.get("tenant-001", "/cache/metrics").await.json()
    }

    /// The state of Redis as the service sees it.
    pub(crate) async fn redis_state(&self) -> String {
        let reply = send(self.request(Method::GET, "/readyz")).await;
        assert_eq!(reply.status, 200);
        reply.json()["redis"].as_str().unwrap().to_owned()
    }

    /// A figure of the node's `/metrics`, 0 where it is not exposed: the value of the line that begins with `series`,
    /// labels included.
    pub(crate) async fn figure(&self, series: &str) -> f64 {
        let reply = send(self.request(Method::GET, "/metrics")).await;
        let text = String::from_utf8_lossy(&reply.body);
        let value = text.lines().find_map(|line| {
            let rest = line.strip_prefix(series)?;
            rest.strip_prefix("{}").unwrap_or(rest).strip_prefix(' ')
        });
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Waits until a figure is at least so high.
    pub(crate) async fn await_figure(&self, series: &str, least: f64) {
        eventually(&format!("{series} is {least}"), async || {
            (self.figure(series).await >= least).then_some(())
        })
        .await;
    }
}

pub(crate) fn client() -> Client {
    let client = Client::builder().no_proxy();
    client.pool_max_idle_per_host(256).build().unwrap()
}

pub(crate) async fn send(request: RequestBuilder) -> Reply {
    Reply::read(request.send().await.unwrap()).await
}

/// Looks until `condition` gives something, for 10 s at most.
pub(crate) async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "still not so: {what}"
        );
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
