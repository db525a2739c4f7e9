use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// What waits for a slow reader: some 8,000 lines.
pub(super) const BYTES_MAX: usize = 2 << 20;
/// How long a line waits for others, to be written together with them: a call of the system, and waking the thread that
/// makes it, cost ten times what a line costs otherwise.
const GATHER: Duration = Duration::from_millis(5);
const FLUSH_MAX: Duration = Duration::from_millis(500);

/// A bounded queue of lines and the thread that writes them.
#[derive(Debug)]
pub(super) struct Queue {
    shared: Arc<Shared>,
    dropped: Arc<AtomicU64>,
}

/// Where the log's formatter writes: each call is one line, queued or dropped, never waited for.
#[derive(Clone, Debug)]
pub struct LineWriter {
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Something waits, or nothing ever will.
    more: Condvar,
    /// All that had come when it was waited for is written.
    written: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Whole lines.
    bytes: Vec<u8>,
    /// Whether the thread writes what it has taken.
    is_writing: bool,
    is_closed: bool,
}

impl Queue {
    /// `report` words the line that tells how many lines were dropped.
    pub(super) fn start(
        sink: impl Write + Send + 'static,
        report: fn(u64) -> String,
    ) -> io::Result<Self> {
        let queue = Self {
            shared: Arc::default(),
            dropped: Arc::default(),
        };
        let (shared, dropped) = (Arc::clone(&queue.shared), queue.dropped());
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(sink, &shared, &dropped, report))?;
        Ok(queue)
    }

    pub(super) fn push(&self, line: &[u8]) {
        let mut waiting = self.shared.waiting.lock();
        if waiting.bytes.len() + line.len() > BYTES_MAX {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let is_first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        drop(waiting);
        if is_first {
            self.shared.more.notify_one();
        }
    }

    /// The count of dropped lines, which goes on.
    pub(super) fn dropped(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.dropped)
    }

    pub(super) fn dropped_count(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until everything queued so far is written, at most half a second.
    pub(super) fn flush(&self) {
        let mut waiting = self.shared.waiting.lock();
        let is_unwritten = |waiting: &mut Waiting| waiting.is_writing || !waiting.bytes.is_empty();
        let written = &self.shared.written;
        written.wait_while_for(&mut waiting, is_unwritten, FLUSH_MAX);
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.shared.waiting.lock().is_closed = true;
        self.shared.more.notify_one();
    }
}

impl LineWriter {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self { queue }
    }
}

impl Write for LineWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.queue.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ends when the queue has gone. Errors of the sink are ignored: there is nowhere to report them.
fn write_all(
    mut sink: impl Write,
    shared: &Shared,
    dropped: &AtomicU64,
    report: fn(u64) -> String,
) {
    let mut lines = Vec::new();
    let mut reported = 0;
    while shared.take(&mut lines) {
        let _ = sink.write_all(&lines);
        lines.clear();
        let total = dropped.load(Ordering::Relaxed);
        if total > reported && writeln!(sink, "{}", report(total - reported)).is_ok() {
            reported = total;
        }
        let _ = sink.flush();
    }
}

impl Shared {
    /// Says that what was taken before is written, and takes what waits once there is something; false if there never will be.
    fn take(&self, lines: &mut Vec<u8>) -> bool {
        let mut waiting = self.waiting.lock();
        waiting.is_writing = false;
        if waiting.bytes.is_empty() {
            self.written.notify_all();
        }
        let is_idle = |waiting: &mut Waiting| waiting.bytes.is_empty() && !waiting.is_closed;
        self.more.wait_while(&mut waiting, is_idle);
        if !waiting.is_closed {
            drop(waiting);
            std::thread::sleep(GATHER);
            waiting = self.waiting.lock();
        }
        std::mem::swap(&mut waiting.bytes, lines);
        waiting.is_writing = true;
        !lines.is_empty()
    }
}
