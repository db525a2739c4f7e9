//! Replies that are not what the server said.

use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::TcpProxy;
use super::commands::Command;
use super::connection::{Connection, Connections};

/// Which replies a [`Twist`] is for. Default: all, for ever.
#[derive(Clone, Debug)]
#[must_use]
pub struct Replies {
    connections: Connections,
    commands: Vec<String>,
    beginning: Vec<u8>,
    after: u64,
    times: u64,
}

/// What becomes of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Twist {
    /// It is exchanged with the one of those chosen that follows it on the connection; alone, it is only 20 ms late.
    Swap,
    /// It is the one before on the same connection, from then on: the first of a connection comes twice.
    Shift,
    /// It does not come; what follows does, and answers the command before.
    Lose,
    /// It comes twice.
    Duplicate,
    /// A bit of its longest string is changed. Those without a string of 64 bytes or more pass.
    Flip,
    /// It is an error with this text, as `LOADING Redis is loading`. The server is not told of the command.
    Error(String),
    /// It is these bytes.
    Replace(Bytes),
    /// It is the latest one, on the same connection, to a command of the same kind on other keys, if there was one.
    AnotherReply,
    /// Its longest string is that of the latest one, on the same connection, to a command of the same kind on other keys,
    /// if there was one. Both must be of 64 bytes or more.
    AnotherValue,
    /// Only its first bytes come, so many; then the connection is closed.
    Truncate(usize),
    /// The connection is closed instead.
    Close,
    /// The connection is reset (RST) instead.
    Reset,
}

impl Default for Replies {
    fn default() -> Self {
        Self::all()
    }
}

impl Replies {
    /// All replies.
    pub fn all() -> Self {
        Self {
            connections: Connections::All,
            commands: Vec::new(),
            beginning: Vec::new(),
            after: 0,
            times: u64::MAX,
        }
    }

    /// Only those to these commands, in any case, with or without their second word: `CLIENT` or `CLIENT TRACKING`.
    pub fn to_commands(mut self, commands: &[&str]) -> Self {
        self.commands = commands.iter().map(|&command| command.to_owned()).collect();
        self
    }

    /// Only those on connections of a kind.
    pub fn on(mut self, connections: Connections) -> Self {
        self.connections = connections;
        self
    }

    /// Only those that begin with these bytes: `b"*3"` is an array of three. [`Twist::Error`] does not look at it.
    pub fn beginning_with(mut self, beginning: &[u8]) -> Self {
        self.beginning = beginning.to_vec();
        self
    }

    /// Only those after the first so many of each connection, its set-up included.
    pub fn after(mut self, replies: u64) -> Self {
        self.after = replies;
        self
    }

    /// Only the next so many; of a swap, so many pairs.
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    fn include(&self, connection: &Connection, command: Option<&Command>) -> bool {
        let to_these = self.commands.is_empty()
            || command.is_some_and(|command| {
                let mut names = self.commands.iter();
                names.any(|name| command.begins_with(name))
            });
        to_these
            && self.times > 0
            && self.connections.include(connection)
            && connection.replies.load(Ordering::Relaxed) >= self.after
    }
}

/// The twists of the moment, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<(Replies, Twist)>);

impl Rules {
    /// The error that answers a command.
    pub(super) fn error(&mut self, connection: &Connection, command: &Command) -> Option<Bytes> {
        self.0.iter_mut().find_map(|(replies, twist)| {
            let Twist::Error(text) = twist else {
                return None;
            };
            if !replies.include(connection, Some(command)) {
                return None;
            }
            replies.times -= 1;
            Some(Bytes::from(format!("-{text}\r\n")))
        })
    }

    /// The first twist for a reply, and which it is. Nothing is counted yet.
    pub(super) fn twist(
        &self,
        connection: &Connection,
        command: Option<&Command>,
        reply: &[u8],
        but: impl Fn(&Twist) -> bool,
    ) -> Option<(usize, Twist)> {
        let mut rules = self.0.iter().enumerate();
        rules.find_map(|(at, (replies, twist))| {
            let chosen = !matches!(twist, Twist::Error(_))
                && reply.starts_with(&replies.beginning)
                && replies.include(connection, command);
            (chosen && !but(twist)).then(|| (at, twist.clone()))
        })
    }

    /// Notes that a twist was done, if it is still there.
    pub(super) fn done(&mut self, at: usize) {
        if let Some((replies, _)) = self.0.get_mut(at) {
            replies.times = replies.times.saturating_sub(1);
        }
    }

    /// Whether replies of other keys are wanted.
    pub(super) fn want_others(&self) -> bool {
        let mut twists = self.0.iter().map(|(_, twist)| twist);
        twists.any(|twist| matches!(twist, Twist::AnotherReply | Twist::AnotherValue))
    }
}

impl TcpProxy {
    /// Twists replies. Of several twists for one reply the first counts that is not used up.
    pub fn twist(&self, replies: Replies, twist: Twist) {
        self.shared.toxics.lock().rules.0.push((replies, twist));
    }

    /// Exchanges that many pairs of replies which follow each other on one connection and both begin with these bytes:
    /// `b"*3"` is an array of three.
    pub fn swap_replies(&self, pairs: u64, beginning: &'static [u8]) {
        let replies = Replies::all().beginning_with(beginning).times(pairs);
        self.twist(replies, Twist::Swap);
    }

    /// Changes one bit of the longest string in each of the next replies that hold one of 64 bytes or more.
    pub fn flip_bits(&self, replies: u64) {
        self.twist(Replies::all().times(replies), Twist::Flip);
    }
}
