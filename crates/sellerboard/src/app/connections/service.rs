//! Requests as their connection sees them: how many run, and whether their answers are taken.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::Router;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use tower::Service;

use super::activity::Activity;

/// The router, for one connection.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    router: Router,
    activity: Arc<Activity>,
}

/// A request that runs, until it is dropped.
#[derive(Debug)]
struct Running(Arc<Activity>);

/// An answer's body; the request runs until it is dropped.
#[derive(Debug)]
pub(super) struct ObservedBody {
    body: Body,
    running: Running,
    /// Whether the next part waits for the client, and not for us.
    waits: bool,
}

impl Observed {
    pub(super) fn new(router: Router, activity: Arc<Activity>) -> Self {
        Self { router, activity }
    }
}

impl<B> Service<Request<B>> for Observed
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<ObservedBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let running = Running::new(&self.activity);
        let answer = self.router.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| ObservedBody::new(body, running)))
        })
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
    fn new(body: Body, running: Running) -> Self {
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
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
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
