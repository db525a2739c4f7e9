//! A TCP proxy between clients and their Redis, that fails on demand.

mod commands;
mod connection;
mod frames;
mod gate;
mod limits;
mod line;
mod pace;
mod pump;
mod pushes;
mod replies;
mod toxics;
mod twister;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::AbortHandle;

pub use connection::Connections;
pub use gate::Greeting;
pub use limits::Then;
pub use pace::{Direction, Pace};
pub use replies::{Replies, Twist};

use connection::Connection;
use toxics::Toxics;

/// What a [`TcpProxy`] has seen and done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProxyCounts {
    /// Connections accepted.
    pub connections: u64,
    /// Connections closed at once by [`TcpProxy::refuse`]; not among those accepted.
    pub refused: u64,
    /// Connections on which the client asked for tracking.
    pub tracking: u64,
    /// Push frames that came from the server.
    pub pushes: u64,
    /// Push frames that were not passed on.
    pub pushes_deleted: u64,
    /// Pairs of replies that were exchanged.
    pub swapped: u64,
    /// Replies in which a bit was changed.
    pub flipped: u64,
    /// Replies that were changed in any other way, see [`Twist`].
    pub twisted: u64,
}

/// A proxy on a port of its own in front of one server. It passes everything on until it is told otherwise; it ends when
/// it is dropped.
///
/// Faults come in families, which add up, also with others of their own:
/// - [`greet`](Self::greet), [`refuse`](Self::refuse), [`down`](Self::down): what a new connection meets;
/// - [`pace`](Self::pace) (with [`delay`](Self::delay), [`drop_silently`](Self::drop_silently)): how fast bytes go, if at
///   all;
/// - [`limit`](Self::limit), [`cut_after`](Self::cut_after): what happens after so many bytes;
/// - [`twist`](Self::twist) (with [`swap_replies`](Self::swap_replies), [`flip_bits`](Self::flip_bits)): replies that are
///   not what the server said;
/// - [`delete_pushes`](Self::delete_pushes), [`delay_pushes`](Self::delay_pushes): what the server says of its own accord;
/// - [`cut`](Self::cut), [`reset`](Self::reset): the end of connections that are open.
///
/// A fault is for the connections there are and for those to come, unless it names others by [`Connections`].
#[derive(Debug)]
pub struct TcpProxy {
    shared: Arc<Shared>,
    port: u16,
    accepting: AbortHandle,
    wanted_down: watch::Sender<bool>,
    is_down: watch::Receiver<bool>,
}

/// What the proxy's tasks share.
#[derive(Debug)]
struct Shared {
    target: Mutex<SocketAddr>,
    toxics: Mutex<Toxics>,
    /// The open ones by their number.
    connections: Mutex<BTreeMap<u64, Arc<Connection>>>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    refused: AtomicU64,
    tracking: AtomicU64,
    pushes: AtomicU64,
    pushes_deleted: AtomicU64,
    swapped: AtomicU64,
    flipped: AtomicU64,
    twisted: AtomicU64,
}

impl TcpProxy {
    /// Starts a proxy to the server on that port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// If no port can be bound, or outside a Tokio runtime.
    pub async fn start(target_port: u16) -> Self {
        let shared = Arc::new(Shared {
            target: Mutex::new(local(target_port)),
            toxics: Mutex::default(),
            connections: Mutex::default(),
            counts: Counts::default(),
        });
        let (wanted_down, wanted) = watch::channel(false);
        let (says_down, is_down) = watch::channel(false);
        let door = gate::Door::open();
        let port = door.port();
        let accepting = tokio::spawn(door.accept(Arc::clone(&shared), wanted, says_down));
        Self {
            shared,
            port,
            accepting: accepting.abort_handle(),
            wanted_down,
            is_down,
        }
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of the Redis behind it, database 0.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Sends connections to come to another server. Those there are stay where they are; see [`TcpProxy::cut_all`].
    pub fn retarget(&self, port: u16) {
        *self.shared.target.lock() = local(port);
    }

    /// The numbers of the open connections of a kind, in the order in which they were accepted; the first ever is 1.
    #[must_use]
    pub fn open(&self, which: Connections) -> Vec<u64> {
        let open = self.shared.connections.lock();
        let of_kind = open
            .iter()
            .filter(|(_, connection)| which.include(connection));
        of_kind.map(|(number, _)| *number).collect()
    }

    /// Cuts every connection.
    pub fn cut_all(&self) {
        self.cut(Connections::All);
    }

    /// Cuts the connections on which the client asked for tracking, and gives how many there were.
    pub fn cut_tracking(&self) -> usize {
        self.cut(Connections::Tracking)
    }

    /// Closes the open connections of a kind, and gives how many there were.
    pub fn cut(&self, which: Connections) -> usize {
        self.end(which, Connection::cut)
    }

    /// Resets the open connections of a kind (RST, both sides), and gives how many there were.
    pub fn reset(&self, which: Connections) -> usize {
        self.end(which, Connection::reset)
    }

    /// Ends every fault but what is done already. The target stays, and so does [`TcpProxy::down`].
    pub fn heal(&self) {
        *self.shared.toxics.lock() = Toxics::default();
    }

    /// What it has seen and done since it started.
    #[must_use]
    pub fn counts(&self) -> ProxyCounts {
        let counts = &self.shared.counts;
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        ProxyCounts {
            connections: get(&counts.connections),
            refused: get(&counts.refused),
            tracking: get(&counts.tracking),
            pushes: get(&counts.pushes),
            pushes_deleted: get(&counts.pushes_deleted),
            swapped: get(&counts.swapped),
            flipped: get(&counts.flipped),
            twisted: get(&counts.twisted),
        }
    }

    fn end(&self, which: Connections, end: impl Fn(&Connection)) -> usize {
        let connections = self.shared.connections.lock();
        let ended = connections.values().filter(|open| which.include(open));
        ended.map(|connection| end(connection)).count()
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_all();
    }
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests;
