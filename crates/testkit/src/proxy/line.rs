//! Bytes on their way.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::WriteHalf;
use tokio::time::Instant;

use super::Shared;
use super::connection::Connection;
use super::limits::Then;
use super::pace::{Direction, Pace};

/// How often a silent or stalled connection looks whether it still is.
const SILENCE: Duration = Duration::from_millis(5);

/// One direction of one connection.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) shared: &'a Shared,
    pub(super) connection: &'a Connection,
    pub(super) direction: Direction,
}

/// A connection that goes on no longer: its limit is reached, or a side is gone.
pub(super) struct Ended;

impl Way<'_> {
    pub(super) fn pace(&self) -> Pace {
        let toxics = self.shared.toxics.lock();
        toxics.paces.of(self.connection, self.direction)
    }

    /// One side has ended. A slow network tells the other later, a silent one does not.
    pub(super) async fn end(&self) {
        tokio::time::sleep(self.pace().close_delay()).await;
        while self.pace().is_silent() {
            tokio::time::sleep(SILENCE).await;
        }
    }
}

/// Bytes in order, each due at a time of its own.
#[derive(Default)]
pub(super) struct Line(VecDeque<Parcel>);

struct Parcel {
    due: Instant,
    bytes: Bytes,
    /// It goes in pieces of so many bytes, each of which takes so long.
    piece: usize,
    time: Duration,
}

impl Line {
    pub(super) fn add(&mut self, bytes: Bytes, pace: &Pace, extra_delay: Duration) {
        let (piece, time) = pace.pieces();
        let due = Instant::now() + pace.draw_delay() + extra_delay + time;
        let due = self.0.back().map_or(due, |last| due.max(last.due));
        self.0.push_back(Parcel {
            due,
            bytes,
            piece,
            time,
        });
    }

    /// Completes when the first bytes are due; never, if there are none.
    pub(super) async fn due(&self) {
        until(self.0.front().map(|parcel| parcel.due)).await;
    }

    /// Writes what is due, as far as it may pass.
    pub(super) async fn write(
        &mut self,
        way: &Way<'_>,
        to: &mut WriteHalf<'_>,
    ) -> Result<(), Ended> {
        let mut due = self.take_due();
        if due.is_empty() {
            return Ok(());
        }
        let (passing, then) = {
            let limits = &mut way.shared.toxics.lock().limits;
            limits.take(way.connection, way.direction, due.len())
        };
        let held = due.split_off(passing);
        let written = to.write_all(&due).await;
        match then {
            None if written.is_ok() => Ok(()),
            Some(Then::Stall) if written.is_ok() => {
                self.put_back(held);
                Ok(())
            }
            Some(Then::Reset) => {
                way.connection.will_reset();
                Err(Ended)
            }
            Some(Then::Close) => Err(Ended),
            None | Some(Then::Stall) => {
                way.end().await;
                Err(Ended)
            }
        }
    }

    fn take_due(&mut self) -> Vec<u8> {
        let now = Instant::now();
        let mut due = Vec::new();
        while let Some(first) = self.0.front_mut().filter(|first| first.due <= now) {
            let piece = first.bytes.split_to(first.piece.min(first.bytes.len()));
            due.extend_from_slice(&piece);
            let next = first.due + first.time;
            if !first.bytes.is_empty() {
                first.due = next;
                continue;
            }
            let done = first.due;
            self.0.pop_front();
            if let Some(first) = self.0.front_mut() {
                first.due = first.due.max(done + first.time);
            }
        }
        due
    }

    fn put_back(&mut self, bytes: Vec<u8>) {
        self.0.push_front(Parcel {
            due: Instant::now() + SILENCE,
            bytes: bytes.into(),
            piece: usize::MAX,
            time: Duration::ZERO,
        });
    }
}

/// Completes at that time; never, if there is none.
pub(super) async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}
