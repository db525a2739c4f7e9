//! A TCP proxy between one client and its Redis, that fails on demand.

mod frames;
mod pump;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the server to the client.
    Down,
    /// From the client to the server.
    Up,
}

/// What a [`TcpProxy`] has seen and done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProxyCounts {
    /// Connections accepted.
    pub connections: u64,
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
}

/// A proxy on a port of its own in front of one server. It passes everything on until it is told otherwise; every fault
/// applies to the connections there are and to those to come. It ends when it is dropped.
#[derive(Debug)]
pub struct TcpProxy {
    shared: Arc<Shared>,
    port: u16,
    accepting: AbortHandle,
}

/// What the proxy's tasks share.
#[derive(Debug)]
struct Shared {
    target: Mutex<SocketAddr>,
    toxics: Mutex<Toxics>,
    connections: Mutex<HashMap<u64, Arc<Connection>>>,
    counts: Counts,
}

/// How the network fails at the moment.
#[derive(Clone, Debug, Default)]
struct Toxics {
    refuse: bool,
    silent: [bool; 2],
    /// The least delay and by how much it may be more.
    latency: [(Duration, Duration); 2],
    push_delay_max: Duration,
    pushes_to_delete: u64,
    cut_after_bytes: Option<usize>,
    replies_to_swap: u64,
    swappable: &'static [u8],
    replies_to_flip: u64,
}

#[derive(Debug, Default)]
struct Connection {
    tracking: AtomicBool,
    cut: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    tracking: AtomicU64,
    pushes: AtomicU64,
    pushes_deleted: AtomicU64,
    swapped: AtomicU64,
    flipped: AtomicU64,
}

impl TcpProxy {
    /// Starts a proxy to the server on that port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// If no port can be bound, or outside a Tokio runtime.
    pub async fn start(target_port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port can be bound");
        let addr = listener.local_addr();
        let shared = Arc::new(Shared {
            target: Mutex::new(local(target_port)),
            toxics: Mutex::default(),
            connections: Mutex::default(),
            counts: Counts::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Self {
            shared,
            port: addr.expect("a bound socket has an address").port(),
            accepting,
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

    /// Cuts every connection.
    pub fn cut_all(&self) {
        self.cut(|_| true);
    }

    /// Cuts the connections on which the client asked for tracking, and gives how many there were.
    pub fn cut_tracking(&self) -> usize {
        self.cut(|connection| connection.tracking.load(Ordering::Relaxed))
    }

    /// Whether new connections are closed at once. Default: no.
    pub fn refuse(&self, refuse: bool) {
        self.shared.toxics.lock().refuse = refuse;
    }

    /// Whether everything in a direction is dropped while connections stay open. Default: no.
    pub fn drop_silently(&self, direction: Direction, drop: bool) {
        self.shared.toxics.lock().silent[direction as usize] = drop;
    }

    /// Delays everything in a direction by `latency`, and up to `jitter` more. The order stays. Default: 0.
    pub fn delay(&self, direction: Direction, latency: Duration, jitter: Duration) {
        self.shared.toxics.lock().latency[direction as usize] = (latency, jitter);
    }

    /// Delays each push by a random time up to this, while replies pass. Pushes stay in order. Default: 0.
    pub fn delay_pushes(&self, max: Duration) {
        self.shared.toxics.lock().push_delay_max = max;
    }

    /// Deletes the next pushes.
    pub fn delete_pushes(&self, count: u64) {
        self.shared.toxics.lock().pushes_to_delete = count;
    }

    /// Cuts the connection that passes on that many more bytes of replies, in the midst of one. It happens once.
    pub fn cut_after(&self, bytes: usize) {
        self.shared.toxics.lock().cut_after_bytes = Some(bytes);
    }

    /// Exchanges that many pairs of replies which follow each other on one connection and both begin with these bytes:
    /// `b"*3"` is an array of three.
    pub fn swap_replies(&self, pairs: u64, beginning: &'static [u8]) {
        let mut toxics = self.shared.toxics.lock();
        toxics.replies_to_swap = pairs;
        toxics.swappable = beginning;
    }

    /// Changes one bit of the longest string in each of the next replies that hold one of 64 bytes or more.
    pub fn flip_bits(&self, replies: u64) {
        self.shared.toxics.lock().replies_to_flip = replies;
    }

    /// Ends every fault but what is done already. The target stays.
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
            tracking: get(&counts.tracking),
            pushes: get(&counts.pushes),
            pushes_deleted: get(&counts.pushes_deleted),
            swapped: get(&counts.swapped),
            flipped: get(&counts.flipped),
        }
    }

    fn cut(&self, which: impl Fn(&Connection) -> bool) -> usize {
        let connections = self.shared.connections.lock();
        let cut = connections.values().filter(|connection| which(connection));
        cut.map(|connection| connection.cut.notify_one()).count()
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

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    for id in 0.. {
        let Ok((client, _)) = listener.accept().await else {
            return;
        };
        if shared.toxics.lock().refuse {
            continue;
        }
        shared.counts.connections.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection::default());
        shared
            .connections
            .lock()
            .insert(id, Arc::clone(&connection));
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            serve(&shared, &connection, client).await;
            shared.connections.lock().remove(&id);
        });
    }
}

/// Passes bytes on until either side ends or the connection is cut; dropping the sockets closes both.
async fn serve(shared: &Shared, connection: &Connection, client: TcpStream) {
    let pass = async {
        let target = *shared.target.lock();
        let Ok(server) = TcpStream::connect(target).await else {
            return;
        };
        let _no_delay_is_a_matter_of_speed = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            () = pump::up(shared, connection, from_client, to_server) => {}
            () = pump::down(shared, from_server, to_client) => {}
        }
    };
    tokio::select! {
        () = pass => {}
        () = connection.cut.notified() => {}
    }
}

#[cfg(test)]
mod tests;
