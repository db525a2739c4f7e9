//! The two tasks of one connection.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::commands::{self, Command};
use super::connection::{Connection, Pending};
use super::line::{Line, Way, until};
use super::pace::Direction;
use super::twister::Twister;
use super::{Shared, count, frames, pushes};

const CHUNK: usize = 64 << 10;

/// From the client to the server, command by command.
pub(super) async fn up(
    shared: &Shared,
    connection: &Connection,
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
) {
    let way = Way {
        shared,
        connection,
        direction: Direction::Up,
    };
    let mut buffer = BytesMut::with_capacity(CHUNK);
    let mut line = Line::default();
    loop {
        tokio::select! {
            read = from.read_buf(&mut buffer) => {
                if !matches!(read, Ok(1..)) {
                    return way.end().await;
                }
                let pace = way.pace();
                while let Some(bytes) = next_up(&way, &mut buffer) {
                    if !pace.is_silent() && let Some(bytes) = bytes.sent(&way) {
                        line.add(bytes, &pace, Duration::ZERO);
                    }
                }
            }
            () = line.due() => {}
        }
        if line.write(&way, &mut to).await.is_err() {
            return;
        }
    }
}

/// What a client sent.
enum Upward {
    Command(Command),
    Opaque(Bytes),
}

fn next_up(way: &Way<'_>, buffer: &mut BytesMut) -> Option<Upward> {
    let opaque = &way.connection.opaque;
    if !opaque.load(Ordering::Relaxed) {
        match commands::take(buffer) {
            Ok(command) => return command.map(Upward::Command),
            Err(frames::NotResp) => opaque.store(true, Ordering::Relaxed),
        }
    }
    (!buffer.is_empty()).then(|| Upward::Opaque(buffer.split().freeze()))
}

impl Upward {
    /// Notes a command, and gives the bytes to be passed on.
    fn sent(self, way: &Way<'_>) -> Option<Bytes> {
        let command = match self {
            Self::Opaque(bytes) => return Some(bytes),
            Self::Command(command) => command,
        };
        if command.is_empty() {
            return Some(command.frame);
        }
        let Way {
            shared, connection, ..
        } = way;
        let asks = command.begins_with("CLIENT TRACKING");
        if asks && !connection.tracking.swap(true, Ordering::Relaxed) {
            count(&shared.counts.tracking);
        }
        let error = shared.toxics.lock().rules.error(connection, &command);
        if let Some(error) = error {
            count(&shared.counts.twisted);
            connection
                .pending
                .lock()
                .push_back(Pending::Answered(error));
            connection.answered.notify_one();
            return None;
        }
        let frame = command.frame.clone();
        connection.pending.lock().push_back(Pending::Sent(command));
        Some(frame)
    }
}

/// From the server to the client, value by value.
pub(super) async fn down(
    shared: &Shared,
    connection: &Connection,
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
) {
    let way = Way {
        shared,
        connection,
        direction: Direction::Down,
    };
    let mut buffer = BytesMut::with_capacity(CHUNK);
    let (mut replies, mut pushed) = (Line::default(), Line::default());
    let mut twister = Twister::default();
    loop {
        tokio::select! {
            read = from.read_buf(&mut buffer) => {
                if !matches!(read, Ok(1..)) {
                    return way.end().await;
                }
                let pace = way.pace();
                while let Some(frame) = next_down(&way, &mut buffer) {
                    if pace.is_silent() {
                        forget_reply(connection, &frame);
                    } else if frames::is_push(&frame) {
                        pushes::pass(shared, frame, &pace, &mut pushed);
                    } else if twister.pass(&way, frame, &mut replies).is_err() {
                        let _ends_anyway = replies.write(&way, &mut to).await;
                        return;
                    }
                }
            }
            () = connection.answered.notified() => twister.pass_answered(&way, &mut replies),
            () = replies.due() => {}
            () = pushed.due() => {}
            () = until(twister.patience()) => twister.release(&way, &mut replies),
        }
        for line in [&mut replies, &mut pushed] {
            if line.write(&way, &mut to).await.is_err() {
                return;
            }
        }
    }
}

fn next_down(way: &Way<'_>, buffer: &mut BytesMut) -> Option<Bytes> {
    if way.connection.opaque.load(Ordering::Relaxed) {
        return (!buffer.is_empty()).then(|| buffer.split().freeze());
    }
    frames::take(buffer)
}

/// A reply that is dropped answers its command all the same.
fn forget_reply(connection: &Connection, frame: &[u8]) {
    if !frames::is_push(frame) {
        connection.pending.lock().pop_front();
    }
}
