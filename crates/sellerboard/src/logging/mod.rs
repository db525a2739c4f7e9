//! Log lines on stderr, for people or for machines.
//!
//! A request never waits for the reader of the log: lines go through a bounded queue to a thread of their own. When
//! the reader is slow or gone, the queue fills, further lines are dropped and counted, and the count is logged as
//! soon as the reader is back.

mod writer;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use thiserror::Error;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, registry};

use crate::config::{LogFormat, LogSettings};
use crate::traces::Traces;
pub use writer::LineWriter;
use writer::Queue;

/// How many lines the process's log has dropped; unset while it has none.
static DROPPED: OnceLock<Arc<AtomicU64>> = OnceLock::new();

/// Keeps the log open; dropping it writes the lines that are still queued, for at most half a second.
#[derive(Debug)]
#[must_use = "the last lines are lost unless this is dropped at the end"]
pub struct LogGuard {
    queue: Arc<Queue>,
}

/// Why logging could not be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LogError {
    /// The thread that writes could not be started.
    #[error("failed to start the log writer")]
    Thread(#[source] std::io::Error),
    /// The process already has a log.
    #[error("failed to set up the log")]
    Taken(#[source] TryInitError),
    /// The filter is not valid; the configuration checks that earlier.
    #[error("failed to parse the log filter")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
}

/// Sets up the log of the process, once, and where its spans go, if there are [`Traces`].
///
/// # Errors
///
/// If the writer's thread cannot be started or the process has a log already.
pub fn init(settings: &LogSettings, traces: Option<&Traces>) -> Result<LogGuard, LogError> {
    let filter = EnvFilter::try_new(&settings.filter).map_err(LogError::Filter)?;
    let report = match settings.format {
        LogFormat::Json => report_json,
        LogFormat::Pretty => report_pretty,
    };
    let queue = Queue::start(std::io::stderr(), report).map_err(LogError::Thread)?;
    let queue = Arc::new(queue);
    let writer = LineWriter::new(Arc::clone(&queue));
    let lines = fmt::layer().with_writer(move || writer.clone());
    let started = match settings.format {
        LogFormat::Json => start(lines.json().flatten_event(true), filter, traces),
        LogFormat::Pretty => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr())
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            start(lines.with_ansi(colours), filter, traces)
        }
    };
    started.map_err(LogError::Taken)?;
    let _first = DROPPED.set(queue.dropped());
    Ok(LogGuard { queue })
}

/// Without traces the log's filter is everybody's: what it leaves out costs nothing.
fn start<L>(lines: L, filter: EnvFilter, traces: Option<&Traces>) -> Result<(), TryInitError>
where
    L: Layer<Registry> + Send + Sync,
{
    match traces {
        None => registry().with(lines).with(filter).try_init(),
        Some(traces) => registry()
            .with(lines.with_filter(filter))
            .with(traces.layer())
            .try_init(),
    }
}

/// How many lines the process's log has dropped since its start, because its reader was slow; 0 without a log.
#[must_use]
pub fn dropped_count() -> u64 {
    DROPPED
        .get()
        .map_or(0, |count| count.load(Ordering::Relaxed))
}

impl LogGuard {
    /// How many lines were dropped since the start because the reader was slow or gone.
    #[must_use]
    pub fn dropped_count(&self) -> u64 {
        self.queue.dropped_count()
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.queue.flush();
    }
}

fn report_json(lines: u64) -> String {
    format!(r#"{{"level":"WARN","message":"log lines dropped","lines":{lines}}}"#)
}

fn report_pretty(lines: u64) -> String {
    format!("WARN log lines dropped lines={lines}")
}

#[cfg(test)]
mod tests;
