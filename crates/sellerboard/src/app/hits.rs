//! Cached reads of callers who are known already, answered before the router, with what the router would answer: at once if the
//! answer is at hand, else when the cache has it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::response::IntoResponse as _;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use tracing::{Instrument as _, Span};

use super::answer::respond;
use super::cached::{self, demands_reload, read_at};
use super::caller::Caller;
use super::latency::Stopwatch;
use super::read::Read;
use super::state::AppState;
use crate::http::{RequestId, complete, head_problem, unshared};
use crate::traces;

/// Answers plain reads.
#[derive(Clone, Debug)]
pub(super) struct Hits {
    app: AppState,
}

/// What can be said of a request without waiting.
#[derive(Debug)]
pub(super) enum Look {
    /// Its answer.
    Answer(Response<Bytes>),
    /// It is a plain read, whose answer [`Hits::load`] gives.
    Read(Plain),
    /// It is for the router, which says what is wrong with it, if anything is.
    Otherwise,
}

/// A `GET` of an entry, with a token that was verified before. The tenant's rate has been charged for it.
#[derive(Debug)]
pub(super) struct Plain {
    caller: Caller,
    headers: HeaderMap,
    id: RequestId,
    read: Read,
    trace: Span,
}

impl Hits {
    pub(super) fn new(app: AppState) -> Self {
        Self { app }
    }

    /// Looks at a request, which is used up unless it is for the router.
    pub(super) fn look<B>(&self, request: &mut Request<B>) -> Look {
        // After a panic the router may try; it tells of its own.
        let looked = catch_unwind(AssertUnwindSafe(|| self.find(request)));
        looked.ok().flatten().unwrap_or(Look::Otherwise)
    }

    fn find<B>(&self, request: &mut Request<B>) -> Option<Look> {
        let (uri, headers) = (request.uri(), request.headers());
        let is_plain = *request.method() == Method::GET && !demands_reload(headers);
        if !is_plain || head_problem(uri, headers).is_some() {
            return None;
        }
        let read = read_at(uri)?;
        let caller = Caller::recalled(&self.app, headers)?;
        let entry = read.entry_at_hand(&caller.cache(&self.app));
        let id = RequestId::of(headers);
        let trace = traces::request(&Method::GET, Some(route(uri, &read)), headers);
        let answer = trace.in_scope(|| {
            id.span().in_scope(|| {
                let stopwatch = Stopwatch::start_if_drawn(&self.app.latencies);
                entry.hit().inspect(|answer| {
                    stopwatch.stop(&self.app.latencies, answer.key().endpoint(), Ok(answer));
                })
            })
        });
        let headers = std::mem::take(request.headers_mut());
        let Some(answer) = answer else {
            return Some(Look::Read(Plain {
                caller,
                headers,
                id,
                read,
                trace,
            }));
        };
        let mut response = respond(&answer, headers);
        traces::cached(&trace, Ok(&answer));
        traces::answered(&trace, response.status());
        complete(&mut response, &id);
        Some(Look::Answer(response))
    }

    /// The answer to a plain read, from wherever the cache gets it.
    pub(super) async fn load(&self, plain: Plain) -> axum::response::Response {
        let Plain {
            caller,
            headers,
            id,
            read,
            trace,
        } = plain;
        let answer = cached::answer(&self.app, &caller, read, headers);
        let answered = AssertUnwindSafe(answer)
            .catch_unwind()
            .instrument(id.span())
            .instrument(trace.clone());
        let response = match answered.await {
            Ok(answered) => answered.into_response(),
            Err(_panic) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        };
        let mut response = unshared(response).await;
        traces::answered(&trace, response.status());
        complete(&mut response, &id);
        response
    }
}

/// A plain read's path as it is registered, without what the caller put into it.
fn route<'a>(uri: &'a Uri, read: &Read) -> &'a str {
    match read {
        Read::Product { .. } => "/api/v1/products/{id}",
        _ => uri.path(),
    }
}

#[cfg(test)]
mod tests;
