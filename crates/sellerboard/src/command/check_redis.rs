use std::fmt;
use std::future::Future;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, ProtocolVersion, PushInfo, PushKind,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::run::{block_on, load};
use crate::config::{ConfigError, ConfigFlags, RedisLocation, SecretUrl};
use crate::output;

const CONNECT_MAX: Duration = Duration::from_secs(2);
/// What a start may take to find out whether a Redis is there.
const PING_MAX: Duration = Duration::from_secs(1);
const COMMAND_MAX: Duration = Duration::from_secs(1);
/// All that is told about the server after the tests; with them it stays below 9 s.
const DETAILS_MAX: Duration = Duration::from_millis(1200);
const KEY_TTL_SECONDS: u64 = 60;
/// What the reference script writes, so that the two outputs can be compared line by line.
const VALUE: &str = "hello_from_windows";
const USAGE: u8 = 2;

#[derive(Args, Debug)]
pub(super) struct CheckRedisArgs {
    /// The server [env: REDIS_URL] [default: redis://localhost:6379/0]
    #[arg(long, value_name = "URL")]
    redis_url: Option<String>,
}

/// Why a test failed, without the server's address or password.
#[derive(Debug)]
pub(super) enum Failure {
    Redis(redis::RedisError),
    TimedOut(Duration),
    WrongValue,
}

/// What a server says about itself.
struct Details {
    version: String,
    mode: String,
    eviction: String,
    /// Whether the server's memory is bounded, and it may then refuse writes rather than evict a key.
    may_refuse: bool,
}

pub(super) fn run(args: &CheckRedisArgs) -> anyhow::Result<ExitCode> {
    let mut flags = ConfigFlags::default();
    if let Some(url) = &args.redis_url {
        flags = flags.with("REDIS_URL", url);
    }
    let url = match load(&flags) {
        Ok(loaded) => match loaded.config.redis.location {
            RedisLocation::Url(url) => url,
            RedisLocation::None => {
                output::message(
                    "error: REDIS_URL is none, there is no server to check; give one with --redis-url",
                );
                return Ok(ExitCode::from(USAGE));
            }
        },
        Err(error) => return refuse(&error),
    };
    if matches!(url.scheme(), "redis-sentinel" | "redis-cluster") {
        output::message(format_args!(
            "error: {}:// names several servers; check one of them, as in --redis-url redis://host:6379",
            url.scheme()
        ));
        return Ok(ExitCode::from(USAGE));
    }
    let passed = block_on(check(&url, &mut output::Stdout))?;
    if passed {
        return Ok(ExitCode::SUCCESS);
    }
    output::message(
        "next step: start Redis there, correct REDIS_URL, or set REDIS_URL=none to run without it",
    );
    Ok(ExitCode::FAILURE)
}

/// Whether a server answers, within the time that a start may take for it.
pub(super) async fn ping(url: &SecretUrl) -> Result<(), Failure> {
    let ping = async {
        let mut connection = connect(url).await?;
        command::<String>(&mut connection, redis::cmd("PING")).await
    };
    within(PING_MAX, ping).await.map(|_pong: String| ())
}

fn refuse(error: &ConfigError) -> anyhow::Result<ExitCode> {
    output::message(format_args!("error: {error}"));
    Ok(ExitCode::from(USAGE))
}

/// Runs the tests and says whether all passed.
async fn check(url: &SecretUrl, out: &mut dyn Write) -> anyhow::Result<bool> {
    writeln!(out, "Testing Redis connection...")?;
    writeln!(out, "Redis URL: {url}")?;
    writeln!(out, "{}", "-".repeat(50))?;
    let passed = run_tests(url, out).await?;
    writeln!(out, "\n{}", "=".repeat(50))?;
    if passed {
        writeln!(out, "✅ ALL TESTS PASSED - Redis is fully working!")?;
    } else {
        writeln!(out, "❌ TESTS FAILED - Redis cannot be used")?;
    }
    writeln!(out, "{}", "=".repeat(50))?;
    Ok(passed)
}

async fn run_tests(url: &SecretUrl, out: &mut dyn Write) -> anyhow::Result<bool> {
    let key = format!("tenantcache:check:{}", random_name()?);

    writeln!(out, "Test 1: Ping Redis...")?;
    out.flush()?;
    let connection = connect(url).await;
    let mut connection = match connection {
        Ok(connection) => connection,
        Err(failure) => return fail(out, "ping", &failure),
    };
    match command::<String>(&mut connection, redis::cmd("PING")).await {
        Ok(_) => writeln!(out, "✅ Redis ping successful! Result: True\n")?,
        Err(failure) => return fail(out, "ping", &failure),
    }

    writeln!(out, "Test 2: Set a test key...")?;
    let mut set = redis::cmd("SET");
    set.arg(&key).arg(VALUE).arg("EX").arg(KEY_TTL_SECONDS);
    match command::<()>(&mut connection, set.clone()).await {
        Ok(()) => writeln!(out, "✅ Redis set successful!\n")?,
        Err(failure) => return fail(out, "set", &failure),
    }

    writeln!(out, "Test 3: Get the test key...")?;
    let mut get = redis::cmd("GET");
    get.arg(&key);
    match command::<Option<String>>(&mut connection, get).await {
        Ok(Some(value)) if value == VALUE => {
            writeln!(out, "✅ Redis get successful! Value: {value}\n")?;
        }
        Ok(_) => return fail(out, "get", &Failure::WrongValue),
        Err(failure) => return fail(out, "get", &failure),
    }

    writeln!(out, "Test 4: Delete the test key...")?;
    let mut delete = redis::cmd("DEL");
    delete.arg(&key);
    match command::<u64>(&mut connection, delete.clone()).await {
        Ok(1) => writeln!(out, "✅ Redis delete successful!\n")?,
        Ok(_) => return fail(out, "delete", &Failure::WrongValue),
        Err(failure) => return fail(out, "delete", &failure),
    }

    describe(&mut connection, out).await?;
    let tracking = within(DETAILS_MAX, tracking(url, &mut connection, &key, &set)).await;
    let _ = command::<u64>(&mut connection, delete).await;
    match tracking {
        Ok(()) => writeln!(out, "Tracking: works (invalidation messages arrive)")?,
        Err(failure) => writeln!(out, "Tracking: does not work ({failure})")?,
    }
    Ok(true)
}

fn fail(out: &mut dyn Write, what: &str, failure: &Failure) -> anyhow::Result<bool> {
    writeln!(out, "❌ Redis {what} failed: {failure}")?;
    Ok(false)
}

async fn connect(url: &SecretUrl) -> Result<MultiplexedConnection, Failure> {
    let client = Client::open(url.expose())?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_MAX))
        .set_response_timeout(Some(COMMAND_MAX));
    // The outer limit covers the look-up of the name and the handshake too.
    let connected = client.get_multiplexed_async_connection_with_config(&config);
    within(CONNECT_MAX, connected).await
}

async fn command<T: FromRedisValue>(
    connection: &mut MultiplexedConnection,
    command: redis::Cmd,
) -> Result<T, Failure> {
    within(COMMAND_MAX, command.query_async(connection)).await
}

async fn within<T, E: Into<Failure>>(
    limit: Duration,
    task: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, task).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(Failure::TimedOut(limit)),
    }
}

async fn describe(
    connection: &mut MultiplexedConnection,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    match command::<String>(connection, redis::cmd("INFO")).await {
        Ok(info) => {
            let details = Details::parse(&info);
            writeln!(out, "Server: {} ({})", details.version, details.mode)?;
            writeln!(out, "Eviction: {}", details.eviction)?;
            if details.may_refuse {
                writeln!(
                    out,
                    "Warning: not every key may be evicted when memory is full: set maxmemory-policy allkeys-lru"
                )?;
            }
        }
        Err(failure) => writeln!(out, "Server: unknown ({failure})")?,
    }
    Ok(())
}

/// Whether a change made on one connection is announced on another that tracks the key's prefix.
async fn tracking(
    url: &SecretUrl,
    writer: &mut MultiplexedConnection,
    key: &str,
    set: &redis::Cmd,
) -> Result<(), Failure> {
    let (sender, mut pushes) = unbounded_channel();
    let client = Client::open(url.expose())?;
    let info = client.get_connection_info().clone();
    let settings = info.redis_settings().clone();
    let info = info.set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3));
    let config = AsyncConnectionConfig::new().set_push_sender(sender);
    let mut tracker = Client::open(info)?
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    let mut track = redis::cmd("CLIENT");
    track
        .arg("TRACKING")
        .arg("ON")
        .arg("BCAST")
        .arg("PREFIX")
        .arg(key);
    track.query_async::<()>(&mut tracker).await?;
    set.query_async::<()>(writer).await?;
    wait_for_invalidation(&mut pushes).await
}

/// Ends with the caller's time limit if no message comes.
async fn wait_for_invalidation(pushes: &mut UnboundedReceiver<PushInfo>) -> Result<(), Failure> {
    while let Some(push) = pushes.recv().await {
        match push.kind {
            PushKind::Invalidate => return Ok(()),
            PushKind::Disconnection => break,
            _ => {}
        }
    }
    Err(Failure::WrongValue)
}

fn random_name() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).context("failed to make a random name")?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}

impl Details {
    fn parse(info: &str) -> Self {
        let field = |name: &str| {
            let mut lines = info.lines().filter_map(|line| line.split_once(':'));
            lines
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.trim())
        };
        let version = match field("valkey_version") {
            Some(version) => format!("Valkey {version}"),
            None => format!(
                "Redis {}",
                field("redis_version").unwrap_or("of unknown version")
            ),
        };
        let policy = field("maxmemory_policy").unwrap_or("unknown");
        let limit = field("maxmemory").and_then(|bytes| bytes.parse::<u64>().ok());
        let eviction = match limit {
            Some(0) => format!("{policy}, no maxmemory set"),
            Some(bytes) => format!("{policy}, maxmemory {} MB", bytes >> 20),
            None => policy.to_owned(),
        };
        Self {
            version,
            mode: field("redis_mode").unwrap_or("unknown mode").to_owned(),
            eviction,
            may_refuse: limit.is_some_and(|bytes| bytes > 0) && !policy.starts_with("allkeys-"),
        }
    }
}

impl From<redis::RedisError> for Failure {
    fn from(error: redis::RedisError) -> Self {
        Self::Redis(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redis(error) if error.is_timeout() => f.write_str("no answer in time"),
            Self::Redis(error) if is_foreign(error) => f.write_str("what answers is not Redis"),
            Self::Redis(error) => error.fmt(f),
            Self::TimedOut(limit) => write!(f, "no answer within {} s", limit.as_secs_f32()),
            Self::WrongValue => f.write_str("the server did not do what it said"),
        }
    }
}

/// An HTTP server, say, whose bytes are nothing that the protocol knows.
fn is_foreign(error: &redis::RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType
    )
}
