//! What has become of the events, for `GET /webhooks` and the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use seller_data::outbox::OutboxCounts;
use serde::Serialize;
use tokio::time::Instant;

/// At most one warning about failed attempts in this time, however many tenants wait.
const WARNING_INTERVAL: Duration = Duration::from_secs(30);

/// Counters of one marketplace since it started.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    delivered: AtomicU64,
    failed_attempts: AtomicU64,
    warned_at: Mutex<Option<Instant>>,
}

/// What `GET /webhooks` answers.
#[derive(Debug, Serialize)]
pub(crate) struct Tally {
    pending: u64,
    delivered: u64,
    failed_attempts: u64,
    dead: u64,
}

impl Progress {
    pub(super) fn count_delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_failed_attempt(&self) {
        self.failed_attempts.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a failure should be told at all, which makes it the last one for a while.
    pub(super) fn may_warn(&self) -> bool {
        let mut warned_at = self.warned_at.lock();
        let is_due = warned_at.is_none_or(|at| at.elapsed() >= WARNING_INTERVAL);
        if is_due {
            *warned_at = Some(Instant::now());
        }
        is_due
    }

    /// The counters, with what is in the outbox.
    pub(crate) fn list(&self, counts: OutboxCounts) -> Tally {
        Tally {
            pending: counts.pending,
            delivered: self.delivered.load(Ordering::Relaxed),
            failed_attempts: self.failed_attempts.load(Ordering::Relaxed),
            dead: counts.dead,
        }
    }
}
