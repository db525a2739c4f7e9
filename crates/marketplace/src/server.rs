//! Listening, routing and stopping.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, patch, post};
use axum::{Router, handler::Handler};
use seller_data::Store;
use tokio::net::TcpListener;

use crate::body::BODY_BYTES_MAX;
use crate::error::Error;
use crate::gate;
use crate::options::Options;
use crate::problem::Problem;
use crate::state::AppState;
use crate::webhooks::Deliveries;
use crate::{control, reads, request_id, writes};

/// How long a stop waits for requests that are being answered.
pub const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Listens on [`Options::addr`].
///
/// # Errors
///
/// [`Error::Listen`] when the address is taken, not ours, or not permitted.
pub async fn listen(options: &Options) -> Result<TcpListener, Error> {
    let addr = options.addr;
    TcpListener::bind(addr)
        .await
        .map_err(|source| Error::Listen { addr, source })
}

/// Serves the marketplace until `shutdown` completes: then no connection is accepted, reads that wait are
/// answered at once with 503, and running requests have [`DRAIN_MAX`] to finish. No webhook is sent from then
/// on but those under way, which may take as long as their time-out; the others stay in the store and are sent
/// by the next run.
///
/// [`Options::addr`] is not used here: the listener is bound already.
///
/// # Errors
///
/// [`Error::Serve`] when accepting connections fails, [`Error::WebhookClient`] when webhooks are wanted and
/// cannot be sent at all.
///
/// # Cancel safety
///
/// Dropping the future closes the listener; connections that are open end with the runtime, and so do
/// deliveries under way, whose events stay in the store.
pub async fn run(
    listener: TcpListener,
    store: Store,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), Error> {
    let store = match options.webhook {
        Some(_) => store.with_outbox(),
        None => store,
    };
    let state = AppState::new(store, &options);
    if let Ok(addr) = listener.local_addr() {
        tracing::info!(%addr, latency = ?options.latency, "marketplace listening");
    }
    let faults = state.faults.clone();
    let deliveries = match options.webhook {
        Some(webhook) => {
            let (outbox, progress) = (state.store.outbox(), state.progress.clone());
            Some(Deliveries::start(webhook, outbox, progress)?)
        }
        None => None,
    };
    let stopped = {
        let faults = state.faults.clone();
        async move { faults.stopped().await }
    };
    let mut serve = pin!(
        axum::serve(listener, routes(state))
            .with_graceful_shutdown(stopped)
            .into_future()
    );
    tokio::select! {
        served = &mut serve => return served.map_err(Error::Serve),
        () = shutdown => faults.stop(),
    }
    let deliveries_stopped = async {
        if let Some(deliveries) = deliveries {
            deliveries.stop().await;
        }
    };
    let drained = tokio::time::timeout(DRAIN_MAX, serve);
    match tokio::join!(drained, deliveries_stopped).0 {
        Ok(served) => served.map_err(Error::Serve),
        Err(_) => {
            tracing::warn!("marketplace stopped with requests unanswered");
            Ok(())
        }
    }
}

/// The marketplace as a router, for tests that bring a server of their own. Each call has its own counts
/// and faults. It sends no webhooks.
pub fn router(store: Store, options: &Options) -> Router {
    routes(AppState::new(store, options))
}

fn routes(state: AppState) -> Router {
    Router::new()
        .route("/api/v1/dashboard/stats", read(&state, reads::stats))
        .route("/api/v1/dashboard/trends", read(&state, reads::trends))
        .route("/api/v1/dashboard/alerts", read(&state, reads::alerts))
        .route("/api/v1/dashboard/insights", read(&state, reads::insights))
        .route("/api/v1/dashboard/activity", read(&state, reads::activity))
        .route("/api/v1/products", read(&state, reads::products))
        .route(
            "/api/v1/products/{id}",
            read(&state, reads::product).merge(patch(writes::patch_product)),
        )
        .route(
            "/api/v1/pricing/trends",
            read(&state, reads::pricing_trends),
        )
        .route(
            "/api/v1/sentiment/overview",
            read(&state, reads::sentiment_overview),
        )
        .route(
            "/api/v1/forecast/demand",
            read(&state, reads::demand_forecast),
        )
        .route("/api/v1/orders", post(writes::create_order))
        .route("/api/v1/reviews", post(writes::add_review))
        .route("/api/v1/prices", post(writes::observe_price))
        .route("/calls", get(control::calls).delete(control::reset_calls))
        .route("/faults", post(control::set_faults).delete(control::heal))
        .route("/webhooks", get(control::webhooks))
        .route("/healthz", get(control::healthz))
        .fallback(async || Problem::not_found("no such path"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(request_id::name))
        .with_state(state)
}

/// A business read: counted and delayed. The gate stands before the handler alone, so that a wrong method
/// is neither.
fn read<H, T>(state: &AppState, handler: H) -> MethodRouter<AppState>
where
    H: Handler<T, AppState>,
    T: 'static,
{
    get(handler).route_layer(from_fn_with_state(state.clone(), gate::pass))
}
