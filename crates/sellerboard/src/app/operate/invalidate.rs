use axum::Json;
use axum::extract::State;
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use tenantcache::remote::Durability;
use tenantcache::{EndpointPrefix, Error, ErrorKind, Invalidation, Key, Scope, Tag, TenantId};
use utoipa::ToSchema;

use super::record::InvalidationRecord;
use super::{rfc3339, wall};
use crate::app::caller::Caller;
use crate::app::params::{Params, TEXT_BYTES_MAX};
use crate::app::read::{EndpointName, endpoint_named};
use crate::app::state::AppState;
use crate::http::{Problem, ProblemDocument, is_command_line};

/// What became of an invalidation.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Invalidated {
    /// `applied`: every node heeds it within the coherence bound. `queued`: this node heeds it, and Redis will be told
    /// as soon as it answers, even if the service is killed before. `applied-unreplicated`: applied, but no replica has
    /// confirmed it.
    status: &'static str,
    /// The tenant's generation as of this invalidation; null while it is queued.
    generation: Option<u64>,
}

/// What has to be known of an invalidation before its outcome is told.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Confirmation {
    #[default]
    Local,
    Replicated,
}

/// Invalidates the caller's tenant, or just what one selector names.
#[utoipa::path(
    delete, path = "/api/v1/cache", tag = "cache",
    params(("key" = Option<String>, Query, min_length = 3, max_length = 1024, pattern = "^[A-Za-z0-9_.~@+-]{1,64}:[A-Za-z0-9_.@+-]{1,128}(:([A-Za-z0-9_.~@+-]|%[0-9A-F]{2})+:([A-Za-z0-9_.~@+-]|%[0-9A-F]{2})*)*$", description = "One entry, as Cache-Status names it"),
        ("endpoint" = inline(Option<EndpointName>), Query, description = "One endpoint"),
        ("prefix" = Option<String>, Query, min_length = 1, max_length = 64, pattern = "^[!-~]+$", description = "Endpoints whose name starts so, literally"),
        ("tag" = Option<String>, Query, min_length = 1, max_length = 128, pattern = r"^[^\x00-\x1F\x7F-\x9F]*$", description = "Entries with this tag"),
        ("tenant" = Option<String>, Query, min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.@+-]+$", description = "Another tenant; needs cache:admin"),
        ("durability" = inline(Option<Confirmation>), Query, description = "Default `local`; `replicated`: say whether a replica has it")),
    responses(
        (status = 200, body = Invalidated, description = "It holds on this node"),
        (status = 400, body = ProblemDocument, description = "Two selectors, an empty one, or an unknown endpoint", content_type = "application/problem+json"),
        (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json"),
        (status = 403, body = ProblemDocument, description = "Another tenant; nothing is changed", content_type = "application/problem+json"),
        (status = 503, body = ProblemDocument, description = "It could be neither applied in Redis nor kept on disk; it holds on this node only", content_type = "application/problem+json"),
    ),
)]
pub(in crate::app) async fn invalidate(
    State(app): State<AppState>,
    caller: Caller,
    params: Params<'static>,
    headers: HeaderMap,
) -> Result<Json<Invalidated>, Problem> {
    let tenant = caller.tenant_named(params.text("tenant", TEXT_BYTES_MAX)?)?;
    let durability = match params.choice("durability", "local or replicated")? {
        Confirmation::Local => Durability::Applied,
        Confirmation::Replicated => Durability::Replicated,
    };
    let scope = scope(&params, &tenant)?;
    let cause = cause(&headers);
    let outcome = app
        .cache
        .tenant(&tenant)
        .invalidate_durably(std::slice::from_ref(&scope), durability)
        .await;
    let outcome = outcome.map_err(|error| problem(&error))?;
    let (status, generation) = match outcome {
        Invalidation::AppliedUnreplicated { generation } => {
            ("applied-unreplicated", Some(generation.get()))
        }
        Invalidation::Applied { generation } => ("applied", Some(generation.get())),
        Invalidation::Queued => ("queued", None),
    };
    tracing::info!(
        %tenant, %scope, status, generation, cause, by = caller.subject(),
        "Cache invalidated"
    );
    app.invalidations.add(InvalidationRecord {
        at: rfc3339(wall()),
        tenant: tenant.to_string(),
        scope: scope.to_string(),
        status: status.to_owned(),
        generation,
        cause: cause.to_owned(),
        by: caller.subject().to_owned(),
    });
    Ok(Json(Invalidated { status, generation }))
}

/// By what means somebody asks, as far as the request tells: a help for people, and proof of nothing.
fn cause(headers: &HeaderMap) -> &'static str {
    let value = |name: HeaderName| headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
    // Browsers say so themselves; scripts of pages cannot.
    if value(HeaderName::from_static("sec-fetch-site")) == b"same-origin" {
        "console"
    } else if is_command_line(value(USER_AGENT)) {
        "command line"
    } else {
        "request"
    }
}

fn problem(error: &Error) -> Problem {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "failed to invalidate"
    );
    match error.kind() {
        ErrorKind::NotDurable => Problem::unavailable(
            "Redis is away and the invalidation could not be kept on disk; it holds on this node only: send it again",
        ),
        _ => Problem::internal(),
    }
}

/// What the one selector names; without any, the whole tenant.
fn scope(params: &Params<'_>, tenant: &TenantId) -> Result<Scope, Problem> {
    let selectors = ["key", "endpoint", "prefix", "tag"];
    let mut given = Vec::new();
    for name in selectors {
        if let Some(text) = params.text(name, Key::BYTES_MAX)? {
            given.push((name, text));
        }
    }
    let invalid = |name: &str, error: &dyn std::error::Error| {
        Problem::invalid_parameter(name, &format!("another value: {error}"))
    };
    match given[..] {
        [] => Ok(Scope::Tenant),
        [("key", text)] => {
            let key: Key = text.parse().map_err(|error| invalid("key", &error))?;
            if key.tenant() != tenant.as_str() {
                tracing::warn!(%tenant, "Refused: another tenant's key was to be invalidated");
                return Err(Problem::forbidden("the key belongs to another tenant"));
            }
            Ok(Scope::Key(key))
        }
        [("endpoint", text)] => endpoint_named(text)
            .cloned()
            .map(Scope::Endpoint)
            .ok_or_else(|| {
                Problem::invalid_parameter("endpoint", "the name of an endpoint, such as products")
            }),
        [("prefix", text)] => EndpointPrefix::new(text)
            .map(Scope::Prefix)
            .map_err(|error| invalid("prefix", &error)),
        [("tag", text)] => Tag::new(text)
            .map(Scope::Tag)
            .map_err(|error| invalid("tag", &error)),
        _ => Err(Problem::bad_request(format!(
            "give at most one of {}",
            selectors.join(", ")
        ))),
    }
}
