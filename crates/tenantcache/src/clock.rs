//! Time, passed in so that tests can move it.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::nanos::Nanos;

/// Where a cache takes its time from.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Time since some fixed point. It never goes back and counts the time that the machine was suspended.
    fn monotonic(&self) -> Duration;

    /// Time since 1970-01-01 UTC. It may jump.
    fn wall(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        #[cfg(target_os = "linux")]
        const CLOCK: ClockId = ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        const CLOCK: ClockId = ClockId::Monotonic;
        read(CLOCK)
    }

    fn wall(&self) -> Duration {
        read(ClockId::Realtime)
    }
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// A clock that stands still until it is told otherwise, for tests. Clones share the time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    monotonic_nanos: Arc<AtomicU64>,
    wall_nanos: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that shows one hour after its fixed point, on 2025-01-01.
    #[must_use]
    pub fn new() -> Self {
        let nanos = |seconds: u64| Arc::new(AtomicU64::new(seconds * 1_000_000_000));
        Self {
            monotonic_nanos: nanos(3_600),
            wall_nanos: nanos(1_735_689_600),
        }
    }

    /// Lets time pass, on both clocks.
    pub fn advance(&self, time: Duration) {
        let nanos = Nanos::from(time).get();
        self.monotonic_nanos.fetch_add(nanos, Ordering::SeqCst);
        self.wall_nanos.fetch_add(nanos, Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic_nanos.load(Ordering::SeqCst))
    }

    fn wall(&self) -> Duration {
        Duration::from_nanos(self.wall_nanos.load(Ordering::SeqCst))
    }
}
