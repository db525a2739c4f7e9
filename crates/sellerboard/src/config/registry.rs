use std::path::PathBuf;

use super::model::Config;
use super::parse::{self, Parsed};
use super::secret::Secret;

/// One variable of the configuration.
///
/// The key in `sellerboard.toml` is its name in lower case; the flag is the same with hyphens.
#[derive(Debug)]
#[non_exhaustive]
pub struct Variable {
    /// Its name in the environment and in `.env`.
    pub name: &'static str,
    /// The text that is parsed if nothing sets it; `None` leaves it unset.
    pub default: Option<&'static str>,
    /// What `--print-config` shows for an unset variable.
    pub unset: &'static str,
    /// The name of the value in `--help`.
    pub value_name: &'static str,
    /// Whether the whole value is hidden. Passwords inside URLs are hidden in any case.
    pub secret: bool,
    /// One sentence for `--help`.
    pub help: &'static str,
    /// Parses a text and puts the value into its field.
    pub(super) apply: fn(&mut Config, &str) -> Parsed<()>,
}

/// Variables that only the command line's own tools read.
pub(super) const CLIENT_VARIABLES: &[&str] = &[
    "SELLERBOARD_CONFIG",
    "SELLERBOARD_SERVER",
    "SELLERBOARD_TOKEN",
];

macro_rules! variable {
    ($name:literal, $value:literal, $help:literal, default $default:literal, $apply:expr) => {
        Variable {
            name: $name,
            default: Some($default),
            unset: "",
            value_name: $value,
            secret: false,
            help: $help,
            apply: $apply,
        }
    };
    ($name:literal, $value:literal, $help:literal, unset $unset:literal, $apply:expr) => {
        Variable {
            name: $name,
            default: None,
            unset: $unset,
            value_name: $value,
            secret: false,
            help: $help,
            apply: $apply,
        }
    };
    ($name:literal, $value:literal, $help:literal, secret, $apply:expr) => {
        Variable {
            name: $name,
            default: None,
            unset: "-",
            value_name: $value,
            secret: true,
            help: $help,
            apply: $apply,
        }
    };
}

macro_rules! ttl {
    ($name:literal, $endpoint:literal, $default:literal) => {
        Variable {
            name: $name,
            default: Some($default),
            unset: "",
            value_name: "DURATION",
            secret: false,
            help: concat!(
                "How long an entry of ",
                $endpoint,
                " stays fresh (the soft TTL)"
            ),
            apply: |config, text| {
                let ttl = parse::duration_above_zero(text)?;
                config.cache.ttl.insert($endpoint, ttl);
                Ok(())
            },
        }
    };
}

/// Every variable, in the order in which help and `--print-config` show them.
pub static VARIABLES: &[Variable] = &[
    variable!("SELLERBOARD_ADDR", "ADDR", "Where the service listens", default "127.0.0.1:8000",
        |config, text| { config.addr = parse::address(text)?; Ok(()) }),
    variable!("SELLERBOARD_CONNECTIONS_PER_CLIENT", "COUNT",
        "Connections of one client's address, or off (as behind a load balancer)", default "off",
        |config, text| { config.connections_per_client = parse::count(text)?; Ok(()) }),
    variable!("SELLERBOARD_STATE_DIR", "DIR", "Where the durable invalidation queue lives",
        unset "the user's state directory",
        |config, text| { config.state_dir = PathBuf::from(parse::text(text)?); Ok(()) }),
    variable!("REDIS_URL", "URL",
        "The shared tier: redis://, rediss://, redis+unix://, redis-sentinel://, redis-cluster:// or none",
        default "redis://localhost:6379/0",
        |config, text| { config.redis.location = parse::redis_location(text)?; Ok(()) }),
    variable!("REDIS_COMMAND_TIMEOUT", "DURATION", "The longest a request waits for one Redis command",
        default "100ms",
        |config, text| { config.redis.command_timeout = parse::duration_above_zero(text)?; Ok(()) }),
    variable!("CACHE_ENABLED", "BOOL", "Whether the cache is used; without it every request goes to the origin",
        default "true",
        |config, text| { config.cache.enabled = parse::boolean(text)?; Ok(()) }),
    variable!("CACHE_MAX_MEMORY", "SIZE",
        "Redis' maxmemory, set only where the server has no limit; also the local tier's bound",
        default "256MB",
        |config, text| { config.cache.memory_max = parse::size_of_redis(text)?; Ok(()) }),
    variable!("CACHE_LOCAL_MAX_MEMORY", "SIZE", "The local tier's bound; 0 turns the tier off",
        unset "equal to CACHE_MAX_MEMORY",
        |config, text| { config.cache.local_memory_max = Some(parse::size(text)?); Ok(()) }),
    variable!("CACHE_LOCAL_TENANT_FLOOR", "PERCENT",
        "The part of the local tier that is promised to tenants, in equal parts; the rest goes to what is read most",
        default "25",
        |config, text| { config.cache.tenant_floor_percent = parse::floor_percent(text)?; Ok(()) }),
    ttl!("CACHE_TTL_DASHBOARD_KPIS", "dashboard_kpis", "300"),
    ttl!("CACHE_TTL_DASHBOARD_TRENDS", "dashboard_trends", "300"),
    ttl!("CACHE_TTL_DASHBOARD_ALERTS", "dashboard_alerts", "300"),
    ttl!("CACHE_TTL_DASHBOARD_INSIGHTS", "dashboard_insights", "300"),
    ttl!("CACHE_TTL_DASHBOARD_STATS", "dashboard_stats", "300"),
    ttl!("CACHE_TTL_DASHBOARD_ACTIVITY", "dashboard_activity", "300"),
    ttl!("CACHE_TTL_PRODUCTS", "products", "600"),
    ttl!("CACHE_TTL_PRICING_TRENDS", "pricing_trends", "600"),
    ttl!("CACHE_TTL_SENTIMENT_OVERVIEW", "sentiment_overview", "900"),
    ttl!("CACHE_TTL_FORECAST_DEMAND", "forecast_demand", "1800"),
    variable!("CACHE_GRACE", "DURATION", "How long an entry may be served after its soft TTL",
        unset "equal to the soft TTL",
        |config, text| { config.cache.grace = Some(parse::duration(text)?); Ok(()) }),
    variable!("CACHE_EAGER_REFRESH", "PERCENT",
        "From which part of its soft TTL on an entry that is read is loaded anew in the background, or off",
        default "off",
        |config, text| { config.cache.eager_refresh_percent = parse::eager_percent(text)?; Ok(()) }),
    variable!("CACHE_OUTAGE_TTL", "DURATION",
        "The greatest age of a local entry while Redis is away; 0 makes every read a miss",
        default "5s",
        |config, text| { config.cache.outage_ttl = parse::duration(text)?; Ok(()) }),
    variable!("CACHE_COHERENCE_BOUND", "DURATION", "How long another node may serve what was invalidated",
        default "2s",
        |config, text| { config.cache.coherence_bound = parse::duration_above_zero(text)?; Ok(()) }),
    variable!("CACHE_STRICT_ENDPOINTS", "LIST",
        "Endpoints whose reads ask Redis each time whether anything was invalidated, separated by commas",
        unset "none",
        |config, text| { config.cache.strict = parse::endpoints(text)?; Ok(()) }),
    variable!("RATE_LIMIT_TENANT", "RATE", "Requests per second of one tenant, or off", default "off",
        |config, text| { config.rate_limit_tenant = parse::rate(text)?; Ok(()) }),
    variable!("DATA_SOURCE", "SOURCE", "upstream: the API at UPSTREAM_URL; sql: straight from DATABASE_URL",
        default "upstream",
        |config, text| { config.data.source = parse::data_source(text)?; Ok(()) }),
    variable!("UPSTREAM_URL", "URL", "The marketplace API", default "http://localhost:8001",
        |config, text| { config.data.upstream_url = parse::http_url(text)?; Ok(()) }),
    variable!("UPSTREAM_TIMEOUT", "DURATION", "The hard time-out of one load, the wait for its turn included", default "5s",
        |config, text| { config.data.upstream_timeout = parse::duration_above_zero(text)?; Ok(()) }),
    variable!("ORIGIN_CONCURRENCY", "COUNT", "Loads under way at a time on this node; further ones wait",
        default "256",
        |config, text| { config.data.concurrency = parse::loads(text)?; Ok(()) }),
    variable!("ORIGIN_CONCURRENCY_TENANT", "COUNT", "Loads of one tenant under way at a time; further ones wait",
        default "16",
        |config, text| { config.data.concurrency_tenant = parse::loads(text)?; Ok(()) }),
    variable!("DATABASE_URL", "URL", "The store: sqlite:// or postgres://",
        default "sqlite://sellerboard.db",
        |config, text| { config.data.database_url = parse::database_url(text)?; Ok(()) }),
    variable!(
        "JWT_SECRET",
        "TEXT",
        "The HS256 secret of the tokens, at least 32 bytes (in the environment it is safer than as a flag)",
        secret,
        |config, text| {
            config.auth.secret = Some(Secret::new(parse::text(text)?));
            Ok(())
        }
    ),
    variable!("JWT_JWKS_URL", "URL", "Where the public keys of RS256, ES256 or EdDSA tokens are fetched",
        unset "-",
        |config, text| { config.auth.jwks_url = Some(parse::jwks_url(text)?); Ok(()) }),
    variable!("JWT_ISSUER", "TEXT", "The only accepted issuer of tokens", unset "-",
        |config, text| { config.auth.issuer = Some(parse::text(text)?); Ok(()) }),
    variable!("JWT_AUDIENCE", "TEXT", "The only accepted audience of tokens", unset "-",
        |config, text| { config.auth.audience = Some(parse::text(text)?); Ok(()) }),
    variable!("JWT_LEEWAY", "DURATION", "How far the clock of the tokens' issuer may be from ours, at most 60s",
        default "30s",
        |config, text| { config.auth.leeway = parse::leeway(text)?; Ok(()) }),
    variable!(
        "WEBHOOK_SECRET",
        "TEXT",
        "The key of signed events: whsec_ and base64",
        secret,
        |config, text| {
            config.webhook_secret = Some(parse::webhook_secret(text)?);
            Ok(())
        }
    ),
    variable!("ALERT_LEAD_DAYS", "DAYS", "Days from an order at the supplier to its arrival, which a stock must last",
        default "14",
        |config, text| { config.alerts.lead_days = parse::days(text)?; Ok(()) }),
    variable!("ALERT_STOCK_OUT_PERCENT", "PERCENT",
        "The least probability that a stock is gone before a delivery could arrive", default "50",
        |config, text| { config.alerts.stock_out_percent = parse::percent(text)?; Ok(()) }),
    variable!("ALERT_SALES_DROP_PERCENT", "PERCENT", "The least fall of sales below a usual week", default "30",
        |config, text| { config.alerts.sales_drop_percent = parse::percent(text)?; Ok(()) }),
    variable!("ALERT_PRICE_UNDERCUT_PERCENT", "PERCENT",
        "How much cheaper than the shop the cheapest competitor is at least", default "5",
        |config, text| { config.alerts.price_undercut_percent = parse::percent(text)?; Ok(()) }),
    variable!("ALERT_REFUND_SHARE_PERCENT", "PERCENT", "The least share of orders that come back", default "3",
        |config, text| { config.alerts.refund_share_percent = parse::percent(text)?; Ok(()) }),
    variable!("ALERT_SENTIMENT_FALL", "NUMBER", "The least fall of the mean score of reviews, which is between -1 and 1",
        default "0.1",
        |config, text| { config.alerts.sentiment_fall = parse::fall(text)?; Ok(()) }),
    variable!("ALERT_CONFIDENCE_PERCENT", "PERCENT",
        "How sure it must be that sales, reviews and refunds changed, and that it is no chance", default "99",
        |config, text| { config.alerts.confidence_percent = parse::percent(text)?; Ok(()) }),
    variable!("MARKETPLACE_ADDR", "ADDR", "Where the mock marketplace listens", default "127.0.0.1:8001",
        |config, text| { config.marketplace.addr = parse::address(text)?; Ok(()) }),
    variable!("MARKETPLACE_LATENCY", "DURATION", "How slow each read of the mock marketplace is",
        default "500ms",
        |config, text| { config.marketplace.latency = parse::duration(text)?; Ok(()) }),
    variable!("MARKETPLACE_WEBHOOK_URL", "URL", "Where the mock marketplace sends its events",
        unset "- (demo: our own /api/v1/events)",
        |config, text| { config.marketplace.webhook_url = Some(parse::http_url(text)?); Ok(()) }),
    variable!("LOG_FORMAT", "FORMAT", "pretty for people, json for machines", default "pretty",
        |config, text| { config.log.format = parse::log_format(text)?; Ok(()) }),
    variable!("RUST_LOG", "FILTER", "What is logged, such as info or warn,sellerboard=debug", default "info",
        |config, text| { config.log.filter = parse::log_filter(text)?; Ok(()) }),
];

/// What the names of the variables start with that have an endpoint's soft TTL.
const TTL_PREFIX: &str = "CACHE_TTL_";

/// The names of all endpoints.
pub(super) fn endpoint_names() -> impl Iterator<Item = String> {
    let ttls = VARIABLES.iter();
    ttls.filter_map(|variable| variable.name.strip_prefix(TTL_PREFIX))
        .map(str::to_ascii_lowercase)
}

impl Variable {
    /// Its key in `sellerboard.toml`.
    #[must_use]
    pub fn file_key(&self) -> String {
        self.name.to_ascii_lowercase()
    }

    /// Its flag, without the leading hyphens.
    #[must_use]
    pub fn flag(&self) -> String {
        self.file_key().replace('_', "-")
    }

    /// The variable of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        VARIABLES.iter().find(|variable| variable.name == name)
    }
}
