//! What happens after so many bytes.

use std::collections::HashMap;

use super::TcpProxy;
use super::connection::{Connection, Connections};
use super::pace::Direction;

/// What happens to a connection after so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is closed.
    Close,
    /// It is reset (RST).
    Reset,
    /// Nothing more passes this way until [`heal`](TcpProxy::heal); then what was held back does.
    Stall,
}

#[derive(Debug, Default)]
pub(super) struct Limits(Vec<Limit>);

#[derive(Debug)]
struct Limit {
    which: Connections,
    direction: Direction,
    bytes: usize,
    then: Then,
    /// Whether the first connection that reaches it ends it.
    once: bool,
    /// Bytes passed since, by the connection's number.
    passed: HashMap<u64, usize>,
}

impl Limits {
    /// How many of `len` bytes may pass, and what happens then.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        direction: Direction,
        len: usize,
    ) -> (usize, Option<Then>) {
        let mut allowed = (len, None);
        let mut reached = None;
        for (at, limit) in self.0.iter_mut().enumerate() {
            if limit.direction != direction || !limit.which.include(connection) {
                continue;
            }
            let passed = limit.passed.entry(connection.number).or_default();
            let left = limit.bytes.saturating_sub(*passed);
            *passed += left.min(len);
            if left <= allowed.0 && left <= len {
                allowed = (left, Some(limit.then));
                reached = limit.once.then_some(at);
            }
        }
        if let Some(at) = reached {
            self.0.remove(at);
        }
        allowed
    }
}

impl TcpProxy {
    /// Lets each connection of a kind pass that many more bytes one way, in the midst of a value if it falls so.
    pub fn limit(&self, which: Connections, direction: Direction, bytes: usize, then: Then) {
        self.add(which, direction, bytes, then, false);
    }

    /// Cuts the connection that is first to pass on that many more bytes from the server. It happens once.
    pub fn cut_after(&self, bytes: usize) {
        self.add(Connections::All, Direction::Down, bytes, Then::Close, true);
    }

    fn add(&self, which: Connections, direction: Direction, bytes: usize, then: Then, once: bool) {
        let limit = Limit {
            which,
            direction,
            bytes,
            then,
            once,
            passed: HashMap::new(),
        };
        self.shared.toxics.lock().limits.0.push(limit);
    }
}
