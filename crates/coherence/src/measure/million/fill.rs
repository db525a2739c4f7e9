use std::time::Duration;

use anyhow::Context as _;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Value, cmd, pipe};
use tenantcache::clock::{Clock as _, SystemClock};
use tenantcache::core::{Lifetime, Stamp, StoredEntry};
use tenantcache::{Endpoint, Key, Tags, TenantId};
use testkit::RedisServer;

/// Commands that are sent together.
const PIPELINE: u64 = 2_000;
/// How long entries live: longer than any measurement.
const TTL: Duration = Duration::from_secs(3_600);
/// How long a pipeline may take on a machine that is busy.
const ANSWER_MAX: Duration = Duration::from_secs(30);
const ENDPOINT: &str = "products";

/// Entries of one tenant, valid by its table, as nodes would have stored them.
pub(super) struct Fill<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) stamp: Stamp,
    pub(super) entries: u64,
    pub(super) body_bytes: usize,
}

impl Fill<'_> {
    /// Writes them straight into Redis.
    pub(super) async fn write(&self, redis: &RedisServer) -> anyhow::Result<()> {
        let mut connection = connect(redis).await?;
        let body = vec![b'x'; self.body_bytes];
        let mut entry = StoredEntry {
            key: key(self.tenant, 0)?,
            schema: 0,
            stamp: self.stamp,
            loaded_at: SystemClock::default().wall(),
            lifetime: Lifetime {
                soft: TTL,
                hard: TTL,
            },
            tags: Tags::none(),
            negative: false,
            content_type: "application/json".to_owned(),
            body_hash: StoredEntry::hash_body(&body),
            body: body.into(),
        };
        let ttl = u64::try_from(TTL.as_millis())?;
        let mut number = 0;
        while number < self.entries {
            let mut batch = pipe();
            for number in number..self.entries.min(number + PIPELINE) {
                entry.key = key(self.tenant, number)?;
                let value = entry.encode().context("the body is too large")?;
                let set = batch.cmd("SET").arg(entry.key.as_str()).arg(&value[..]);
                set.arg("PX").arg(ttl).ignore();
            }
            batch.query_async::<()>(&mut connection).await?;
            number += PIPELINE;
        }
        Ok(())
    }
}

/// The key of a tenant's entry of that number.
pub(super) fn key(tenant: &TenantId, number: u64) -> anyhow::Result<Key> {
    Ok(Key::new(&Endpoint::new(ENDPOINT)?, tenant).param("id", number)?)
}

/// How long each script call took that is in Redis' slow log.
pub(super) async fn script_times(redis: &RedisServer) -> anyhow::Result<Vec<Duration>> {
    let mut connection = connect(redis).await?;
    let mut get = cmd("SLOWLOG");
    get.arg("GET").arg(-1);
    let lines: Vec<Value> = get.query_async(&mut connection).await?;
    Ok(lines.iter().filter_map(script_time).collect())
}

/// A line is: its number, the time, microseconds, the command with its arguments, and who sent it.
fn script_time(line: &Value) -> Option<Duration> {
    let Value::Array(fields) = line else {
        return None;
    };
    let (Value::Int(micros), Value::Array(command)) = (fields.get(2)?, fields.get(3)?) else {
        return None;
    };
    let is_script = matches!(command.first()?, Value::BulkString(name) if name.eq_ignore_ascii_case(b"evalsha"));
    is_script.then_some(Duration::from_micros(u64::try_from(*micros).ok()?))
}

async fn connect(redis: &RedisServer) -> anyhow::Result<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(ANSWER_MAX));
    let client = Client::open(redis.url())?;
    Ok(client
        .get_multiplexed_async_connection_with_config(&config)
        .await?)
}
