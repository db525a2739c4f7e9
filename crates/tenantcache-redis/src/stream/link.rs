//! The commands, on a connection of their own: one that waits must not hold others up.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, Value};
use tenantcache::remote::HealthCause;

use super::entry::{self, Claimed};
use super::options::StreamOptions;
use super::scripts::Scripts;
use super::view::{Memory, Position, View};
use crate::cause;
use crate::options::RedisOptions;

/// The most lost entries that are noted at once.
const LOST_MAX: usize = 1_000;

/// Why the stream cannot be read at present.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("failed to invalidate everything")]
    Cache(#[from] tenantcache::Error),
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("the server's answer could not be understood")]
    Unreadable,
}

/// A connection that reads one stream.
#[derive(Debug)]
pub(super) struct Link {
    connection: MultiplexedConnection,
    scripts: Scripts,
    options: StreamOptions,
    ttl_ms: u64,
}

impl Fault {
    /// Whether the user may not do what is needed. The server says so in other words within a script.
    pub(super) fn is_forbidden(&self) -> bool {
        let Self::Redis(error) = self else {
            return false;
        };
        error.code() == Some("NOPERM") || error.to_string().contains("executing the script can't")
    }

    /// Whether the server does not know this user, or not with this password.
    pub(super) fn is_denied(&self) -> bool {
        matches!(self, Self::Redis(error) if cause::of(error) == HealthCause::AccessDenied)
    }

    /// Whether the server has no memory left for a write. It says so in other words within a script.
    pub(super) fn is_full(&self) -> bool {
        let Self::Redis(error) = self else {
            return false;
        };
        error.code() == Some("OOM") || error.to_string().contains("OOM command not allowed")
    }
}

impl Link {
    pub(super) async fn connect(
        redis: &RedisOptions,
        options: &StreamOptions,
    ) -> Result<Self, Fault> {
        let client = Client::open(redis.connection.clone())?;
        // An answer may come as late as a wait is long, and must then be allowed its way.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(redis.connect_timeout))
            .set_response_timeout(Some(options.block + redis.connect_timeout));
        let connect = client.get_multiplexed_async_connection_with_config(&config);
        let late = || RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        let connection = tokio::time::timeout(redis.connect_timeout, connect)
            .await
            .map_err(|_elapsed| late())??;
        Ok(Self {
            connection,
            scripts: Scripts::new(),
            options: options.clone(),
            ttl_ms: millis(redis.table_ttl),
        })
    }

    /// Takes new entries, unless there is a gap before them. Does not wait.
    pub(super) async fn read(&mut self, memory: &Memory) -> Result<View, Fault> {
        let mut script = self.scripts.read.key(&self.options.stream);
        script
            .arg(&self.options.group)
            .arg(&self.options.consumer)
            .arg(self.options.batch_max)
            .arg(&memory.last)
            .arg(memory.added)
            .arg(memory.settled_removed)
            .arg(&memory.settled_deleted);
        let reply = script.invoke_async(&mut self.connection).await?;
        entry::view(reply).ok_or(Fault::Unreadable)
    }

    /// Waits until there is an entry after `last`, at most for the time of one wait. It takes nothing: only the script
    /// can do so and look for gaps at the same moment.
    pub(super) async fn wait(&mut self, last: &str) -> Result<(), Fault> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(1);
        command.arg("BLOCK").arg(millis(self.options.block));
        command.arg("STREAMS").arg(&self.options.stream).arg(last);
        let _entry: Value = command.query_async(&mut self.connection).await?;
        Ok(())
    }

    pub(super) async fn acknowledge(&mut self, ids: &[String]) -> Result<(), Fault> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut command = redis::cmd("XACK");
        command.arg(&self.options.stream).arg(&self.options.group);
        command.arg(ids);
        Ok(command.query_async(&mut self.connection).await?)
    }

    /// Takes over entries that nobody has acknowledged in time.
    pub(super) async fn claim(&mut self, cursor: &str) -> Result<Claimed, Fault> {
        let mut command = redis::cmd("XAUTOCLAIM");
        command
            .arg(&self.options.stream)
            .arg(&self.options.group)
            .arg(&self.options.consumer)
            .arg(millis(self.options.claim_after))
            .arg(cursor)
            .arg("COUNT")
            .arg(self.options.batch_max);
        let reply = command.query_async(&mut self.connection).await?;
        entry::claimed(reply).ok_or(Fault::Unreadable)
    }

    /// Keeps the stream and the group in order, and gives the ids of lost entries that nobody has acknowledged.
    pub(super) async fn keep(&mut self) -> Result<Vec<String>, Fault> {
        let mut script = self.scripts.keep.key(&self.options.stream);
        script
            .arg(&self.options.group)
            .arg(&self.options.consumer)
            .arg(millis(self.options.claim_after))
            .arg(millis(self.options.forget_after))
            .arg(self.ttl_ms)
            .arg(self.options.length_max)
            .arg(LOST_MAX);
        Ok(script.invoke_async(&mut self.connection).await?)
    }

    /// Notes in the group that the gap at `position` was made up for.
    pub(super) async fn settle(&mut self, position: &Position) -> Result<(), Fault> {
        let mut script = self.scripts.settle.key(&self.options.stream);
        script
            .arg(&self.options.group)
            .arg(&position.delivered)
            .arg(position.removed);
        Ok(script.invoke_async(&mut self.connection).await?)
    }

    /// Whether the group was ever made, as far as Redis knows.
    pub(super) async fn has_marker(&mut self) -> Result<bool, Fault> {
        let mut command = redis::cmd("EXISTS");
        command.arg(self.options.marker());
        Ok(command.query_async(&mut self.connection).await?)
    }

    pub(super) async fn mark(&mut self) -> Result<(), Fault> {
        let mut command = redis::cmd("SET");
        command.arg(self.options.marker()).arg(1);
        command.arg("PX").arg(self.ttl_ms);
        Ok(command.query_async(&mut self.connection).await?)
    }

    /// Makes the stream and the group where they are missing. The group begins with the oldest entry: what was published
    /// before the first node started is not lost, and what was handled before changes nothing.
    pub(super) async fn make_group(&mut self) -> Result<(), Fault> {
        let mut command = redis::cmd("XGROUP");
        command.arg("CREATE").arg(&self.options.stream);
        command.arg(&self.options.group).arg("0").arg("MKSTREAM");
        command.arg("ENTRIESREAD").arg(0);
        match command.query_async::<()>(&mut self.connection).await {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error.into()),
            _made_or_another_was_faster => Ok(()),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
