//! Parsers of single values. Each error says what was expected; the loader adds the key, the source and the value.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use redis::IntoConnectionInfo as _;
use reqwest::Url;

use super::model::{DataSource, LogFormat};
use super::registry::endpoint_names;
use super::secret::{RedisLocation, Secret, SecretUrl};

/// A value, or what was expected in its place.
pub(super) type Parsed<T> = Result<T, String>;

const DURATION: &str = "a duration such as 300 (seconds), 100ms, 5s, 10m or 1h";
const SIZE: &str = "a size such as 512KB, 256MB or 1GB";
const DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
const LEEWAY_MAX: Duration = Duration::from_secs(60);
const WEBHOOK_PREFIX: &str = "whsec_";
const WEBHOOK_KEY_BYTES_MIN: usize = 24;

/// Parses a duration as the configuration writes it: a bare number is seconds, else `ms`, `s`, `m` or `h`.
///
/// # Errors
///
/// What was expected, if the text is something else or above 366 days.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    duration(text).map_err(|expected| format!("expected {expected}"))
}

pub(super) fn boolean(text: &str) -> Parsed<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}

/// At most 366 days, so that sums of durations cannot overflow a clock.
pub(super) fn duration(text: &str) -> Parsed<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| DURATION.to_owned())?;
    let duration = match unit.trim_start() {
        "ms" => Some(Duration::from_millis(number)),
        "" | "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => return Err(DURATION.to_owned()),
    };
    duration
        .filter(|duration| *duration <= DURATION_MAX)
        .ok_or_else(|| "a duration of at most 366 days".to_owned())
}

pub(super) fn duration_above_zero(text: &str) -> Parsed<Duration> {
    let duration = duration(text)?;
    if duration.is_zero() {
        return Err("a duration above zero".to_owned());
    }
    Ok(duration)
}

/// Powers of 1024; a bare number is bytes.
pub(super) fn size(text: &str) -> Parsed<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| SIZE.to_owned())?;
    let scale = match unit.trim_start().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "KB" => 1 << 10,
        "MB" => 1 << 20,
        "GB" => 1 << 30,
        _ => return Err(SIZE.to_owned()),
    };
    number
        .checked_mul(scale)
        .filter(|bytes| i64::try_from(*bytes).is_ok())
        .ok_or_else(|| "a size below 8 EiB".to_owned())
}

pub(super) fn size_of_redis(text: &str) -> Parsed<u64> {
    let bytes = size(text)?;
    if bytes < 1 << 20 {
        return Err("a size of at least 1MB".to_owned());
    }
    Ok(bytes)
}

pub(super) fn rate(text: &str) -> Parsed<Option<NonZeroU32>> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| "off or a whole number of requests per second above zero".to_owned())
}

pub(super) fn count(text: &str) -> Parsed<Option<NonZeroU32>> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| "off or a whole number above zero".to_owned())
}

/// More than half cannot be promised: a large answer must find room, too.
pub(super) fn floor_percent(text: &str) -> Parsed<u8> {
    let percent = text.parse().ok().filter(|percent| *percent <= 50);
    percent.ok_or_else(|| "a whole number from 0 to 50".to_owned())
}

/// A part of the soft TTL; without any, refreshes begin at its end.
pub(super) fn eager_percent(text: &str) -> Parsed<u8> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(100);
    }
    let percent = text
        .parse()
        .ok()
        .filter(|percent| (1..100).contains(percent));
    percent.ok_or_else(|| "off or a whole number from 1 to 99".to_owned())
}

pub(super) fn percent(text: &str) -> Parsed<f64> {
    number(text, 100.0).ok_or_else(|| "a number above 0, at most 100".to_owned())
}

/// Of scores between -1 and 1.
pub(super) fn fall(text: &str) -> Parsed<f64> {
    number(text, 2.0).ok_or_else(|| "a number above 0, at most 2".to_owned())
}

fn number(text: &str, max: f64) -> Option<f64> {
    let number = text.parse().ok();
    number.filter(|number| *number > 0.0 && *number <= max)
}

pub(super) fn days(text: &str) -> Parsed<u32> {
    let days = text.parse().ok().filter(|days| (1..=180).contains(days));
    days.ok_or_else(|| "a whole number of days from 1 to 180".to_owned())
}

/// Times in tokens are whole seconds, and a leeway above a minute would prolong every token noticeably (RFC 7519 §4.1.4).
pub(super) fn leeway(text: &str) -> Parsed<Duration> {
    duration(text)
        .ok()
        .filter(|leeway| *leeway <= LEEWAY_MAX && leeway.subsec_nanos() == 0)
        .ok_or_else(|| "a duration of whole seconds, at most 60s".to_owned())
}

/// How many may be under way at a time.
pub(super) fn loads(text: &str) -> Parsed<usize> {
    let count = text.parse().ok();
    let count = count.filter(|count| (1..=100_000).contains(count));
    count.ok_or_else(|| "a whole number from 1 to 100000".to_owned())
}

/// `localhost` stands for 127.0.0.1; other names are not looked up, so that the start does not depend on DNS.
pub(super) fn address(text: &str) -> Parsed<SocketAddr> {
    if let Some(port) = text.strip_prefix("localhost:") {
        let port = port.parse().map_err(|_| expected_address())?;
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.parse().map_err(|_| expected_address())
}

fn expected_address() -> String {
    "an address and port such as 127.0.0.1:8000 or [::]:8000".to_owned()
}

pub(super) fn http_url(text: &str) -> Parsed<Url> {
    let expected = || "a URL that starts with http:// or https://".to_owned();
    let url = Url::parse(text).map_err(|_| expected())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(expected());
    }
    Ok(url)
}

/// Keys fetched in clear could be swapped on the way, so plain HTTP is for this machine only.
pub(super) fn jwks_url(text: &str) -> Parsed<Url> {
    let url = http_url(text)?;
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err("a URL that starts with https:// (http:// only on this machine)".to_owned());
    }
    Ok(url)
}

/// Whether the URL's host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

pub(super) fn database_url(text: &str) -> Parsed<SecretUrl> {
    let known = ["sqlite://", "postgres://", "postgresql://"];
    let rest = known.iter().find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(SecretUrl::new(text.to_owned())),
        _ => Err("a URL such as sqlite://sellerboard.db or postgres://user@host/name".to_owned()),
    }
}

pub(super) fn redis_location(text: &str) -> Parsed<RedisLocation> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(RedisLocation::None);
    }
    let expected = "none or a URL such as redis://host:6379/0, rediss://, redis+unix:///path, redis-sentinel:// or redis-cluster://";
    let url = SecretUrl::new(text.to_owned());
    let valid = match url.scheme() {
        // The client's own parser checks host, port and database number.
        "redis" | "rediss" | "redis+unix" | "unix" => text.into_connection_info().is_ok(),
        "redis-sentinel" | "redis-cluster" => text
            .split_once("://")
            .is_some_and(|(_, rest)| !rest.is_empty() && !rest.starts_with('/')),
        _ => false,
    };
    if !valid {
        return Err(expected.to_owned());
    }
    Ok(RedisLocation::Url(url))
}

pub(super) fn webhook_secret(text: &str) -> Parsed<Secret> {
    let key = text
        .strip_prefix(WEBHOOK_PREFIX)
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .filter(|key| key.len() >= WEBHOOK_KEY_BYTES_MIN);
    key.map(Secret::new)
        .ok_or_else(|| "whsec_ followed by the base64 of at least 24 random bytes".to_owned())
}

pub(super) fn data_source(text: &str) -> Parsed<DataSource> {
    match text {
        "sql" => Ok(DataSource::Sql),
        "upstream" => Ok(DataSource::Upstream),
        _ => Err("upstream or sql".to_owned()),
    }
}

pub(super) fn log_format(text: &str) -> Parsed<LogFormat> {
    match text {
        "json" => Ok(LogFormat::Json),
        "pretty" => Ok(LogFormat::Pretty),
        _ => Err("pretty or json".to_owned()),
    }
}

pub(super) fn log_filter(text: &str) -> Parsed<String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("a log filter such as info or warn,sellerboard=debug".to_owned()),
    }
}

/// Names of endpoints, separated by commas.
pub(super) fn endpoints(text: &str) -> Parsed<BTreeSet<String>> {
    let names = text.split(',').map(str::trim);
    names
        .map(|name| match endpoint_names().find(|known| known == name) {
            Some(known) => Ok(known),
            None => {
                let known: Vec<_> = endpoint_names().collect();
                Err(format!("endpoints among {}", known.join(", ")))
            }
        })
        .collect()
}

pub(super) fn text(text: &str) -> Parsed<String> {
    if text.is_empty() {
        return Err("a text that is not empty".to_owned());
    }
    Ok(text.to_owned())
}
