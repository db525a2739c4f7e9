//! The two tasks of one connection.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;

use super::{Connection, Direction, Shared, frames};

const CHUNK: usize = 64 << 10;
/// How long the first reply of a pair to be exchanged waits for the second.
const SWAP_PATIENCE: Duration = Duration::from_millis(20);
/// How often a silent connection that has ended looks whether it may say so.
const SILENCE: Duration = Duration::from_millis(5);
/// Strings shorter than this are no entries.
const FLIP_BYTES_MIN: usize = 64;
/// A connection asks for tracking when it is set up; later bytes are not looked at.
const SETUP_BYTES: usize = 16 << 10;

/// From the client to the server.
pub(super) async fn up(
    shared: &Shared,
    connection: &Connection,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
) {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    let mut line = Line::default();
    let mut seen = 0;
    loop {
        tokio::select! {
            read = from.read_buf(&mut buffer) => {
                if !matches!(read, Ok(1..)) {
                    return end(shared, Direction::Up).await;
                }
                let chunk = buffer.split().freeze();
                if seen < SETUP_BYTES {
                    seen += chunk.len();
                    note_tracking(shared, connection, &chunk);
                }
                if is_silent(shared, Direction::Up) {
                    continue;
                }
                line.add(chunk, latency(shared, Direction::Up));
            }
            () = line.due() => {}
        }
        if line.write(&mut to).await.is_err() {
            return end(shared, Direction::Up).await;
        }
    }
}

/// From the server to the client, value by value.
pub(super) async fn down(shared: &Shared, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    let (mut replies, mut pushes) = (Line::default(), Line::default());
    let mut held: Option<(Instant, Bytes)> = None;
    loop {
        let patience = held.as_ref().map(|(until, _)| *until);
        tokio::select! {
            read = from.read_buf(&mut buffer) => {
                if !matches!(read, Ok(1..)) {
                    return end(shared, Direction::Down).await;
                }
                let silent = is_silent(shared, Direction::Down);
                while let Some(frame) = frames::take(&mut buffer) {
                    if silent {
                        continue;
                    }
                    if frames::is_push(&frame) {
                        push(shared, frame, &mut pushes);
                    } else {
                        reply(shared, frame, &mut replies, &mut held);
                    }
                }
            }
            () = replies.due() => {}
            () = pushes.due() => {}
            () = until(patience) => {
                if let Some((_, frame)) = held.take() {
                    replies.add(frame, latency(shared, Direction::Down));
                }
            }
        }
        if let Some(rest) = cut_here(shared, &mut replies) {
            let _cut_anyway = to.write_all(&rest).await;
            return;
        }
        if replies.write(&mut to).await.is_err() || pushes.write(&mut to).await.is_err() {
            return end(shared, Direction::Down).await;
        }
    }
}

/// Bytes on their way, in order, each due at a time of its own.
#[derive(Default)]
struct Line(VecDeque<(Instant, Bytes)>);

impl Line {
    fn add(&mut self, bytes: Bytes, delay: Duration) {
        let due = Instant::now() + delay;
        let due = self.0.back().map_or(due, |(last, _)| due.max(*last));
        self.0.push_back((due, bytes));
    }

    /// Completes when the first bytes are due; never, if there are none.
    async fn due(&self) {
        until(self.0.front().map(|(due, _)| *due)).await;
    }

    async fn write(&mut self, to: &mut OwnedWriteHalf) -> std::io::Result<()> {
        let now = Instant::now();
        let mut due = Vec::new();
        while let Some((_, bytes)) = self.0.pop_front_if(|(due, _)| *due <= now) {
            due.extend_from_slice(&bytes);
        }
        to.write_all(&due).await
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// One side has ended. A silent network does not tell the other.
async fn end(shared: &Shared, direction: Direction) {
    while is_silent(shared, direction) {
        tokio::time::sleep(SILENCE).await;
    }
}

fn is_silent(shared: &Shared, direction: Direction) -> bool {
    shared.toxics.lock().silent[direction as usize]
}

fn latency(shared: &Shared, direction: Direction) -> Duration {
    let (least, jitter) = shared.toxics.lock().latency[direction as usize];
    least + random_up_to(jitter)
}

fn random_up_to(max: Duration) -> Duration {
    max.mul_f64(fastrand::f64())
}

fn note_tracking(shared: &Shared, connection: &Connection, chunk: &[u8]) {
    const WORD: &[u8] = b"TRACKING\r\n";
    let asks = chunk
        .windows(WORD.len())
        .any(|window| window.eq_ignore_ascii_case(WORD));
    if asks && !connection.tracking.swap(true, Ordering::Relaxed) {
        shared.counts.tracking.fetch_add(1, Ordering::Relaxed);
    }
}

fn push(shared: &Shared, frame: Bytes, pushes: &mut Line) {
    shared.counts.pushes.fetch_add(1, Ordering::Relaxed);
    let delay = {
        let mut toxics = shared.toxics.lock();
        if toxics.pushes_to_delete > 0 {
            toxics.pushes_to_delete -= 1;
            shared.counts.pushes_deleted.fetch_add(1, Ordering::Relaxed);
            return;
        }
        toxics.push_delay_max
    };
    pushes.add(
        frame,
        latency(shared, Direction::Down) + random_up_to(delay),
    );
}

fn reply(shared: &Shared, frame: Bytes, replies: &mut Line, held: &mut Option<(Instant, Bytes)>) {
    let frame = flipped(shared, frame);
    let delay = latency(shared, Direction::Down);
    let swaps = {
        let toxics = shared.toxics.lock();
        toxics.replies_to_swap > 0 && frame.starts_with(toxics.swappable)
    };
    match (held.take(), swaps) {
        (None, true) => *held = Some((Instant::now() + SWAP_PATIENCE, frame)),
        (None, false) => replies.add(frame, delay),
        (Some((_, first)), false) => {
            replies.add(first, delay);
            replies.add(frame, delay);
        }
        (Some((_, first)), true) => {
            shared.toxics.lock().replies_to_swap -= 1;
            shared.counts.swapped.fetch_add(1, Ordering::Relaxed);
            replies.add(frame, delay);
            replies.add(first, delay);
        }
    }
}

fn flipped(shared: &Shared, frame: Bytes) -> Bytes {
    if shared.toxics.lock().replies_to_flip == 0 {
        return frame;
    }
    let Some(text) = frames::longest_string(&frame).filter(|text| text.len() >= FLIP_BYTES_MIN)
    else {
        return frame;
    };
    let mut toxics = shared.toxics.lock();
    toxics.replies_to_flip = toxics.replies_to_flip.saturating_sub(1);
    shared.counts.flipped.fetch_add(1, Ordering::Relaxed);
    let mut bytes = BytesMut::from(frame.as_ref());
    bytes[fastrand::usize(text)] ^= 1 << fastrand::u32(..8);
    bytes.freeze()
}

/// What may still pass before the cut, if it falls among these replies.
fn cut_here(shared: &Shared, replies: &mut Line) -> Option<Vec<u8>> {
    let mut toxics = shared.toxics.lock();
    let left = toxics.cut_after_bytes?;
    let mut bytes: Vec<u8> = replies
        .0
        .iter()
        .flat_map(|(_, bytes)| bytes.clone())
        .collect();
    if bytes.len() < left {
        toxics.cut_after_bytes = Some(left - bytes.len());
        return None;
    }
    toxics.cut_after_bytes = None;
    bytes.truncate(left);
    Some(bytes)
}
