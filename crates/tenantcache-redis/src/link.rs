//! One connection, with what its commands have shown of it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use redis::aio::MultiplexedConnection;
use tenantcache::remote::HealthCause;
use tokio::sync::Notify;

use crate::together::Together;

/// Commands in a row without an answer in time that open the breaker.
const LATE_IN_A_ROW_MAX: u32 = 5;
/// So many commands within a second are enough to judge by how many of them were late.
const JUDGED_MIN: u32 = 20;

/// A connection to the server. It is replaced as a whole, so what ends late on an old one says nothing of the new one.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) connection: MultiplexedConnection,
    pub(crate) together: Together,
    late_in_a_row: AtomicU32,
    /// Commands that have ended in the present second, and how many of them were late.
    ended: AtomicU32,
    late: AtomicU32,
    lost: OnceLock<HealthCause>,
    ending: Notify,
}

impl Link {
    pub(crate) fn new(connection: MultiplexedConnection) -> Self {
        Self {
            connection,
            together: Together::default(),
            late_in_a_row: AtomicU32::new(0),
            ended: AtomicU32::new(0),
            late: AtomicU32::new(0),
            lost: OnceLock::new(),
            ending: Notify::new(),
        }
    }

    /// Notes a command that was answered in time.
    pub(crate) fn answered(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
        if self.late_in_a_row.load(Ordering::Relaxed) != 0 {
            self.late_in_a_row.store(0, Ordering::Relaxed);
        }
    }

    /// Notes a command that was not, or whose answer was that the server is not ready, and gives whether that was one too
    /// many: five in a row, or half of all.
    pub(crate) fn failed(&self) -> Option<HealthCause> {
        let in_a_row = self.late_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        let late = self.late.fetch_add(1, Ordering::Relaxed) + 1;
        if in_a_row >= LATE_IN_A_ROW_MAX {
            Some(HealthCause::Silent)
        } else if ended >= JUDGED_MIN && late >= ended / 2 {
            Some(HealthCause::Slow)
        } else {
            None
        }
    }

    /// Begins to count anew, once a second.
    pub(crate) fn begin_second(&self) {
        self.ended.store(0, Ordering::Relaxed);
        self.late.store(0, Ordering::Relaxed);
    }

    /// Says that the connection is not to be used any more. The first cause stays.
    pub(crate) fn lose(&self, cause: HealthCause) {
        let _first_stays = self.lost.set(cause);
        self.ending.notify_one();
    }

    /// Completes when the connection is not to be used any more. One waits for it at a time.
    pub(crate) async fn lost(&self) {
        while self.lost.get().is_none() {
            self.ending.notified().await;
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.get().is_some()
    }
}
