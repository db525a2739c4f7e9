use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Lines that wait for a slow reader; some 2 MB at 250 bytes a line.
pub(super) const LINES_MAX: usize = 8192;
const FLUSH_MAX: Duration = Duration::from_millis(500);

/// A bounded queue of lines and the thread that writes them.
#[derive(Debug)]
pub(super) struct Queue {
    sender: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

/// Where the log's formatter writes: each call is one line, queued or dropped, never waited for.
#[derive(Clone, Debug)]
pub struct LineWriter {
    queue: Arc<Queue>,
}

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

impl Queue {
    /// `report` words the line that tells how many lines were dropped.
    pub(super) fn start(
        sink: impl Write + Send + 'static,
        report: fn(u64) -> String,
    ) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(LINES_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&dropped);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(sink, &receiver, &counter, report))?;
        Ok(Self { sender, dropped })
    }

    pub(super) fn push(&self, line: &[u8]) {
        let sent = self.sender.try_send(Message::Line(line.to_vec()));
        if sent.is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
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
        let (done, written) = sync_channel(1);
        // A full queue has a blocked reader, for which there is no use waiting.
        if let Ok(()) | Err(TrySendError::Disconnected(_)) =
            self.sender.try_send(Message::Flush(done))
        {
            let _ = written.recv_timeout(FLUSH_MAX);
        }
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

/// Ends when the last sender has gone. Errors of the sink are ignored: there is nowhere to report them.
fn write_all(
    mut sink: impl Write,
    receiver: &Receiver<Message>,
    dropped: &AtomicU64,
    report: fn(u64) -> String,
) {
    let mut reported = 0;
    while let Ok(message) = receiver.recv() {
        match message {
            Message::Line(line) => {
                let _ = sink.write_all(&line);
            }
            Message::Flush(done) => {
                let _ = sink.flush();
                let _ = done.try_send(());
            }
        }
        let total = dropped.load(Ordering::Relaxed);
        if total > reported && writeln!(sink, "{}", report(total - reported)).is_ok() {
            reported = total;
        }
    }
}
