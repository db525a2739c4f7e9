use std::future::Future;

use futures_util::future::BoxFuture;
use tenantcache::remote::RemoteError;
use tracing::field::Empty;
use tracing::{Instrument as _, trace_span};

/// Does the work, and tells those who collect traces (spans at level TRACE of the target `traces`) how long it took. While nobody
/// does, the work is all there is.
pub(crate) fn traced<'a, T: 'a>(
    operation: &'static str,
    work: impl Future<Output = Result<T, RemoteError>> + Send + 'a,
) -> BoxFuture<'a, Result<T, RemoteError>> {
    let span = trace_span!(
        target: "traces",
        "redis",
        otel.kind = "client",
        otel.name = operation,
        otel.status_code = Empty,
        otel.status_description = Empty,
        db.system.name = "redis",
        db.operation.name = operation.trim_start_matches("redis "),
    );
    if span.is_disabled() {
        return Box::pin(work);
    }
    Box::pin(async move {
        let result = work.instrument(span.clone()).await;
        if let Err(error) = &result {
            span.record("otel.status_code", "ERROR");
            span.record("otel.status_description", error.kind().to_string());
        }
        result
    })
}
