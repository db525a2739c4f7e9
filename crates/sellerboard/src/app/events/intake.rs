use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use http::StatusCode;
use serde::Serialize;
use tenantcache::Invalidation;
use tenantcache::events::{Event, Published};
use utoipa::ToSchema;

use super::body::Bodies;
use super::message;
use super::replay::Replays;
use super::sender::Sender;
use super::signature::Key;
use crate::app::operate::{InvalidationLog, InvalidationRecord, rfc3339, wall};
use crate::app::state::AppState;
use crate::config::Secret;
use crate::http::{Problem, ProblemDocument};

/// What `POST /events` remembers.
#[derive(Debug)]
pub(in crate::app) struct Intake {
    /// `None`: only tokens are accepted.
    pub(super) key: Option<Key>,
    pub(super) replays: Arc<Replays>,
    bodies: Bodies,
}

/// What became of the events.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::app) struct Accepted {
    /// How many events were read.
    accepted: usize,
    /// For how many of them there is a rule that invalidates something.
    matched: usize,
    /// `applied`: every node heeds them within the coherence bound. `queued`: this node heeds them, and Redis will be
    /// told as soon as it answers.
    status: &'static str,
}

/// Something that happened to one tenant's data. Other attributes and `data` may stand beside these, and are ignored.
#[expect(dead_code, reason = "describes what `Event` reads")]
#[derive(ToSchema)]
pub(in crate::app) struct CloudEvent {
    /// Always `1.0`.
    #[schema(pattern = r"^1\.0$")]
    specversion: String,
    /// What tells it from others of its source.
    #[schema(
        min_length = 1,
        max_length = 1024,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]*$"
    )]
    id: String,
    /// Where it happened.
    #[schema(
        min_length = 1,
        max_length = 1024,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]*$"
    )]
    source: String,
    /// What kind of event it is, such as `product.updated`.
    #[schema(
        min_length = 1,
        max_length = 1024,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]*$"
    )]
    r#type: String,
    /// Whose data it concerns.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.@+-]+$")]
    tenantid: String,
    /// Which thing it is about, such as the id of a product.
    #[schema(
        min_length = 1,
        max_length = 1024,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]*$"
    )]
    subject: Option<String>,
}

impl Intake {
    pub(in crate::app) fn new(secret: Option<&Secret>) -> Self {
        Self {
            key: secret.map(Key::new),
            replays: Arc::default(),
            bodies: Bodies::default(),
        }
    }
}

/// Publishes events: what changed is invalidated by the configured rules.
///
/// The body is a CloudEvent 1.0 in structured, batch or binary mode with the extension `tenantid`. It is signed as
/// Standard Webhooks describes, or sent with a token that has the scope `events:publish`. All events of a batch are
/// published, or none. Repeating an event is harmless.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "events", security(("bearer" = []), ("webhook" = [])),
    request_body(description = "One event or a batch of at most 1,000; at most 1 MiB", content(
        (CloudEvent = "application/cloudevents+json"), (Vec<CloudEvent> = "application/cloudevents-batch+json"))),
    params(("webhook-id" = Option<String>, Header, description = "The delivery's id"),
        ("webhook-timestamp" = Option<u64>, Header, description = "When it was sent, in seconds since 1970; within 5 minutes of now"),
        ("webhook-signature" = Option<String>, Header, description = "`v1,` and the base64 of the HMAC-SHA256 over `id.timestamp.body`; several are separated by spaces")),
    responses(
        (status = 202, body = Accepted, description = "The invalidations hold, or are queued durably"),
        (status = 400, body = ProblemDocument, description = "Not an event; names the attribute", content_type = "application/problem+json"),
        (status = 401, body = ProblemDocument, description = "Not signed, badly signed, too old or seen before, and no valid token", content_type = "application/problem+json"),
        (status = 403, body = ProblemDocument, description = "The token does not allow it; nothing is changed", content_type = "application/problem+json"),
        (status = 413, body = ProblemDocument, description = "More than 1 MiB", content_type = "application/problem+json"),
        (status = 503, body = ProblemDocument, description = "Not accepted; send it again", content_type = "application/problem+json"),
    ),
)]
pub(in crate::app) async fn receive(
    State(app): State<AppState>,
    request: Request,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    let accepted = accept(&app, request).await;
    if accepted.is_err() {
        app.metrics.event_rejected();
    }
    accepted.map(|accepted| (StatusCode::ACCEPTED, Json(accepted)))
}

async fn accept(app: &AppState, request: Request) -> Result<Accepted, Problem> {
    let (mut parts, body) = request.into_parts();
    let body = app.events.bodies.read(body).await?;
    let sender = Sender::of(&mut parts, &body, app).await?;
    let events = message::events(&parts.headers, &body)?;
    sender.authorize(&events)?;
    let published = app.cache.publish_all(&events).await.map_err(|error| {
        tracing::error!(%error, "failed to invalidate by an event");
        Problem::unavailable("the events could not be applied; send them again")
    })?;
    let mut accepted = Accepted {
        accepted: events.len(),
        matched: 0,
        status: "applied",
    };
    for (event, published) in events.iter().zip(&published) {
        let Some(outcome) = published.outcome else {
            tracing::debug!(kind = event.kind(), tenant = %event.tenant(), "event without a rule");
            continue;
        };
        accepted.matched += 1;
        if record(
            &app.invalidations,
            event,
            published,
            outcome,
            sender.subject(),
        ) == "queued"
        {
            accepted.status = "queued";
        }
    }
    sender.accepted();
    Ok(accepted)
}

/// Writes down what an event invalidated, and gives the outcome's name.
pub(in crate::app) fn record(
    log: &InvalidationLog,
    event: &Event,
    published: &Published,
    outcome: Invalidation,
    by: &str,
) -> &'static str {
    let scopes: Vec<String> = published.scopes.iter().map(ToString::to_string).collect();
    let scope = scopes.join(", ");
    let status = if outcome == Invalidation::Queued {
        "queued"
    } else {
        "applied"
    };
    let generation = match outcome {
        Invalidation::Applied { generation } => Some(generation.get()),
        _ => None,
    };
    let tenant = event.tenant();
    let cause = format!("{} {}", event.kind(), event.id());
    tracing::info!(%tenant, %scope, status, generation, cause, by, "Cache invalidated");
    log.add(InvalidationRecord {
        at: rfc3339(wall()),
        tenant: tenant.to_string(),
        scope,
        status: status.to_owned(),
        generation,
        cause,
        by: by.to_owned(),
    });
    status
}
