use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use testkit::{RedisServer, free_port};
use tokio::time::{Instant, sleep};

use super::Bench;
use crate::body::{mark, path};
use crate::load::{Connection, Request, Script};
use crate::origin::Origin;
use crate::processes::Server;
use crate::rounds::Target;
use crate::tokens::{SECRET, tenant, token};

/// Tenants of a workload that is not about their number.
pub(super) const TENANTS: usize = 100;
pub(super) const KIBIBYTE: usize = 1 << 10;

const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// The service with everything on, its Redis, and an origin.
#[derive(Debug)]
pub(super) struct World {
    pub(super) service: Server,
    pub(super) redis: RedisServer,
    pub(super) origin: Arc<Origin>,
}

/// What is not as it is by default.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) log: &'static str,
    pub(super) origin_latency: Duration,
    pub(super) variables: Vec<(&'static str, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            log: "warn",
            origin_latency: Duration::ZERO,
            variables: Vec::new(),
        }
    }
}

impl Options {
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }
}

impl World {
    /// Starts all, and waits until the service uses its Redis.
    pub(super) async fn start(bench: &Bench, options: Options) -> anyhow::Result<Self> {
        let redis = redis(bench).await?;
        let origin = Origin::new(options.origin_latency);
        let upstream = format!("http://{}", origin.start()?);
        let more = [("UPSTREAM_URL", upstream), ("REDIS_URL", redis.url())];
        let service = service(bench, options, more.into()).await?;
        let world = Self {
            service,
            redis,
            origin,
        };
        world.await_redis("up").await?;
        Ok(world)
    }

    /// Waits until the service says so of its Redis.
    pub(super) async fn await_redis(&self, state: &str) -> anyhow::Result<()> {
        let request = Request::get(&self.host(), "/readyz");
        let request = request.expecting_mark(&format!("\"redis\":\"{state}\""));
        let start = Instant::now();
        loop {
            let mut connection = Connection::open(self.service.addr).await?;
            match connection.ask(&request).await {
                Ok(_) => return Ok(()),
                Err(error) if start.elapsed() > PATIENCE => return Err(error.into()),
                Err(_) => sleep(LOOK_INTERVAL).await,
            }
        }
    }

    /// A request for a product of `bytes` bytes, with a tenant's token.
    pub(super) fn product(
        &self,
        number: usize,
        bytes: usize,
        id: usize,
    ) -> anyhow::Result<Request> {
        let request = self.get(number, &path(bytes, id))?;
        let request = request.expecting_mark(&mark(&tenant(number)));
        Ok(request.expecting_bytes(bytes))
    }

    /// A request with a tenant's token.
    pub(super) fn get(&self, number: usize, path: &str) -> anyhow::Result<Request> {
        authorized(Request::get(&self.host(), path), number)
    }

    /// An invalidation of a tenant's products.
    pub(super) fn invalidation(&self, number: usize) -> anyhow::Result<Request> {
        let path = "/api/v1/cache?endpoint=products";
        let request = Request::delete(&self.host(), path).expecting_mark("\"applied\"");
        authorized(request, number)
    }

    /// A product of each tenant.
    pub(super) fn products(&self, tenants: usize, bytes: usize) -> anyhow::Result<Vec<Request>> {
        (0..tenants)
            .map(|number| self.product(number, bytes, 0))
            .collect()
    }

    /// The service, asked this.
    pub(super) fn target(&self, name: &str, requests: Vec<Request>) -> Target {
        self.target_of(name, Script::in_turn(requests))
    }

    /// The service, asked this.
    pub(super) fn target_of(&self, name: &str, script: Script) -> Target {
        Target {
            name: name.to_owned(),
            addr: self.service.addr,
            script: Rc::new(script),
            pids: vec![self.service.pid()],
        }
    }

    /// Asks each request once, so that what can be cached is.
    pub(super) async fn prime(&self, requests: &[Request]) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.service.addr).await?;
        for request in requests {
            connection.ask(request).await?;
        }
        Ok(())
    }

    /// Fails unless this request is answered from there (`detail=` of `Cache-Status`).
    pub(super) async fn expect_from(&self, request: &Request, tier: &str) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.service.addr).await?;
        let answer = connection.ask(request).await?;
        let status = answer.header("cache-status").unwrap_or_default();
        anyhow::ensure!(status.ends_with(&format!("detail={tier}")), "{status}");
        Ok(())
    }

    pub(super) fn host(&self) -> String {
        self.service.addr.to_string()
    }
}

/// The request with a tenant's token.
pub(super) fn authorized(request: Request, number: usize) -> anyhow::Result<Request> {
    let token = token(&tenant(number), SECRET)?;
    Ok(request.with_header("Authorization", &format!("Bearer {token}")))
}

/// A Redis on the servers' core.
pub(super) async fn redis(bench: &Bench) -> anyhow::Result<RedisServer> {
    // A builder starts its process in the call; the wait for its answers does not mind the core.
    bench.cores.pin_servers()?;
    let redis = RedisServer::start().await;
    bench.cores.pin_load()?;
    Ok(redis)
}

/// The service as it is released, with nothing of the environment but what is named here.
pub(super) async fn service(
    bench: &Bench,
    options: Options,
    more: Vec<(&'static str, String)>,
) -> anyhow::Result<Server> {
    let addr = ([127, 0, 0, 1], free_port()).into();
    let home = home(bench)?;
    let mut command = Command::new(bench.program("sellerboard"));
    command
        .arg("serve")
        .current_dir(&home)
        .env_clear()
        .env("HOME", &home)
        .env("SELLERBOARD_ADDR", format!("{addr}"))
        .env("JWT_SECRET", SECRET)
        .env("RUST_LOG", options.log)
        .envs(more)
        .envs(options.variables);
    Server::start(&mut command, addr, bench.cores, &home.join("log")).await
}

/// A new folder.
pub(super) fn home(bench: &Bench) -> anyhow::Result<PathBuf> {
    let home = tempfile::TempDir::new_in(bench.folder.path());
    Ok(home.context("failed to make a folder")?.keep())
}
