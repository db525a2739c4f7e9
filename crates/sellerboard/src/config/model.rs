use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use seller_data::AlertThresholds;
use tenantcache::events::Rules;

use super::secret::{RedisLocation, Secret, SecretUrl};

/// The typed configuration. Every field is documented, with its default, in [`VARIABLES`](super::VARIABLES).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where the service listens (`SELLERBOARD_ADDR`).
    pub addr: SocketAddr,
    /// From when on a change of a shop's figures is told (`ALERT_…`).
    pub alerts: AlertThresholds,
    /// How tokens are verified.
    pub auth: AuthSettings,
    /// Lifetimes and bounds of the cache.
    pub cache: CacheSettings,
    /// Connections of one client (`SELLERBOARD_CONNECTIONS_PER_CLIENT`); `None` is no limit but that of all.
    pub connections_per_client: Option<NonZeroU32>,
    /// Where the data comes from on a miss.
    pub data: DataSettings,
    /// What each kind of event invalidates (the table `events` of `sellerboard.toml`).
    pub event_rules: Rules,
    /// What is logged, and how.
    pub log: LogSettings,
    /// The mock marketplace.
    pub marketplace: MarketplaceSettings,
    /// Requests per second of one tenant (`RATE_LIMIT_TENANT`); `None` is no limit.
    pub rate_limit_tenant: Option<NonZeroU32>,
    /// The Redis tier.
    pub redis: RedisSettings,
    /// Where the durable invalidation queue lives (`SELLERBOARD_STATE_DIR`).
    pub state_dir: PathBuf,
    /// The key of the events' signatures (`WEBHOOK_SECRET`), decoded from its base64.
    pub webhook_secret: Option<Secret>,
}

/// How tokens are verified: exactly one of `secret` and `jwks_url` is needed by the service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthSettings {
    /// The HS256 secret (`JWT_SECRET`); used as it is written, at least 32 bytes.
    pub secret: Option<Secret>,
    /// Where the key set is fetched (`JWT_JWKS_URL`).
    pub jwks_url: Option<Url>,
    /// The only accepted `iss` (`JWT_ISSUER`).
    pub issuer: Option<String>,
    /// The only accepted `aud` (`JWT_AUDIENCE`).
    pub audience: Option<String>,
    /// How far the issuer's clock may be from ours (`JWT_LEEWAY`), in whole seconds, at most 60 s. Default: 30 s.
    pub leeway: Duration,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            secret: None,
            jwks_url: None,
            issuer: None,
            audience: None,
            leeway: Duration::from_secs(30),
        }
    }
}

/// Lifetimes and bounds of the cache.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CacheSettings {
    /// Whether the cache is consulted at all (`CACHE_ENABLED`).
    pub enabled: bool,
    /// Redis' `maxmemory` in bytes where the server has no limit (`CACHE_MAX_MEMORY`).
    pub memory_max: u64,
    /// The local tier's bound in bytes (`CACHE_LOCAL_MAX_MEMORY`); 0 turns the tier off, `None` is `memory_max`.
    pub local_memory_max: Option<u64>,
    /// The part of the local tier that is promised to tenants, in per cent (`CACHE_LOCAL_TENANT_FLOOR`); 0 to 50.
    pub tenant_floor_percent: u8,
    /// The soft TTL of each of the ten endpoints (`CACHE_TTL_…`), by the endpoint's name.
    pub ttl: BTreeMap<&'static str, Duration>,
    /// How long an entry may be served after its soft TTL (`CACHE_GRACE`); `None` is as long as the soft TTL.
    pub grace: Option<Duration>,
    /// From which part of its soft TTL on an entry that is read is loaded anew, in per cent (`CACHE_EAGER_REFRESH`); 100 is not
    /// before it is stale.
    pub eager_refresh_percent: u8,
    /// The greatest age of a local entry while Redis is away (`CACHE_OUTAGE_TTL`); zero makes every read a miss.
    pub outage_ttl: Duration,
    /// How long another node may serve what was invalidated (`CACHE_COHERENCE_BOUND`).
    pub coherence_bound: Duration,
    /// The endpoints that are read strictly (`CACHE_STRICT_ENDPOINTS`).
    pub strict: BTreeSet<String>,
}

/// Where the data comes from on a miss.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DataSettings {
    /// Over HTTP or straight from the store (`DATA_SOURCE`).
    pub source: DataSource,
    /// The marketplace API (`UPSTREAM_URL`).
    pub upstream_url: Url,
    /// The hard time-out of one load (`UPSTREAM_TIMEOUT`).
    pub upstream_timeout: Duration,
    /// How many loads may be under way at a time (`ORIGIN_CONCURRENCY`).
    pub concurrency: usize,
    /// How many loads of one tenant may be (`ORIGIN_CONCURRENCY_TENANT`).
    pub concurrency_tenant: usize,
    /// The store (`DATABASE_URL`).
    pub database_url: SecretUrl,
    /// Whether `DATABASE_URL` was set at all: `demo` keeps its default store in the user's data directory.
    pub database_url_is_default: bool,
}

/// The form of the data source (`DATA_SOURCE`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DataSource {
    /// `sql`: straight from `DATABASE_URL`.
    Sql,
    /// `upstream`: the marketplace API at `UPSTREAM_URL`.
    Upstream,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogSettings {
    /// The form of a line (`LOG_FORMAT`).
    pub format: LogFormat,
    /// A valid filter of `tracing-subscriber` (`RUST_LOG`).
    pub filter: String,
}

/// The form of a log line (`LOG_FORMAT`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// The mock marketplace.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MarketplaceSettings {
    /// Where it listens (`MARKETPLACE_ADDR`).
    pub addr: SocketAddr,
    /// How slow each business read is (`MARKETPLACE_LATENCY`).
    pub latency: Duration,
    /// Where it sends its events (`MARKETPLACE_WEBHOOK_URL`).
    pub webhook_url: Option<Url>,
}

/// The Redis tier.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedisSettings {
    /// Which server, if any (`REDIS_URL`).
    pub location: RedisLocation,
    /// The longest a request waits for one command (`REDIS_COMMAND_TIMEOUT`).
    pub command_timeout: Duration,
}

impl CacheSettings {
    /// The local tier's bound in bytes; 0 means that the tier is off.
    #[must_use]
    pub fn local_memory_bound(&self) -> u64 {
        self.local_memory_max.unwrap_or(self.memory_max)
    }

    /// How long an entry of `endpoint` may be served after its soft TTL; `None` for an unknown endpoint.
    #[must_use]
    pub fn grace_of(&self, endpoint: &str) -> Option<Duration> {
        let soft = *self.ttl.get(endpoint)?;
        Some(self.grace.unwrap_or(soft))
    }
}

impl Config {
    /// A canvas for the registry, which writes every field: with its default first, then with what was set.
    pub(super) fn canvas(state_dir: PathBuf) -> Self {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            addr: nowhere,
            alerts: AlertThresholds::default(),
            auth: AuthSettings::default(),
            cache: CacheSettings {
                enabled: true,
                memory_max: 0,
                local_memory_max: None,
                tenant_floor_percent: 25,
                ttl: BTreeMap::new(),
                grace: None,
                eager_refresh_percent: 100,
                outage_ttl: Duration::ZERO,
                coherence_bound: Duration::ZERO,
                strict: BTreeSet::new(),
            },
            connections_per_client: None,
            data: DataSettings {
                source: DataSource::Upstream,
                upstream_url: Url::parse("http://localhost").expect("a literal URL parses"),
                upstream_timeout: Duration::ZERO,
                concurrency: 1,
                concurrency_tenant: 1,
                database_url: SecretUrl::new(String::new()),
                database_url_is_default: true,
            },
            event_rules: Rules::new(),
            log: LogSettings {
                format: LogFormat::Pretty,
                filter: String::new(),
            },
            marketplace: MarketplaceSettings {
                addr: nowhere,
                latency: Duration::ZERO,
                webhook_url: None,
            },
            rate_limit_tenant: None,
            redis: RedisSettings {
                location: RedisLocation::None,
                command_timeout: Duration::ZERO,
            },
            state_dir,
            webhook_secret: None,
        }
    }
}
