use std::time::Duration;

use tokio::time::Instant;

/// How long the load generator had nothing to do: the spans between two looks in which nothing was sent or answered.
#[derive(Debug)]
pub(super) struct Idle {
    done: u64,
    since: Instant,
    total: Duration,
}

impl Idle {
    pub(super) fn from(start: Instant) -> Self {
        Self {
            done: 0,
            since: start,
            total: Duration::ZERO,
        }
    }

    /// Looks at what was done by now.
    pub(super) fn look(&mut self, now: Instant, done: u64) {
        if done == self.done {
            self.total += now - self.since;
        }
        self.done = done;
        self.since = now;
    }

    pub(super) fn total(&self) -> Duration {
        self.total
    }
}
