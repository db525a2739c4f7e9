use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use tenantcache::{EntryDetails, Key, Source};
use utoipa::ToSchema;

use crate::app::caller::Caller;
use crate::app::params::{Params, TEXT_BYTES_MAX};
use crate::app::state::AppState;
use crate::http::{Problem, ProblemDocument};

/// The longest value that a tier keeps.
const VALUE_BYTES_MAX: u32 = 32 << 20;

/// An entry as one tier holds it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Entry {
    /// The key.
    key: String,
    /// `local` or `redis`.
    tier: &'static str,
    /// `fresh`, `stale`, `expired`, or `invalid` if it was invalidated or cannot be proven valid now.
    state: &'static str,
    /// Seconds since its load began.
    age: u64,
    /// Seconds it is fresh yet; negative while it is stale.
    ttl: i64,
    /// The soft TTL it was stored with, seconds.
    soft_ttl: u64,
    /// The hard TTL it was stored with, seconds.
    hard_ttl: u64,
    /// The tenant's generation when its load began.
    generation: u64,
    /// Which life of the tenant's table that was.
    incarnation: String,
    /// Its tags; null if they are not known.
    tags: Option<Vec<String>>,
    /// Whether it is a "does not exist".
    negative: bool,
    /// The value's media type.
    content_type: String,
    /// The value's length.
    bytes: usize,
    /// The value; in lists it is left out, and so is one that is longer than `value_bytes_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    value: Option<Value>,
    /// How a value begins that was left out for its length, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_start: Option<String>,
}

/// One entry, as the tier has it that a read would look into first, and its copy in the other one.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct FoundEntry {
    #[serde(flatten)]
    first: Entry,
    /// What the other tier has under this key, without its value; null if it has nothing.
    copy: Option<Entry>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Entries {
    items: Vec<Entry>,
    /// Where to go on, or null.
    next_cursor: Option<String>,
}

/// The tenant's entries in this node's local tier, and those filled lately in Redis.
#[utoipa::path(
    get, path = "/api/v1/cache/entries", tag = "cache",
    params(("prefix" = Option<String>, Query, min_length = 1, max_length = 1024, pattern = r"^[^\x00-\x1F\x7F-\x9F]*$", description = "Keys that start so"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Default 50"),
        ("cursor" = Option<String>, Query, min_length = 1, max_length = 1024, pattern = r"^[^\x00-\x1F\x7F-\x9F]*$", description = "The next_cursor of the page before"),
        ("tenant" = Option<String>, Query, min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.@+-]+$", description = "Another tenant; needs cache:admin")),
    responses((status = 200, body = Entries, description = "A page of entries, by key"),
        (status = 400, body = ProblemDocument, description = "A parameter is not valid", content_type = "application/problem+json"),
        (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json"),
        (status = 403, body = ProblemDocument, description = "Another tenant", content_type = "application/problem+json")),
)]
pub(in crate::app) async fn entries(
    State(app): State<AppState>,
    caller: Caller,
    params: Params<'static>,
) -> Result<Json<Entries>, Problem> {
    let tenant = caller.tenant_named(params.text("tenant", TEXT_BYTES_MAX)?)?;
    let tenant = app.cache.tenant(&tenant);
    let limit = usize::try_from(params.number("limit", 1..=100, 50)?).unwrap_or(50);
    let prefix = params.text("prefix", Key::BYTES_MAX)?.unwrap_or_default();
    let cursor = params.text("cursor", Key::BYTES_MAX)?;
    let mut keys = tenant.keys(prefix, cursor, limit + 1).await;
    let next_cursor = if keys.len() > limit {
        keys.truncate(limit);
        keys.last().map(|key| key.as_str().to_owned())
    } else {
        None
    };
    let mut items = Vec::with_capacity(keys.len());
    for key in &keys {
        // An entry may be gone by now, or be listed in Redis' index only.
        if let Some(details) = tenant.inspect(key).await.ok().and_then(first) {
            items.push(render(key, &details));
        }
    }
    Ok(Json(Entries { items, next_cursor }))
}

/// One entry, its header decoded.
#[utoipa::path(
    get, path = "/api/v1/cache/entry", tag = "cache",
    params(("key" = String, Query, min_length = 3, max_length = 1024, pattern = "^[A-Za-z0-9_.~@+-]{1,64}:[A-Za-z0-9_.@+-]{1,128}(:([A-Za-z0-9_.~@+-]|%[0-9A-F]{2})+:([A-Za-z0-9_.~@+-]|%[0-9A-F]{2})*)*$", description = "The key, as Cache-Status names it"),
        ("value_bytes_max" = Option<u32>, Query, minimum = 0, maximum = 33_554_432, description = "Of a longer value, only the start is given. Default 33554432: all of any")),
    responses((status = 200, body = FoundEntry, description = "The entry"),
        (status = 400, body = ProblemDocument, description = "Not a key", content_type = "application/problem+json"),
        (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json"),
        (status = 403, body = ProblemDocument, description = "Another tenant's key without cache:admin", content_type = "application/problem+json"),
        (status = 404, body = ProblemDocument, description = "No such entry", content_type = "application/problem+json"),
        (status = 414, body = ProblemDocument, description = "Path and query have more than 8 KiB", content_type = "application/problem+json")),
)]
pub(in crate::app) async fn entry(
    State(app): State<AppState>,
    caller: Caller,
    params: Params<'static>,
) -> Result<Json<FoundEntry>, Problem> {
    let Some(text) = params.text("key", Key::BYTES_MAX)? else {
        return Err(Problem::invalid_parameter("key", "the key of an entry"));
    };
    let key: Key = text.parse().map_err(|error| {
        Problem::invalid_parameter("key", &format!("the key of an entry: {error}"))
    })?;
    let value_bytes_max = params.number("value_bytes_max", 0..=VALUE_BYTES_MAX, VALUE_BYTES_MAX)?;
    let value_bytes_max = usize::try_from(value_bytes_max).unwrap_or(usize::MAX);
    let tenant = caller.tenant_named(Some(key.tenant()))?;
    let held = app.cache.tenant(&tenant).inspect(&key).await;
    let mut held = held.unwrap_or_default().into_iter();
    let Some(first) = held.next() else {
        return Err(Problem::not_found("no tier has an entry of this key"));
    };
    let copy = held.next().map(|details| render(&key, &details));
    let body = first.body.clone();
    let mut first = render(&key, &first);
    if body.len() <= value_bytes_max {
        first.value = Some(value(&body));
    } else {
        let start = &body[..value_bytes_max];
        first.value_start = Some(String::from_utf8_lossy(start).into_owned());
    }
    Ok(Json(FoundEntry { first, copy }))
}

/// JSON as it is, anything else as text.
fn value(body: &[u8]) -> Value {
    let parsed = serde_json::from_slice(body);
    parsed.unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

/// The tier that a read would look into first.
fn first(details: Vec<EntryDetails>) -> Option<EntryDetails> {
    details.into_iter().next()
}

fn render(key: &Key, details: &EntryDetails) -> Entry {
    let (age, soft, hard) = (details.age, details.lifetime.soft, details.lifetime.hard);
    let state = match () {
        () if age >= hard => "expired",
        () if !details.valid => "invalid",
        () if age >= soft => "stale",
        () => "fresh",
    };
    let seconds = |span: std::time::Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    let tags = details.tags.known();
    Entry {
        key: key.to_string(),
        tier: if details.tier == Source::Local {
            "local"
        } else {
            "redis"
        },
        state,
        age: age.as_secs(),
        ttl: if age < soft {
            seconds(soft - age)
        } else {
            -1 - seconds(age - soft)
        },
        soft_ttl: soft.as_secs(),
        hard_ttl: hard.as_secs(),
        generation: details.generation.get(),
        incarnation: details.incarnation.to_string(),
        tags: tags.map(|tags| tags.iter().map(ToString::to_string).collect()),
        negative: details.negative,
        bytes: details.body.len(),
        content_type: details.content_type.clone(),
        value: None,
        value_start: None,
    }
}
