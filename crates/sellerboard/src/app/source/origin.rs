//! How an origin is spared: a breaker, backoff by tenant, and few retries.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tenantcache::clock::{Clock, SystemClock};
use tenantcache::{TenantId, Unavailable};
use tower::retry::budget::{Budget, TpsBudget};

use super::SourceError;
use super::backoff::Backoff;
use super::breaker::{Breaker, BreakerState, End, Ticket};

/// At most this share of calls is a retry, over the last [`RETRY_SPAN`].
const RETRY_SHARE: f32 = 0.1;
const RETRY_SPAN: Duration = Duration::from_secs(10);
/// The pause before a retry, in milliseconds.
const RETRY_PAUSE_MILLIS: std::ops::Range<u64> = 10..100;

/// What stands before one origin, whatever its form.
#[derive(Debug)]
pub(in super::super) struct Origin {
    backoff: Backoff,
    breaker: Mutex<Breaker>,
    clock: SystemClock,
    counts: Counts,
    retries: TpsBudget,
    /// A call that is abandoned after half of this was too slow.
    timeout: Duration,
}

/// Counters, which wrap at 2⁶⁴.
#[derive(Debug, Default)]
struct Counts {
    ok: AtomicU64,
    failed: AtomicU64,
    retries: AtomicU64,
    withheld_backoff: AtomicU64,
    withheld_breaker: AtomicU64,
    changes: [AtomicU64; BreakerState::NAMES.len()],
}

/// What an origin's guard has seen, for metrics.
#[derive(Clone, Copy, Debug)]
pub(super) struct OriginSnapshot {
    pub(super) state: BreakerState,
    /// For each state how often it was entered, in the order of [`BreakerState::NAMES`].
    pub(super) changes: [u64; BreakerState::NAMES.len()],
    pub(super) ok: u64,
    pub(super) failed: u64,
    pub(super) retries: u64,
    pub(super) withheld_backoff: u64,
    pub(super) withheld_breaker: u64,
}

/// A call under way. Dropped without an end, it was abandoned, or took too long.
struct Call<'a> {
    origin: &'a Origin,
    ticket: Ticket,
    begun: Duration,
    ended: bool,
}

impl Origin {
    /// An origin whose calls are given up after `timeout`.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            backoff: Backoff::default(),
            breaker: Mutex::new(Breaker::new()),
            clock: SystemClock::default(),
            counts: Counts::default(),
            retries: TpsBudget::new(RETRY_SPAN, 0, RETRY_SHARE),
            timeout,
        }
    }

    /// Calls the origin on behalf of a tenant, unless it is known not to want that. A call without an answer is repeated
    /// once, while few are: `call` must change nothing.
    ///
    /// # Cancel safety
    ///
    /// A caller that goes away leaves nothing behind; if it waited for long, the call counts as failed.
    pub(super) async fn ask<T, F>(
        &self,
        tenant: &TenantId,
        call: impl Fn() -> F,
    ) -> Result<T, SourceError>
    where
        F: Future<Output = Result<T, SourceError>>,
    {
        if let Some(wait) = self.backoff.remaining(tenant, self.clock.monotonic()) {
            count(&self.counts.withheld_backoff);
            return Err(SourceError::Backoff(Unavailable::new(wait)));
        }
        let begun = self.begin()?;
        self.retries.deposit();
        let answer = begun.run(tenant, call()).await;
        let Err(error) = &answer else { return answer };
        if !error.is_without_answer() || !self.retries.withdraw() {
            return answer;
        }
        let pause = Duration::from_millis(fastrand::u64(RETRY_PAUSE_MILLIS));
        tokio::time::sleep(pause).await;
        let Ok(again) = self.begin() else {
            return answer;
        };
        count(&self.counts.retries);
        again.run(tenant, call()).await
    }

    pub(super) fn snapshot(&self) -> OriginSnapshot {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.counts;
        OriginSnapshot {
            state: self.breaker.lock().state(),
            changes: counts.changes.each_ref().map(get),
            ok: get(&counts.ok),
            failed: get(&counts.failed),
            retries: get(&counts.retries),
            withheld_backoff: get(&counts.withheld_backoff),
            withheld_breaker: get(&counts.withheld_breaker),
        }
    }

    fn begin(&self) -> Result<Call<'_>, SourceError> {
        let begun = self.clock.monotonic();
        let admitted = self.change(|breaker| breaker.admit(begun));
        let ticket = admitted.map_err(|wait| {
            count(&self.counts.withheld_breaker);
            SourceError::Withheld(Unavailable::new(wait))
        })?;
        Ok(Call {
            origin: self,
            ticket,
            begun,
            ended: false,
        })
    }

    /// Does something with the breaker, and tells of its change if that is news. Probes are not.
    fn change<T>(&self, act: impl FnOnce(&mut Breaker) -> T) -> T {
        let mut breaker = self.breaker.lock();
        let before = breaker.state();
        let result = act(&mut breaker);
        let after = breaker.state();
        drop(breaker);
        if before != after {
            count(&self.counts.changes[after as usize]);
            match (before, after) {
                (BreakerState::Closed, _) => {
                    tracing::warn!("The origin fails; it is probed, and not asked otherwise");
                }
                (_, BreakerState::Closed) => tracing::info!("The origin answers again"),
                _ => {}
            }
        }
        result
    }
}

impl Call<'_> {
    async fn run<T>(
        mut self,
        tenant: &TenantId,
        call: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        let answer = call.await;
        if let Err(SourceError::Busy {
            retry: Some(retry), ..
        }) = &answer
        {
            let now = self.origin.clock.monotonic();
            let wait = retry.retry_after();
            self.origin
                .backoff
                .note(tenant, wait, now, fastrand::u64(..));
        }
        self.end(match &answer {
            Err(error) if error.is_failure() => End::Failed,
            _ => End::Succeeded,
        });
        answer
    }

    fn end(&mut self, end: End) {
        self.ended = true;
        let origin = self.origin;
        match end {
            End::Abandoned => {}
            End::Failed => count(&origin.counts.failed),
            End::Succeeded => count(&origin.counts.ok),
        }
        let (now, random) = (origin.clock.monotonic(), fastrand::u64(..));
        origin.change(|breaker| breaker.ended(&self.ticket, end, now, random));
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let took = self.origin.clock.monotonic().saturating_sub(self.begun);
        self.end(if took >= self.origin.timeout / 2 {
            End::Failed
        } else {
            End::Abandoned
        });
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::{Error, ErrorKind};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn few_calls_are_repeated() {
        let origin = Origin::new(Duration::from_secs(5));
        let tenant = TenantId::new("tenant-001").unwrap();
        let calls = Cell::new(0);
        // Every fourth call finds nobody, which is too seldom for the breaker, and too often to repeat them all.
        for _ in 0..1_000 {
            let call = async || match calls.replace(calls.get() + 1) % 4 {
                0 => Err(SourceError::Unreachable(
                    Error::from(ErrorKind::ConnectionRefused).into(),
                )),
                _ => Ok(()),
            };
            let _either = origin.ask(&tenant, call).await;
        }
        let seen = origin.snapshot();
        assert_eq!(seen.withheld_breaker, 0);
        assert!((50..=100).contains(&seen.retries), "{seen:?}");
    }
}
