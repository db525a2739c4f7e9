//! Requests as their connection sees them: how many run, and whether their answers are taken.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::{BoxError, Router};
use bytes::Bytes;
use futures_util::future::{BoxFuture, Either};
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body::{Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::Service;
use tower::Service as _;

use super::activity::Activity;
use crate::app::hits::{Hits, Look};

/// Where requests are answered: plain reads before the router, all else by it.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    hits: Hits,
    router: Router,
    /// Whether clients are told to end their connection, since the service stops. HTTP/2 has a message of its own for that.
    is_closing: Arc<AtomicBool>,
}

/// The counter, for one connection.
#[derive(Debug)]
pub(super) struct Observed {
    counter: Arc<Counter>,
    activity: Arc<Activity>,
}

/// A request that runs, until it is dropped.
#[derive(Debug)]
struct Running(Arc<Activity>);

/// An answer's body; the request runs until it is dropped.
#[derive(Debug)]
pub(super) struct ObservedBody {
    body: Parts,
    running: Running,
    /// Whether the next part waits for the client, and not for us.
    waits: bool,
}

/// The whole answer, or the router's, which may come in parts.
type Parts = http_body_util::Either<Full<Bytes>, Body>;

impl Counter {
    pub(super) fn new(hits: Hits, router: Router, is_closing: Arc<AtomicBool>) -> Self {
        Self {
            hits,
            router,
            is_closing,
        }
    }
}

impl Observed {
    pub(super) fn new(counter: Arc<Counter>, activity: Arc<Activity>) -> Self {
        Self { counter, activity }
    }
}

impl Service<Request<Incoming>> for Observed {
    type Response = Response<ObservedBody>;
    type Error = Infallible;
    type Future = Either<
        Ready<Result<Self::Response, Infallible>>,
        BoxFuture<'static, Result<Self::Response, Infallible>>,
    >;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let running = Running::new(&self.activity);
        let version = request.version();
        let counter = &self.counter;
        match counter.hits.look(&mut request) {
            Look::Answer(answer) => {
                let answer = answer.map(|body| Parts::Left(Full::new(body)));
                Either::Left(ready(Ok(counter.finish(answer, version, running))))
            }
            Look::Read(plain) => {
                let counter = Arc::clone(counter);
                Either::Right(Box::pin(async move {
                    let answer = counter.hits.load(plain).await;
                    Ok(counter.finish(answer.map(Parts::Right), version, running))
                }))
            }
            Look::Otherwise => {
                let counter = Arc::clone(counter);
                Either::Right(Box::pin(async move {
                    let answer = counter.router.clone().call(request).await?;
                    Ok(counter.finish(answer.map(Parts::Right), version, running))
                }))
            }
        }
    }
}

impl Counter {
    fn finish(
        &self,
        mut answer: Response<Parts>,
        version: Version,
        running: Running,
    ) -> Response<ObservedBody> {
        // The router takes 0 for the length of what a 304 leaves out (RFC 9110 §8.6).
        if answer.status() == StatusCode::NOT_MODIFIED {
            answer.headers_mut().remove(CONTENT_LENGTH);
        }
        if version <= Version::HTTP_11 && self.is_closing.load(Ordering::Relaxed) {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, close);
        }
        answer.map(|body| ObservedBody::new(body, running))
    }
}

impl Running {
    fn new(activity: &Arc<Activity>) -> Self {
        activity.request_begins();
        Self(Arc::clone(activity))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.request_ends();
    }
}

impl ObservedBody {
    fn new(body: Parts, running: Running) -> Self {
        let mut observed = Self {
            body,
            running,
            waits: false,
        };
        observed.set_waits(!observed.body.is_end_stream());
        observed
    }

    fn set_waits(&mut self, waits: bool) {
        let activity = &self.running.0;
        match (self.waits, waits) {
            (false, true) => activity.answer_waits(),
            (true, false) => activity.answer_moves(),
            _ => {}
        }
        self.waits = waits;
    }
}

impl Drop for ObservedBody {
    fn drop(&mut self) {
        self.set_waits(false);
    }
}

impl HttpBody for ObservedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        // Whoever asks for more has room for it.
        self.set_waits(false);
        let frame = Pin::new(&mut self.body).poll_frame(context);
        // The last part waits too: whoever has sent it drops the body.
        let is_part = matches!(&frame, Poll::Ready(Some(Ok(_))));
        self.set_waits(is_part);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
