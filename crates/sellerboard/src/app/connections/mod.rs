//! Connections: a bounded number of them, none for ever, and an end that loses no request.
//!
//! HTTP/1.1 cannot take a request back: when a server closes a connection that looks idle, a request may be on its way
//! already. So a stop has two steps. First nobody new is let in, and every answer says `Connection: close`, so that a
//! client that is at work ends its connection itself, with its answer in hand. Only connections that stay silent are
//! closed, after [`SILENCE`].
//!
//! While the service runs, a connection is ended that has no request for long, whose request does not arrive, or whose
//! client takes nothing of its answer ([`activity`]); and when hardly a seat is left, those that have been idle longest
//! ([`room`]).

mod activity;
mod room;
mod service;
mod stream;

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use self::activity::Verdict;
use self::room::{Place, Room};
use self::service::Counter;
use super::hits::Hits;

/// The most bytes of a request's head that are kept; a larger one is a 431 without a body. More than
/// [`crate::http::HEAD_BYTES_MAX`], so that most heads that are too large are refused in words.
const HEAD_BUFFER_BYTES: usize = 64 << 10;
/// How long a stop waits for requests that are being answered, in all.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// How long a connection may stay silent before a stop closes it, or one that is asked to leave goes.
const SILENCE: Duration = Duration::from_secs(1);
/// Connections that wait in the system's queue and are let in though the service stops: as many as the queue holds.
const LATECOMERS_MAX: u32 = 4_096;
/// The pause after a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);
/// How many idle connections are closed after a failure to accept.
const ACCEPT_DISPLACED: usize = 100;

/// The most requests of one HTTP/2 connection at a time.
const STREAMS_MAX: u32 = 250;
/// Streams that a client opened and reset before they were looked at: one more ends the connection (CVE-2023-44487).
const STREAMS_RESET_MAX: usize = 20;
/// Streams that we reset for the client's errors: one more ends the connection (CVE-2025-8671).
const STREAMS_FAULTY_MAX: usize = 100;
/// What a client may send ahead of being read, of one body and of all bodies of a connection.
const STREAM_WINDOW_BYTES: u32 = 64 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 256 << 10;
/// What waits for a client to take it, of one answer.
const SEND_BUFFER_BYTES: usize = 64 << 10;
/// How often a client of HTTP/2 is asked whether it is still there, and how long it may take to say so.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Listens, with a queue in which more connections than usual may wait: when it overflows, a client hears nothing for a
/// second.
pub(super) fn listen(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Elsewhere than on Unix, it would let two processes listen on one port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(LATECOMERS_MAX)
}

/// Serves until `shutdown` completes and the connections have ended, or 10 s have passed since: what is at hand by `hits`,
/// all else by `router`. A client has at most `client_max` connections.
pub(super) async fn serve(
    listener: TcpListener,
    hits: Hits,
    router: Router,
    client_max: Option<NonZeroU32>,
    shutdown: impl Future<Output = ()>,
) {
    let is_closing = Arc::new(AtomicBool::new(false));
    let room = Arc::new(Room::new(client_max));
    let door = Door {
        counter: Arc::new(Counter::new(hits, router, Arc::clone(&is_closing))),
        builder: builder(),
        room: Arc::clone(&room),
    };
    let ends = async {
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                () = door.admit_next(&listener) => {}
            }
        }
        is_closing.store(true, Ordering::Relaxed);
        door.admit_latecomers(listener);
        let drain = async {
            if tokio::time::timeout(SILENCE, room.emptied()).await.is_err() {
                room.dismiss();
                room.emptied().await;
            }
        };
        if tokio::time::timeout(DRAIN_MAX, drain).await.is_err() {
            tracing::warn!("stopped with requests unanswered");
        }
    };
    tokio::select! {
        () = ends => {}
        () = room.sweep() => {}
    }
    room.tell();
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // It would also end connections that only wait; `activity` tells the two apart.
        .header_read_timeout(None)
        .max_buf_size(HEAD_BUFFER_BYTES);
    let head_bytes = u32::try_from(crate::http::HEAD_BYTES_MAX).unwrap_or(u32::MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_pending_accept_reset_streams(STREAMS_RESET_MAX)
        .max_local_error_reset_streams(STREAMS_FAULTY_MAX)
        .max_header_list_size(head_bytes)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    builder
}

/// Where connections come in.
struct Door {
    counter: Arc<Counter>,
    builder: Builder<TokioExecutor>,
    room: Arc<Room>,
}

impl Door {
    /// Lets the next connection in, once there is a seat for it.
    async fn admit_next(&self, listener: &TcpListener) {
        let seat = self.room.seat().await;
        match listener.accept().await {
            Ok((stream, addr)) => self.admit(stream, self.room.enter(addr.ip(), seat)),
            // The client has gone again; nothing is wrong with us.
            Err(error) if is_of_one_connection(error.kind()) => {}
            Err(error) => {
                tracing::error!(%error, "failed to accept a connection");
                self.room.displace(ACCEPT_DISPLACED);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    /// Closes the door, and lets in those who stood in the queue: to them, they were connected already.
    fn admit_latecomers(&self, listener: TcpListener) {
        // The runtime only hears of connections from time to time; the system knows all of them.
        let Ok(listener) = listener.into_std() else {
            return;
        };
        for _ in 0..LATECOMERS_MAX {
            let accepted = || -> Option<(TcpStream, SocketAddr)> {
                let (stream, addr) = listener.accept().ok()?;
                stream.set_nonblocking(true).ok()?;
                Some((TcpStream::from_std(stream).ok()?, addr))
            };
            let Some(seat) = self.room.free_seat() else {
                return;
            };
            let Some((stream, addr)) = accepted() else {
                return;
            };
            self.admit(stream, self.room.enter(addr.ip(), seat));
        }
    }

    /// Serves one connection, in a task of its own; without a place it is closed.
    fn admit(&self, stream: TcpStream, place: Option<Place>) {
        let Some(place) = place else { return };
        // Answers are written whole: waiting for more to send only delays them.
        let _best_effort = stream.set_nodelay(true);
        let (builder, counter) = (self.builder.clone(), Arc::clone(&self.counter));
        tokio::spawn(serve_one(stream, place, builder, counter));
    }
}

/// Serves a connection to its end.
async fn serve_one(
    stream: TcpStream,
    place: Place,
    builder: Builder<TokioExecutor>,
    counter: Arc<Counter>,
) {
    let activity = &place.activity;
    let io = TokioIo::new(stream::Observed::new(stream, Arc::clone(activity)));
    let service = service::Observed::new(counter, Arc::clone(activity));
    let mut connection = pin!(builder.serve_connection(io, service));
    let ended_or_judged = |context: &mut Context<'_>| match connection.as_mut().poll(context) {
        // A connection that breaks off is its client's affair.
        Poll::Ready(_ended) => Poll::Ready(None),
        Poll::Pending => activity.poll_judged(context).map(Some),
    };
    match poll_fn(ended_or_judged).await {
        None | Some(Verdict::Cut) => return,
        // The socket says so the next time it is read.
        Some(Verdict::Late) => {}
        Some(Verdict::Stay | Verdict::Leave) => connection.as_mut().graceful_shutdown(),
    }
    // HTTP/2 has a last word of its own; what an answer still lacks there is not seen from here.
    let silence = if activity.is_http2() {
        DRAIN_MAX
    } else {
        SILENCE
    };
    while !ends_within(silence, connection.as_mut()).await
        && activity.is_busy()
        && activity.judge() != Verdict::Cut
    {}
}

async fn ends_within<F: Future>(time: Duration, connection: Pin<&mut F>) -> bool {
    tokio::time::timeout(time, connection).await.is_ok()
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
