//! How the origin is asked: when it is a load's turn, and until its deadline.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};

use crate::admission::Permit;
use crate::answer::{Answer, Source, Status};
use crate::cache::Inner;
use crate::load::to_value;
use crate::loaded::{BoxLoader, LoadContext, Loaded};
use crate::nesting::Chain;
use crate::read::Request;
use crate::{Error, ErrorKind};

/// Waits for the load's turn, until `turn` at most. One that another load waits for has it at once: that one's permit covers both, or the two
/// could wait for each other.
pub(crate) async fn admit(
    inner: &Inner,
    request: &Request,
    outer: Option<&Chain>,
    turn: Instant,
    may_wait: bool,
) -> Result<Option<Permit>, Error> {
    if outer.is_some_and(|outer| outer.holds_permit(inner.node)) {
        return Ok(None);
    }
    let tenant = &request.state.id;
    let admitted = inner.admission.admit(tenant, turn, may_wait).await;
    admitted.map(Some).map_err(|shed| {
        tracing::debug!(key = %request.key, ?shed, "Load not begun");
        // Not all of them at once.
        Error::overloaded(Duration::from_millis(fastrand::u64(1_000..3_000)))
    })
}

/// Runs the loader until the deadline.
pub(crate) async fn load(
    inner: &Inner,
    request: &Request,
    loader: BoxLoader,
    outer: Option<Arc<Chain>>,
    deadline: Instant,
) -> Result<Loaded, Error> {
    request.endpoint.counters.load_begun();
    let context = LoadContext {
        key: request.key.clone(),
    };
    let load = async move { loader(context).await };
    let load = Chain::run(outer, inner.node, request.key.clone(), load);
    let begun = inner.clock.monotonic();
    let ended = timeout_at(deadline, AssertUnwindSafe(load).catch_unwind()).await;
    let took = inner.clock.monotonic().saturating_sub(begun);
    request.endpoint.counters.load_ended(took);
    let error = match ended {
        Ok(Ok(Ok(loaded))) => return Ok(loaded),
        Ok(Ok(Err(error))) => Error::with_source(ErrorKind::LoadFailed, error),
        Ok(Err(_panic)) => Error::new(ErrorKind::LoadPanicked),
        Err(_elapsed) => Error::new(ErrorKind::LoadTimedOut),
    };
    request.endpoint.counters.load_failed();
    if error.retry_after().is_some() {
        // Every request fails so until then.
        tracing::debug!(key = %request.key, %error, "Load failed");
    } else {
        tracing::warn!(key = %request.key, %error, "Load failed");
    }
    Err(error)
}

/// A request while the cache is switched off.
pub(crate) async fn bypass(
    inner: &Inner,
    request: &Request,
    loader: BoxLoader,
) -> Result<Answer, Error> {
    if Chain::is_loading(inner.node, &request.key) {
        return Err(Error::new(ErrorKind::Deadlock));
    }
    let ((turn, deadline), outer) = (request.deadlines(), Chain::current());
    let _permit = admit(inner, request, outer.as_deref(), turn, true).await?;
    let now = inner.clock.monotonic();
    let stamp = request.state.stamp(true, inner.sequence(), now);
    let loaded = load(inner, request, loader, outer, deadline).await?;
    let value = to_value(inner, request, loaded, stamp, now);
    Ok(inner.answer(value, Status::Bypass, Source::Origin))
}
