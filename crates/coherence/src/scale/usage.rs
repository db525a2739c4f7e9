//! What a Redis says that it has used.

use std::collections::HashMap;

use anyhow::Context as _;
use redis::aio::MultiplexedConnection;
use redis::{Client, cmd};
use serde::{Deserialize, Serialize};
use testkit::RedisServer;

/// What was used for one thing, or in a span.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Usage {
    /// Processor time of Redis' main thread, in µs.
    pub(crate) cpu_us: f64,
    /// Commands, those within scripts included.
    pub(crate) commands: f64,
    /// Bytes that Redis received.
    pub(crate) received: f64,
    /// Bytes that Redis sent.
    pub(crate) sent: f64,
}

impl Usage {
    pub(crate) fn plus(self, other: Self, times: f64) -> Self {
        Self {
            cpu_us: self.cpu_us + other.cpu_us * times,
            commands: self.commands + other.commands * times,
            received: self.received + other.received * times,
            sent: self.sent + other.sent * times,
        }
    }

    pub(crate) fn minus(self, other: Self, times: f64) -> Self {
        self.plus(other, -times)
    }

    pub(crate) fn per(self, count: f64) -> Self {
        Self::default().plus(self, 1.0 / count)
    }
}

/// A connection that asks.
pub(crate) struct Meter {
    connection: MultiplexedConnection,
}

impl Meter {
    pub(crate) async fn connect(redis: &RedisServer) -> anyhow::Result<Self> {
        let client = Client::open(redis.url())?;
        let connection = client.get_multiplexed_async_connection().await?;
        Ok(Self { connection })
    }

    /// What was used since the server began.
    pub(crate) async fn usage(&mut self) -> anyhow::Result<Usage> {
        let info = self.info().await?;
        let number = |name: &str| number(&info, name);
        let seconds = number("used_cpu_user_main_thread")? + number("used_cpu_sys_main_thread")?;
        Ok(Usage {
            cpu_us: seconds * 1e6,
            commands: number("total_commands_processed")?,
            received: number("total_net_input_bytes")?,
            sent: number("total_net_output_bytes")?,
        })
    }

    /// Bytes of memory that are used.
    pub(crate) async fn memory(&mut self) -> anyhow::Result<f64> {
        number(&self.info().await?, "used_memory")
    }

    /// Connections, this one aside.
    pub(crate) async fn clients(&mut self) -> anyhow::Result<f64> {
        Ok(number(&self.info().await?, "connected_clients")? - 1.0)
    }

    /// Bytes of memory that a key takes with its value.
    pub(crate) async fn memory_of(&mut self, key: &str) -> anyhow::Result<f64> {
        let mut ask = cmd("MEMORY");
        ask.arg("USAGE").arg(key).arg("SAMPLES").arg(0);
        let bytes: Option<f64> = ask.query_async(&mut self.connection).await?;
        bytes.with_context(|| format!("there is no `{key}`"))
    }

    pub(crate) async fn version(&mut self) -> anyhow::Result<String> {
        let version = self.info().await?.remove("redis_version");
        version.context("Redis does not say its version")
    }

    async fn info(&mut self) -> anyhow::Result<HashMap<String, String>> {
        let text: String = cmd("INFO").query_async(&mut self.connection).await?;
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        let fields = fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        Ok(fields.collect())
    }
}

fn number(info: &HashMap<String, String>, name: &str) -> anyhow::Result<f64> {
    let value = info
        .get(name)
        .with_context(|| format!("Redis does not say {name}"))?;
    Ok(value.parse()?)
}

/// As it is; beyond 2^32, which no count here reaches, that.
pub(crate) fn to_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
