//! What the services log about Redis, by node.

use std::cell::Cell;
use std::fmt::{self, Write as _};

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use crate::plan::Plan;

/// What is said of Redis by the part that keeps the connection counts whatever its level, everything else as a warning.
const CONNECTION: &str = "tenantcache_redis";
/// The part of it that reads events. It is apart: the stream may be lost again and again while the connection stays.
const STREAM: &str = "tenantcache_redis::stream";
/// So many lines of a node are kept in full.
const KEPT_MAX: u64 = 12;

thread_local! {
    static NODE: Cell<Option<u8>> = const { Cell::new(None) };
}

static LINES: Mutex<Lines> = Mutex::new(Lines {
    counts: [0; Plan::NODES as usize],
    streams: [0; Plan::NODES as usize],
    first: Vec::new(),
});

/// How many lines there were.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// By node, but for those about the stream of events.
    pub(super) counts: [u64; Plan::NODES as usize],
    /// Those about the stream of events, by node.
    pub(super) streams: [u64; Plan::NODES as usize],
    /// The first ones in full.
    first: Vec<(u8, String)>,
}

impl Lines {
    /// The first lines of a node.
    pub(super) fn of(&self, node: usize) -> impl Iterator<Item = &str> {
        let lines = self.first.iter();
        let lines = lines.filter(move |(of, _)| usize::from(*of) == node);
        lines.map(|(_, text)| text.as_str())
    }
}

/// Counts what services in this process log about Redis: [install](LineCounter::install) it once, before the first storm.
#[derive(Clone, Copy, Debug)]
pub struct LineCounter;

impl LineCounter {
    /// Makes it the process' subscriber. Nothing is printed.
    ///
    /// # Errors
    ///
    /// If there is one already.
    pub fn install() -> Result<(), tracing::subscriber::SetGlobalDefaultError> {
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Self))
    }
}

impl<S: Subscriber> Layer<S> for LineCounter {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let is_of_connection =
            metadata.target().starts_with(CONNECTION) && *metadata.level() <= Level::INFO;
        let Some(node) = NODE.get() else { return };
        if !is_of_connection && *metadata.level() > Level::WARN {
            return;
        }
        let mut lines = LINES.lock();
        let counts = if metadata.target().starts_with(STREAM) {
            &mut lines.streams
        } else {
            &mut lines.counts
        };
        let Some(count) = counts.get_mut(usize::from(node)) else {
            return;
        };
        *count += 1;
        if *count <= KEPT_MAX {
            let mut text = Text(metadata.level().to_string());
            event.record(&mut text);
            lines.first.push((node, text.0));
        }
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _a_string_takes_everything = if field.name() == "message" {
            write!(self.0, " {value:?}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
    }
}

pub(super) fn this_thread_is_of(node: u8) {
    NODE.set(Some(node));
}

pub(super) fn forget() {
    drop(take());
}

pub(super) fn take() -> Lines {
    std::mem::take(&mut *LINES.lock())
}
