use axum::extract::FromRequestParts as _;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use tenantcache::clock::{Clock, SystemClock};
use tenantcache::events::Event;

use super::intake::Intake;
use super::replay::Admission;
use super::signature::{TOLERANCE_SECONDS, is_signed};
use crate::app::caller::{Caller, SCOPE_ADMIN};
use crate::app::state::AppState;
use crate::auth::AuthError;
use crate::http::Problem;

/// The scope that lets a token publish events.
const SCOPE_PUBLISH: &str = "events:publish";

/// Who sent the events.
#[derive(Debug)]
pub(super) enum Sender {
    /// Who knows the key may speak of every tenant.
    Signed(Admission),
    Token(Box<Caller>),
}

impl Sender {
    /// Who sent this request. A token decides if there is one; else it must be signed.
    pub(super) async fn of(
        parts: &mut Parts,
        body: &[u8],
        app: &AppState,
    ) -> Result<Self, Problem> {
        if parts.headers.contains_key(AUTHORIZATION) {
            let caller = Caller::from_request_parts(parts, app).await?;
            if !caller.has_scope(SCOPE_PUBLISH) {
                return Err(Problem::forbidden(format!(
                    "publishing events needs the scope {SCOPE_PUBLISH}"
                )));
            }
            return Ok(Self::Token(Box::new(caller)));
        }
        if !is_signed(&parts.headers) {
            return Err(Problem::unauthenticated(AuthError::Missing));
        }
        signed(parts, body, &app.events).map(Self::Signed)
    }

    /// Checks that the sender may speak of every event's tenant.
    pub(super) fn authorize(&self, events: &[Event]) -> Result<(), Problem> {
        let Self::Token(caller) = self else {
            return Ok(());
        };
        let is_foreign = |event: &Event| event.tenant() != caller.tenant();
        if caller.is_admin() || !events.iter().any(is_foreign) {
            return Ok(());
        }
        tracing::warn!(
            tenant = %caller.tenant(), subject = caller.subject(),
            "Refused: another tenant's event was published without cache:admin"
        );
        Err(Problem::forbidden(format!(
            "another tenant's events need the scope {SCOPE_ADMIN}; none of the events was published"
        )))
    }

    /// The person or machine, for the record of what was done.
    pub(super) fn subject(&self) -> &str {
        match self {
            Self::Signed(_) => "webhook",
            Self::Token(caller) => caller.subject(),
        }
    }

    /// The events were accepted.
    pub(super) fn accepted(self) {
        match self {
            Self::Signed(admission) => admission.keep(),
            Self::Token(_) => {}
        }
    }
}

fn signed(parts: &Parts, body: &[u8], intake: &Intake) -> Result<Admission, Problem> {
    let Some(key) = &intake.key else {
        return Err(unauthenticated(
            "signed events are not accepted here: WEBHOOK_SECRET is not set".to_owned(),
        ));
    };
    let now = SystemClock::default().wall().as_secs();
    let delivery = key
        .verify(&parts.headers, body, now)
        .map_err(|error| unauthenticated(error.to_string()))?;
    let ends_at = delivery.sent_at.saturating_add(TOLERANCE_SECONDS);
    let admission = intake.replays.admit(delivery.proof, now, ends_at);
    admission.ok_or_else(|| {
        unauthenticated("this delivery was received before; sign each attempt anew".to_owned())
    })
}

/// 401 for a delivery that is not, or not well, signed.
fn unauthenticated(detail: String) -> Problem {
    tracing::warn!("Refused: {detail}");
    let challenge = AuthError::Missing.www_authenticate();
    let challenge = HeaderValue::from_str(&challenge);
    Problem::new(StatusCode::UNAUTHORIZED, detail).with_header(
        WWW_AUTHENTICATE,
        challenge.unwrap_or(HeaderValue::from_static("Bearer")),
    )
}
