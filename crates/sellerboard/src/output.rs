//! What the program prints: data to stdout, messages to stderr.
//!
//! `println!` panics when the reader of a pipe has gone; here that ends the program quietly, as in
//! `sellerboard cache list | head`.

use std::fmt;
use std::io::{self, Write};

/// The reader of stdout has gone: no failure, but nothing more to do.
#[derive(Debug)]
pub struct OutputClosed;

impl fmt::Display for OutputClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reader of the output has gone")
    }
}

impl std::error::Error for OutputClosed {}

/// Standard output, locked for each write; a closed pipe becomes [`OutputClosed`].
#[derive(Debug, Default)]
pub struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().lock().write(bytes).map_err(quiet)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().lock().flush().map_err(quiet)
    }
}

/// Whether the cause of `error` is that the reader of stdout has gone.
#[must_use]
pub fn is_closed(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let inner = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<OutputClosed>)
    })
}

/// Prints a line to stderr; if nobody can read it, it is lost.
pub fn message(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn quiet(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return io::Error::new(io::ErrorKind::BrokenPipe, OutputClosed);
    }
    error
}
