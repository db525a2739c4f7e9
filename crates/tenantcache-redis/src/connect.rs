use std::error::Error as _;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, Script};
use tenantcache::remote::{HealthCause, RemoteError, RemoteErrorKind, RemoteUsage};

use crate::cause;
use crate::options::RedisOptions;
use crate::scripts::Scripts;

/// Why a connection cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("the server is a replica: give the address of the primary")]
    Replica,
    #[error("the server's version is {0}: Redis 7 or newer, or Valkey, is needed")]
    TooOld(String),
    #[error("the server does not run the scripts: {}", .0.source().map(ToString::to_string).unwrap_or_default())]
    Remote(#[from] RemoteError),
    #[error(transparent)]
    Redis(#[from] RedisError),
}

impl ConnectError {
    pub(crate) fn cause(&self) -> HealthCause {
        match self {
            Self::Replica | Self::TooOld(_) => HealthCause::Unfit,
            Self::Redis(error) => cause::of(error),
            Self::Remote(error) => match error.source().and_then(|source| source.downcast_ref()) {
                Some(error) => cause::of(error),
                None if error.kind() == RemoteErrorKind::TimedOut => HealthCause::Silent,
                None => HealthCause::Garbled,
            },
        }
    }

    /// Whether a password or a user was refused.
    pub(crate) fn is_denial(&self) -> bool {
        self.cause() == HealthCause::AccessDenied
    }
}

/// What `INFO` says of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerInfo {
    /// The server's history (`master_replid`).
    pub(crate) id: String,
    pub(crate) is_primary: bool,
    pub(crate) usage: RemoteUsage,
    eviction_policy: String,
    version: String,
}

/// Makes a connection ready for use, whole or not at all.
pub(crate) async fn prepare(
    connection: &mut MultiplexedConnection,
    options: &RedisOptions,
    scripts: &Scripts,
) -> Result<ServerInfo, ConnectError> {
    let mut info = server_info(connection).await?;
    if major(&info.version).is_some_and(|major| major < 7) {
        return Err(ConnectError::TooOld(info.version));
    }
    if !info.is_primary {
        return Err(ConnectError::Replica);
    }
    if let Some(bytes) = limit_memory(connection, options, &info).await {
        info.usage.max_bytes = bytes;
    }
    for script in scripts.all() {
        Script::load_async(script, connection).await?;
    }
    Ok(info)
}

/// Connects, without retries of any kind.
pub(crate) async fn plain(options: &RedisOptions) -> Result<MultiplexedConnection, RedisError> {
    let client = Client::open(options.connection.clone())?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(options.connect_timeout))
        // Each command has a budget of its own, which ends first.
        .set_response_timeout(Some(
            options.connect_timeout.max(2 * options.command_timeout),
        ));
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

/// Asks the server how it is.
pub(crate) async fn server_info(
    connection: &mut MultiplexedConnection,
) -> Result<ServerInfo, RedisError> {
    let text: String = redis::cmd("INFO").query_async(connection).await?;
    let mut info = ServerInfo {
        is_primary: true,
        ..ServerInfo::default()
    };
    for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let number = || value.trim().parse().unwrap_or_default();
        match name {
            "evicted_keys" => info.usage.evicted_keys = number(),
            "master_replid" => value.trim().clone_into(&mut info.id),
            "maxmemory" => info.usage.max_bytes = number(),
            "maxmemory_policy" => value.trim().clone_into(&mut info.eviction_policy),
            "redis_version" => value.trim().clone_into(&mut info.version),
            "role" => info.is_primary = value.trim() == "master",
            "used_memory" => info.usage.used_bytes = number(),
            _ => {}
        }
    }
    Ok(info)
}

/// Gives a server without a memory limit one, and returns it. A server with a limit of its own is left alone.
async fn limit_memory(
    connection: &mut MultiplexedConnection,
    options: &RedisOptions,
    info: &ServerInfo,
) -> Option<u64> {
    if info.usage.max_bytes > 0 {
        if !info.eviction_policy.starts_with("allkeys-") {
            tracing::warn!(
                policy = info.eviction_policy,
                "Redis does not evict any key when its memory is full: set maxmemory-policy allkeys-lru"
            );
        }
        return None;
    }
    let bytes = options.max_memory_bytes?;
    let set = redis::pipe()
        .cmd("CONFIG")
        .arg("SET")
        .arg("maxmemory-policy")
        .arg("allkeys-lru")
        .ignore()
        .cmd("CONFIG")
        .arg("SET")
        .arg("maxmemory")
        .arg(bytes)
        .ignore()
        .query_async::<()>(connection)
        .await;
    match set {
        Ok(()) => {
            tracing::info!(bytes, "Redis maxmemory set, with allkeys-lru");
            Some(bytes)
        }
        Err(error) => {
            tracing::warn!(
                %error,
                "Redis has no memory limit and does not let one be set: set maxmemory {bytes} and \
                 maxmemory-policy allkeys-lru"
            );
            None
        }
    }
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}
