use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use parking_lot::Mutex;

use super::report_pretty;
use super::writer::{BYTES_MAX, Queue};

const LINE: &[u8] = b"a line\n";
const LINES_MAX: usize = BYTES_MAX / LINE.len();

/// A sink that passes a write on only when the test lets it.
struct Gate {
    open: Receiver<()>,
    entered: Sender<()>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.entered.send(());
        let _ = self.open.recv();
        self.written.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sink whose reader has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn a_blocked_reader_costs_lines_but_no_time() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let (opener, open) = channel();
    let (entered, inside) = channel();
    let gate = Gate {
        open,
        entered,
        written: Arc::clone(&written),
    };
    let queue = Queue::start(gate, report_pretty).unwrap();
    queue.push(b"first\n");
    inside.recv().unwrap();
    for _ in 0..LINES_MAX + 5 {
        queue.push(LINE);
    }
    assert_eq!(queue.dropped_count(), 5);

    drop(opener);
    let all = LINES_MAX * LINE.len();
    while written.lock().len() < all {
        std::thread::yield_now();
    }
    queue.flush();
    let written = String::from_utf8(written.lock().clone()).unwrap();
    assert!(written.starts_with("first\nWARN log lines dropped lines=5\n"));
    assert_eq!(written.matches("a line\n").count(), LINES_MAX);
}

#[test]
fn a_closed_reader_stops_nothing() {
    let queue = Queue::start(Closed, report_pretty).unwrap();
    for _ in 0..10 {
        queue.push(b"line\n");
    }
    queue.flush();
    assert_eq!(queue.dropped_count(), 0);
}

#[test]
fn flushing_writes_everything_that_was_queued() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let (opener, open) = channel();
    let (entered, _inside) = channel();
    drop(opener);
    let gate = Gate {
        open,
        entered,
        written: Arc::clone(&written),
    };
    let queue = Queue::start(gate, report_pretty).unwrap();
    for _ in 0..100 {
        queue.push(b"line\n");
    }
    queue.flush();
    assert_eq!(written.lock().len(), 500);
}
