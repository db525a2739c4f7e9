use testkit::history::{Said, Status, Totals};

use crate::keys::Keys;

/// What a node answered to a read, but for the times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) status: Status,
    pub(crate) degraded: bool,
    pub(crate) collapsed: bool,
    /// Nanoseconds.
    pub(crate) age: u64,
    pub(crate) said: Option<Said>,
}

/// How a node says it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeState {
    /// Whether it is connected to Redis, which does all it is asked for.
    pub(crate) is_up: bool,
    /// Whether it gets nothing from Redis.
    pub(crate) is_down: bool,
    /// Whether nothing that was invalidated is queued.
    pub(crate) is_settled: bool,
    /// How often Redis did not do what it was asked for.
    pub(crate) failures: u64,
}

/// One of the nodes that are judged.
pub(crate) trait Node: Send + Sync + 'static {
    /// Reads a key.
    fn read(&self, key: u32) -> impl Future<Output = Answered> + Send;

    /// Invalidates a scope, and gives whether it is applied or queued; `None` if the request failed.
    fn invalidate(&self, scope: u32) -> impl Future<Output = Option<bool>> + Send;

    /// How it is; `None` if it does not say.
    fn state(&self) -> impl Future<Output = Option<NodeState>> + Send;

    /// What it has counted since it started.
    fn totals(&self) -> impl Future<Output = Option<Totals>> + Send;
}

/// What a body says it is. One that cannot be read is of no key.
pub(crate) fn read_body(keys: &Keys, body: &[u8], likely: u32) -> Said {
    let parse = || {
        let mut words = std::str::from_utf8(body).ok()?.split(' ');
        let key = words.next()?;
        Some(Said {
            key: keys.position(key, likely),
            version: words.next()?.parse().ok()?,
            nonce: Some(words.next()?.parse().ok()?),
        })
    };
    parse().unwrap_or(Said {
        key: None,
        version: 0,
        nonce: None,
    })
}
