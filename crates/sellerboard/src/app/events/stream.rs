use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use tenantcache::clock::{Clock, SystemClock};
use tenantcache::{Change, Changes};
use tokio::time::{Sleep, sleep};

use super::seats::Seat;
use super::told::ChangeDocument;
use crate::app::caller::Caller;
use crate::app::state::AppState;
use crate::http::{Problem, ProblemDocument};

/// How long a browser waits until it connects again.
const RETRY: Duration = Duration::from_secs(1);
/// How often a silent stream shows that it is alive: more often than proxies lose patience.
const HEARTBEAT: Duration = Duration::from_secs(15);
const LAST_EVENT_ID: &str = "last-event-id";
/// Tells nginx, and those who follow it, to pass events on as they come.
static X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What changes for the caller's tenant, as it happens, on whichever node it is made.
///
/// Server-sent events: first `ready`, then a `change` for each invalidation. After a reconnect (`Last-Event-ID`) the
/// first `change` covers everything, as what happened in between is not known. The stream ends with the token.
#[utoipa::path(
    get, path = "/api/v1/events/stream", tag = "events",
    responses(
        (status = 200, body = ChangeDocument, description = "The events; the data of a `change` is as described", content_type = "text/event-stream"),
        (status = 401, body = ProblemDocument, description = "No valid token", content_type = "application/problem+json"),
        (status = 429, body = ProblemDocument, description = "100 streams of the tenant are open on this node", content_type = "application/problem+json"),
    ),
)]
pub(in crate::app) async fn stream(
    State(app): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let seat = app.seats.take(caller.tenant())?;
    let now = SystemClock::default().wall();
    let session = Session {
        // From here on, so that nothing is missed between `ready` and the first wait.
        changes: caller.cache(&app).changes(),
        ends: Box::pin(sleep(caller.expires_at().saturating_sub(now))),
        seat,
        step: Step::Greet {
            is_return: headers.contains_key(LAST_EVENT_ID),
        },
    };
    let events = unfold(session, |mut session| async {
        let event = session.next().await?;
        Some((Ok::<_, Infallible>(event), session))
    });
    let keep_alive = KeepAlive::new().interval(HEARTBEAT).text("alive");
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_ACCEL_BUFFERING.clone(), HeaderValue::from_static("no"));
    Ok(response)
}

/// One open stream.
struct Session {
    changes: Changes,
    ends: Pin<Box<Sleep>>,
    seat: Seat,
    step: Step,
}

/// What a stream sends next.
#[derive(Clone, Copy)]
enum Step {
    Greet { is_return: bool },
    CatchUp,
    Follow,
}

impl Session {
    /// The next event; `None` when the stream shall end.
    async fn next(&mut self) -> Option<Event> {
        match self.step {
            Step::Greet { is_return } => {
                self.step = if is_return {
                    Step::CatchUp
                } else {
                    Step::Follow
                };
                let data = json!({"tenant": self.seat.tenant().as_str()});
                let ready = Event::default().event("ready").retry(RETRY).id(next_id());
                Some(ready.data(data.to_string()))
            }
            Step::CatchUp => {
                self.step = Step::Follow;
                change(&ChangeDocument::everything())
            }
            Step::Follow => tokio::select! {
                biased;
                () = self.seat.closed() => None,
                () = &mut self.ends => None,
                told = self.changes.next() => change(&match told {
                    Change::Scopes(scopes) => ChangeDocument::of(&scopes),
                    Change::Everything => ChangeDocument::everything(),
                }),
            },
        }
    }
}

fn change(document: &ChangeDocument) -> Option<Event> {
    let event = Event::default().event("change").id(next_id());
    event.json_data(document).ok()
}

/// An id that no other event of this process has. It says nothing of order; it is there so that a browser that comes back
/// tells us so.
fn next_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}
