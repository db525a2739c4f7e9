//! Connections: a bounded number of them, and an end that loses no request.
//!
//! HTTP/1.1 cannot take a request back: when a server closes a connection that looks idle, a request may be on its way
//! already. So a stop has two steps. First nobody new is let in, and every answer says `Connection: close`, so that a
//! client that is at work ends its connection itself, with its answer in hand. Only connections that stay silent are
//! closed, after [`SILENCE`].

use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::header::CONNECTION;
use http::{HeaderValue, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The most connections at a time; the system lets further ones wait.
const CONNECTIONS_MAX: u32 = 10_000;
/// How long a request's head may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a stop waits for requests that are being answered, in all.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// How long a connection may stay silent before a stop closes it.
const SILENCE: Duration = Duration::from_secs(1);
/// Connections that wait in the system's queue and are let in though the service stops: as many as the queue holds.
const LATECOMERS_MAX: usize = 1_024;
/// The pause after a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Serves until `shutdown` completes and the connections have ended, or 10 s have passed since.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let (stopping, stop) = watch::channel(false);
    let door = Door {
        router: router.layer(from_fn_with_state(stop, announce_close)),
        seats: Arc::new(Semaphore::new(CONNECTIONS_MAX as usize)),
    };
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (stream, seat) = door.accept(&listener) => door.admit(stream, seat, graceful.watcher()),
        }
    }
    stopping.send_replace(true);
    for (stream, seat) in door.latecomers(listener) {
        door.admit(stream, seat, graceful.watcher());
    }
    let drain = async {
        if tokio::time::timeout(SILENCE, door.emptied()).await.is_err() {
            graceful.shutdown().await;
        }
    };
    if tokio::time::timeout(DRAIN_MAX, drain).await.is_err() {
        tracing::warn!("stopped with requests unanswered");
    }
}

/// Where connections come in.
struct Door {
    router: Router,
    /// One for each connection.
    seats: Arc<Semaphore>,
}

impl Door {
    /// The next connection, once there is a seat for it.
    async fn accept(&self, listener: &TcpListener) -> (TcpStream, OwnedSemaphorePermit) {
        let seat = Arc::clone(&self.seats).acquire_owned().await;
        let seat = seat.expect("the semaphore is never closed");
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return (stream, seat),
                // The client has gone again; nothing is wrong with us.
                Err(error) if is_of_one_connection(error.kind()) => {}
                Err(error) => {
                    tracing::error!(%error, "failed to accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Closes the door, and gives those who stood in the queue: to them, they were connected already.
    fn latecomers(&self, listener: TcpListener) -> Vec<(TcpStream, OwnedSemaphorePermit)> {
        let mut latecomers = Vec::new();
        // The runtime only hears of connections from time to time; the system knows all of them.
        let Ok(listener) = listener.into_std() else {
            return latecomers;
        };
        while latecomers.len() < LATECOMERS_MAX
            && let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned()
            && let Ok((stream, _)) = listener.accept()
            && stream.set_nonblocking(true).is_ok()
            && let Ok(stream) = TcpStream::from_std(stream)
        {
            latecomers.push((stream, seat));
        }
        latecomers
    }

    /// Serves one connection, in a task of its own.
    fn admit(&self, stream: TcpStream, seat: OwnedSemaphorePermit, watcher: Watcher) {
        // Answers are written whole: waiting for more to send only delays them.
        let _best_effort = stream.set_nodelay(true);
        let service = TowerToHyperService::new(self.router.clone());
        tokio::spawn(async move {
            let mut builder = Builder::new(TokioExecutor::new());
            builder
                .http1()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT);
            builder.http2().timer(TokioTimer::new());
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            // A connection that breaks off is its client's affair.
            let _ended = watcher.watch(connection).await;
            drop(seat);
        });
    }

    /// Completes when no connection is left.
    async fn emptied(&self) {
        let _all = self.seats.acquire_many(CONNECTIONS_MAX).await;
    }
}

/// Tells clients to end their connection when the service stops. HTTP/2 has a message of its own for that.
async fn announce_close(
    State(stopping): State<watch::Receiver<bool>>,
    request: Request,
    next: Next,
) -> Response {
    let is_http1 = request.version() <= Version::HTTP_11;
    let mut response = next.run(request).await;
    if is_http1 && *stopping.borrow() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

fn is_of_one_connection(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::Interrupted
    )
}
