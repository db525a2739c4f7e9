//! Twists the replies of one connection.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::commands::Command;
use super::connection::Pending;
use super::line::{Ended, Line, Way};
use super::replies::Twist;
use super::{count, frames};

/// How long the first reply of a pair to be exchanged waits for the second.
const SWAP_PATIENCE: Duration = Duration::from_millis(20);
/// Strings shorter than this are no entries.
const VALUE_BYTES_MIN: usize = 64;

/// What it knows of the replies so far.
#[derive(Default)]
pub(super) struct Twister {
    /// The first reply of a pair to be exchanged.
    held: Option<Held>,
    /// The latest reply, as it came from the server.
    last: Option<Bytes>,
    /// The latest replies by what was asked.
    others: HashMap<(Vec<u8>, Bytes), (Vec<Bytes>, Bytes)>,
}

/// A reply that waits for another to be exchanged with.
struct Held {
    until: Instant,
    reply: Bytes,
    /// What came since, which says no more than that the commands of a transaction are queued.
    queued: Vec<Bytes>,
}

impl Twister {
    /// Until when a held reply waits.
    pub(super) fn patience(&self) -> Option<Instant> {
        self.held.as_ref().map(|held| held.until)
    }

    /// Passes a held reply on.
    pub(super) fn release(&mut self, way: &Way<'_>, line: &mut Line) {
        if let Some(held) = self.held.take() {
            for reply in std::iter::once(held.reply).chain(held.queued) {
                line.add(reply, &way.pace(), Duration::ZERO);
            }
        }
    }

    /// Passes on what does not come from the server and is next.
    pub(super) fn pass_answered(&mut self, way: &Way<'_>, line: &mut Line) {
        let mut pending = way.connection.pending.lock();
        while let Some(Pending::Answered(reply)) =
            pending.pop_front_if(|next| matches!(next, Pending::Answered(_)))
        {
            self.release(way, line);
            line.add(reply, &way.pace(), Duration::ZERO);
            count(&way.connection.replies);
        }
    }

    /// Passes a reply of the server's on, or something else.
    pub(super) fn pass(
        &mut self,
        way: &Way<'_>,
        reply: Bytes,
        line: &mut Line,
    ) -> Result<(), Ended> {
        self.pass_answered(way, line);
        let command = match way.connection.pending.lock().pop_front() {
            Some(Pending::Sent(command)) => Some(command),
            _ => None,
        };
        let passed = self.pass_one(way, command.as_ref(), reply, line);
        way.connection.replies.fetch_add(1, Ordering::Relaxed);
        self.pass_answered(way, line);
        passed
    }

    fn pass_one(
        &mut self,
        way: &Way<'_>,
        command: Option<&Command>,
        reply: Bytes,
        line: &mut Line,
    ) -> Result<(), Ended> {
        let before = self.last.replace(reply.clone());
        let other = command.and_then(|command| self.other(way, command, &reply));
        let flips = value(&reply).is_some();
        let twist = {
            let rules = &way.shared.toxics.lock().rules;
            // A twist that finds nothing to do leaves the reply to the next one.
            rules.twist(way.connection, command, &reply, |twist| match twist {
                Twist::Flip => !flips,
                Twist::AnotherReply => other.is_none(),
                Twist::AnotherValue => !flips || other.as_ref().and_then(value).is_none(),
                _ => false,
            })
        };
        if !matches!(twist, Some((_, Twist::Swap))) {
            if let Some(held) = &mut self.held
                && is_queueing(&reply)
            {
                held.queued.push(reply);
                return Ok(());
            }
            self.release(way, line);
        }
        let pace = way.pace();
        let mut add = |reply| line.add(reply, &pace, Duration::ZERO);
        let Some((at, twist)) = twist else {
            add(reply);
            return Ok(());
        };
        let counts = &way.shared.counts;
        let mut counter = &counts.twisted;
        match twist {
            Twist::Swap => {
                let Some(held) = self.held.take() else {
                    self.held = Some(Held {
                        until: Instant::now() + SWAP_PATIENCE,
                        reply,
                        queued: Vec::new(),
                    });
                    return Ok(());
                };
                let rest = held.queued.into_iter().chain([held.reply]);
                std::iter::once(reply).chain(rest).for_each(add);
                counter = &counts.swapped;
            }
            Twist::Shift => add(before.unwrap_or(reply)),
            Twist::Lose => {}
            Twist::Duplicate => {
                add(reply.clone());
                add(reply);
            }
            Twist::Flip => {
                add(flipped(&reply));
                counter = &counts.flipped;
            }
            Twist::Replace(bytes) => add(bytes),
            Twist::AnotherReply => add(other.unwrap_or(reply)),
            Twist::AnotherValue => add(other.map_or(reply.clone(), |other| mixed(&reply, &other))),
            Twist::Error(_) => add(reply),
            Twist::Close | Twist::Reset | Twist::Truncate(_) => {
                if let Twist::Truncate(bytes) = twist {
                    add(reply.slice(..bytes.min(reply.len())));
                }
                if twist == Twist::Reset {
                    way.connection.will_reset();
                }
                count(counter);
                way.shared.toxics.lock().rules.done(at);
                return Err(Ended);
            }
        }
        count(counter);
        way.shared.toxics.lock().rules.done(at);
        Ok(())
    }

    /// Notes a reply, and gives the latest one to the same question about other keys.
    fn other(&mut self, way: &Way<'_>, command: &Command, reply: &Bytes) -> Option<Bytes> {
        if !way.shared.toxics.lock().rules.want_others() {
            self.others.clear();
            return None;
        }
        let keys = command.keys();
        let other = self.others.get(&command.kind());
        let other = other.filter(|(others, _)| others != keys);
        let other = other.map(|(_, reply)| reply.clone());
        let asked = (keys.to_vec(), reply.clone());
        self.others.insert(command.kind(), asked);
        other
    }
}

/// The string of a reply that may be an entry.
fn value(reply: &Bytes) -> Option<Bytes> {
    frames::longest_string(reply).filter(|text| text.len() >= VALUE_BYTES_MIN)
}

fn flipped(reply: &Bytes) -> Bytes {
    let Some(text) = value(reply) else {
        return reply.clone();
    };
    let mut bytes = BytesMut::from(text.as_ref());
    bytes[fastrand::usize(..text.len())] ^= 1 << fastrand::u32(..8);
    frames::with_string(reply, &text, &bytes)
}

/// A reply with the other one's value.
fn mixed(reply: &Bytes, other: &Bytes) -> Bytes {
    match (value(reply), value(other)) {
        (Some(own), Some(other)) => frames::with_string(reply, &own, &other),
        _ => reply.clone(),
    }
}

/// Whether a reply belongs to a transaction whose own reply is still to come.
fn is_queueing(reply: &Bytes) -> bool {
    matches!(reply.as_ref(), b"+OK\r\n" | b"+QUEUED\r\n")
}
