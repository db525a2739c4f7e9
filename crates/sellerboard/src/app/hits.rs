//! Cached reads whose answer is at hand, answered before the router: without waiting, and with what the router would answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use http::{Method, Request, Response};

use super::answer::respond;
use super::cached::{Stopwatch, demands_reload, read_at};
use super::caller::Caller;
use super::state::AppState;
use crate::http::{RequestId, complete, head_problem};

/// Answers hits.
#[derive(Clone, Debug)]
pub(super) struct Hits {
    app: AppState,
}

impl Hits {
    pub(super) fn new(app: AppState) -> Self {
        Self { app }
    }

    /// The answer to a `GET` with a token that was verified before, of an entry that is in the local tier, fresh and valid.
    /// `None` for all else: the request goes on to the router, which says what is wrong with it, or loads. If the tenant's
    /// rate has been charged for it already, the request says so.
    pub(super) fn answer<B>(&self, request: &mut Request<B>) -> Option<Response<Bytes>> {
        // After a panic the router may try; it tells of its own.
        let answered = catch_unwind(AssertUnwindSafe(|| self.find(request)));
        answered.ok().flatten()
    }

    fn find<B>(&self, request: &mut Request<B>) -> Option<Response<Bytes>> {
        let (uri, headers) = (request.uri(), request.headers());
        let is_plain = *request.method() == Method::GET && !demands_reload(headers);
        if !is_plain || head_problem(uri, headers).is_some() {
            return None;
        }
        let read = read_at(uri)?;
        let caller = Caller::recalled(&self.app, headers)?;
        let entry = read.entry_at_hand(&caller.cache(&self.app));
        let id = RequestId::of(headers);
        let answer = id.span().in_scope(|| {
            let stopwatch = Stopwatch::start();
            entry.hit().inspect(|_| stopwatch.stop())
        });
        let Some(answer) = answer else {
            request.extensions_mut().insert(caller);
            return None;
        };
        let mut response = respond(&answer, std::mem::take(request.headers_mut()));
        complete(&mut response, &id);
        Some(response)
    }
}

#[cfg(test)]
mod tests;
