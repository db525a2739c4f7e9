//! A marketplace with the demo shops, and services that use it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use marketplace::{Options, Webhook};
use seller_data::{Date, Store, demo};
use sellerboard::app::Service;
use sellerboard::auth::{NewToken, Verifier, sign};
use sellerboard::config::{Loaded, Sources};
use serde_json::Value;
use tempfile::TempDir;
use tenantcache::clock::{Clock as _, SystemClock};
use testkit::RedisServer;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

/// The seller who reads.
pub(crate) const TENANT: &str = "tenant-001";
const SEED: u64 = 1;
const JWT_SECRET: &str = "a secret of the measurement, long enough for HS256";
const WEBHOOK_KEY: &[u8] = b"a key of 32 bytes, for the tests";
/// [`WEBHOOK_KEY`] as `WEBHOOK_SECRET` has it.
const WEBHOOK_SECRET: &str = "whsec_YSBrZXkgb2YgMzIgYnl0ZXMsIGZvciB0aGUgdGVzdHM=";
/// How long a node may take to find its Redis.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// A marketplace that listens and does not run yet, so that nodes can be told of it first.
pub(crate) struct Market {
    pub(crate) origin: String,
    listener: TcpListener,
    store: Store,
    folder: TempDir,
}

impl Market {
    /// A marketplace with the demo shops in a store of its own.
    pub(crate) async fn listen() -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let url = format!("sqlite://{}/shops.db", folder.path().display());
        let store = Store::open(&url).await?;
        demo::fill(&store, SEED, Date::today_utc()).await?;
        let options = Options::default().with_addr(any_port());
        let listener = marketplace::listen(&options).await?;
        Ok(Self {
            origin: format!("http://{}", listener.local_addr()?),
            listener,
            store,
            folder,
        })
    }

    /// Runs it until the process ends: it answers without delay, and tells `receiver` of every write. What is given back
    /// holds its store.
    pub(crate) fn run(self, receiver: &str) -> anyhow::Result<TempDir> {
        let options = Options::default()
            .with_latency(Duration::ZERO)
            .with_webhook(Webhook::new(receiver, WEBHOOK_KEY)?);
        let run = marketplace::run(self.listener, self.store, options, std::future::pending());
        tokio::spawn(run);
        Ok(self.folder)
    }
}

/// Services on one Redis and one marketplace.
pub(crate) struct Shop {
    pub(crate) market: String,
    pub(crate) nodes: Vec<String>,
    pub(crate) token: String,
    pub(crate) client: reqwest::Client,
    _redis: RedisServer,
    _store: TempDir,
    _state: TempDir,
}

impl Shop {
    /// Starts so many nodes; the marketplace's events go to the first.
    pub(crate) async fn start(count: usize) -> anyhow::Result<Self> {
        let market = Market::listen().await?;
        let redis = RedisServer::start().await;
        let state = TempDir::new()?;
        let client = client()?;
        let (mut nodes, mut token) = (Vec::new(), String::new());
        for number in 0..count {
            let folder = state.path().join(format!("node-{number}"));
            let folder = folder.display().to_string();
            let variables = BTreeMap::from([
                ("HOME", folder.clone()),
                ("JWT_SECRET", JWT_SECRET.to_owned()),
                ("REDIS_URL", redis.url()),
                ("SELLERBOARD_ADDR", any_port().to_string()),
                ("SELLERBOARD_STATE_DIR", folder),
                ("UPSTREAM_URL", market.origin.clone()),
                ("WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
            ]);
            let node = start_node(&variables, &mut token).await?;
            await_redis(&client, &node).await?;
            nodes.push(node);
        }
        let first = nodes.first().context("there must be a node")?;
        let origin = market.origin.clone();
        let store = market.run(&format!("{first}/api/v1/events"))?;
        Ok(Self {
            market: origin,
            nodes,
            token,
            client,
            _redis: redis,
            _store: store,
            _state: state,
        })
    }

    /// A read of the seller at a node.
    pub(crate) fn read(&self, node: &str, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.get(format!("{node}/api/v1{path}"));
        request.bearer_auth(&self.token)
    }

    /// How long the marketplace takes to answer a read.
    pub(crate) async fn ask(&self, path: &str) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let request = self.client.get(format!("{}/api/v1{path}", self.market));
        let answer = request.header("x-tenant-id", TENANT).send().await?;
        answer.error_for_status()?.bytes().await?;
        Ok(begun.elapsed())
    }

    /// Changes the seller's shop.
    pub(crate) async fn write(
        &self,
        method: reqwest::Method,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<()> {
        write(&self.client, &self.market, TENANT, method, path, body).await
    }
}

/// A client that keeps its connections.
pub(crate) fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

/// Changes a tenant's shop at the marketplace.
pub(crate) async fn write(
    client: &reqwest::Client,
    market: &str,
    tenant: &str,
    method: reqwest::Method,
    path: &str,
    body: &Value,
) -> anyhow::Result<()> {
    let request = client.request(method, format!("{market}/api/v1{path}"));
    let request = request.header("x-tenant-id", tenant).json(body);
    let answer = request.send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status.is_success(), "{path}: {status} {text}");
    Ok(())
}

async fn start_node(
    variables: &BTreeMap<&str, String>,
    token: &mut String,
) -> anyhow::Result<String> {
    let sources = variables.iter();
    let sources = sources.fold(Sources::none(), |sources, (name, value)| {
        sources.with_environment(name, value)
    });
    let config = Loaded::from_sources(&sources)?.config;
    let seller = NewToken::new(TENANT, "ann@shop.example").with_ttl(Duration::from_secs(86_400));
    *token = sign(
        &config.auth,
        &seller,
        SystemTime::UNIX_EPOCH + SystemClock::default().wall(),
    )?;
    let service = Service::start(&config, Verifier::new(&config.auth)?).await?;
    let origin = format!("http://{}", service.addr()?);
    tokio::spawn(service.run(std::future::pending()));
    Ok(origin)
}

async fn await_redis(client: &reqwest::Client, node: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let ready: Value = client
            .get(format!("{node}/readyz"))
            .send()
            .await?
            .json()
            .await?;
        if ready["redis"] == "up" {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "a node does not find its Redis");
        sleep(LOOK_INTERVAL).await;
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
