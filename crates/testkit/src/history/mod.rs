//! A history checker: it judges what several cache nodes answered by what had been written and invalidated, and by
//! nothing else. It knows nothing of how the cache works.
//!
//! The origin of a test gives, for each key, a *version* that rises with every write, and a number (*nonce*) of its own to
//! every load. A writer raises versions, *then* invalidates a [`Scope`] on some node, and waits for the acknowledgement. All
//! of that goes into a [`Log`], by one clock that never goes back. [`check`] then says, in O(n log n), where the log breaks
//! a [`Rule`]:
//!
//! - **C1** An answer is the one that was asked for: its tenant and key are those of the request, and it is what one load of
//!   that key brought.
//! - **C2** On the node that acknowledged an invalidation, no answer to a request that *starts* later shows a version older
//!   than the invalidated one. On the other nodes none does to a request that starts more than the coherence bound later;
//!   on a node that declares itself cut off from Redis, the greater of that bound and the outage TTL. For
//!   keys that are read strictly the bound is zero.
//! - **C3** On one node the versions of one key never go back, from one answer to a request that starts after it.
//! - **C4** A key is loaded once at a time on one node, and once in all while Redis is up. A second load is lawful where an
//!   invalidation of the tenant makes the first one's value useless to newcomers.
//! - **C5** Every request ends within its deadline, with a value, or with an error if a load failed meanwhile.
//! - **C6** What an answer says of itself, and what the node counts, agrees with the log.
//!
//! # What is tolerated
//!
//! - An invalidation that was `queued` binds the other nodes only from [`Settled`] on: when the node that queued it
//!   says that nothing waits any more. It binds its own node at once.
//! - A node that a split brain leaves with the old primary ([`CutOff`]) cannot hear the others, nor they it. What is
//!   invalidated on either side meanwhile binds the other one from the end of that span and the time to notice it on.
//! - C3 and C4 are not judged across a span in which Redis was away or lost data ([`Span`]s that are *unsteady*), nor for
//!   answers that say they are degraded: what Redis forgets, two nodes may load twice, and at different times.
//! - A "does not exist" shows no version. The log says of it the newest version at which that was true, so it is judged
//!   by C2 in its own favour, and by C3 not at all.

mod answers;
mod coherence;
mod floors;
mod lag;
mod loads;
mod log;
mod report;

pub use log::{
    CutOff, Invalidation, KeyFacts, Load, Log, Read, Said, Scope, Settled, Span, Status, Totals,
    Write,
};
pub use report::{Finding, Report, Rule, Spread};

use std::time::Duration;

/// What a history is measured against.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The coherence bound T.
    pub coherence_bound: Duration,
    /// The outage TTL.
    pub outage_ttl: Duration,
    /// Within what time every request has to end.
    pub deadline: Duration,
    /// The longest hard TTL of any entry.
    pub hard_ttl_max: Duration,
    /// How long a node may take to notice that its primary was replaced.
    pub notice: Duration,
    /// By how much two readings of clocks, or an age in whole milliseconds, may differ. It softens C4 and C6 only.
    pub slack: Duration,
    /// The most loads in any one second, if that is bounded.
    pub loads_per_second_max: Option<usize>,
}

impl Default for Limits {
    /// The defaults of the cache: T 2 s, outage TTL 5 s; a deadline of 5 s, a notice of 1 s, a slack of 100 ms.
    fn default() -> Self {
        Self {
            coherence_bound: Duration::from_secs(2),
            outage_ttl: Duration::from_secs(5),
            deadline: Duration::from_secs(5),
            hard_ttl_max: Duration::from_secs(3_600),
            notice: Duration::from_secs(1),
            slack: Duration::from_millis(100),
            loads_per_second_max: None,
        }
    }
}

/// Judges a log.
#[must_use]
pub fn check(log: &Log, limits: &Limits) -> Report {
    let mut report = Report::new(log);
    answers::check(log, limits, &mut report);
    let floors = floors::Floors::new(log, limits);
    coherence::check(log, limits, &floors, &mut report);
    loads::check(log, limits, &mut report);
    report.lags = lag::measure(log, &floors);
    report.lag = Spread::of(&report.lags);
    let took = log.reads.iter();
    let mut took: Vec<_> = took
        .map(|read| read.end.saturating_sub(read.start))
        .collect();
    took.sort_unstable();
    report.latency = Spread::of(&took);
    report
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
