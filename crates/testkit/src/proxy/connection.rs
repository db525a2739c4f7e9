//! One connection through the proxy, and how some of them are told from others.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::commands::Command;
use super::{Shared, pump};

/// Which connections a fault is for. They are numbered in the order in which they were accepted, from 1; those that
/// [`TcpProxy::refuse`](super::TcpProxy::refuse) closes have no number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connections {
    /// All of them.
    #[default]
    All,
    /// The one with this number.
    Nth(u64),
    /// Those whose number is a multiple of this.
    Every(u64),
    /// Those with a greater number than this.
    After(u64),
    /// Those on which the client has asked for tracking.
    Tracking,
    /// The others, among them each new one.
    Plain,
}

impl Connections {
    pub(super) fn include(self, connection: &Connection) -> bool {
        let tracking = || connection.tracking.load(Ordering::Relaxed);
        match self {
            Self::All => true,
            Self::Nth(number) => connection.number == number,
            Self::Every(step) => connection.number.is_multiple_of(step),
            Self::After(number) => connection.number > number,
            Self::Tracking => tracking(),
            Self::Plain => !tracking(),
        }
    }
}

/// What the tasks of one connection share.
#[derive(Debug, Default)]
pub(super) struct Connection {
    pub(super) number: u64,
    pub(super) tracking: AtomicBool,
    /// Whether it speaks anything but RESP, such as TLS, and is passed on as it comes.
    pub(super) opaque: AtomicBool,
    /// Replies that came from the server or in its place.
    pub(super) replies: AtomicU64,
    /// What the client is still to be answered, in order.
    pub(super) pending: Mutex<VecDeque<Pending>>,
    /// A reply was put among `pending` that does not come from the server.
    pub(super) answered: Notify,
    ended: Notify,
    resets: AtomicBool,
}

/// A command without a reply yet.
#[derive(Debug)]
pub(super) enum Pending {
    /// The server will answer.
    Sent(Command),
    /// The server was not told of it; this is the reply.
    Answered(Bytes),
}

impl Connection {
    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    pub(super) fn cut(&self) {
        self.ended.notify_one();
    }

    pub(super) fn reset(&self) {
        self.will_reset();
        self.cut();
    }

    /// Its end, whenever it comes, will be a reset.
    pub(super) fn will_reset(&self) {
        self.resets.store(true, Ordering::Relaxed);
    }

    /// Passes bytes on until either side ends or the connection is cut; dropping the sockets closes both.
    pub(super) async fn serve(&self, shared: &Shared, mut client: TcpStream) {
        let target = *shared.target.lock();
        let Ok(mut server) = TcpStream::connect(target).await else {
            return;
        };
        let _no_delay_is_a_matter_of_speed = (client.set_nodelay(true), server.set_nodelay(true));
        {
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            tokio::select! {
                () = pump::up(shared, self, from_client, to_server) => {}
                () = pump::down(shared, self, from_server, to_client) => {}
                () = self.ended.notified() => {}
            }
        }
        if self.resets.load(Ordering::Relaxed) {
            for stream in [&client, &server] {
                let _it_is_closed_then = stream.set_zero_linger();
            }
        }
    }
}
