use std::fmt;
use std::time::Duration;

use super::log::Log;

/// How many violations of each rule are told in full.
const TOLD_MAX: usize = 5;

/// The rules of the [module](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// An answer is the one that was asked for.
    C1,
    /// Nothing outdated is answered after an invalidation.
    C2,
    /// Versions never go back.
    C3,
    /// One load at a time.
    C4,
    /// Every request ends in time.
    C5,
    /// Answers and counters are true.
    C6,
}

impl Rule {
    /// All rules, in order.
    pub const ALL: [Self; 6] = [Self::C1, Self::C2, Self::C3, Self::C4, Self::C5, Self::C6];
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How often a rule was broken, and how, the first few times.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// How often.
    pub count: u64,
    /// The first violations that were found, in full.
    pub first: Vec<String>,
}

/// Durations, by their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// The median.
    pub p50: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

/// What [`check`](super::check) found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Reads checked.
    pub reads: u64,
    /// Invalidations that were applied.
    pub applied: u64,
    /// Invalidations that were queued.
    pub queued: u64,
    /// Loads.
    pub loads: u64,
    /// For how long other nodes answered with an outdated version after an invalidation was acknowledged: a case is an
    /// invalidation, a key that it covers, and another node that was asked for it afterwards.
    pub lag: Spread,
    /// How long reads took.
    pub latency: Spread,
    /// All lags, in nanoseconds, in order.
    pub(super) lags: Vec<u64>,
    findings: [Finding; Rule::ALL.len()],
}

impl Spread {
    /// Of durations in nanoseconds, in order.
    #[must_use]
    pub fn of(nanos: &[u64]) -> Self {
        let percentile = |percent: usize| {
            let at = (nanos.len() * percent / 100).min(nanos.len().saturating_sub(1));
            Duration::from_nanos(nanos.get(at).copied().unwrap_or(0))
        };
        Self {
            count: u64::try_from(nanos.len()).unwrap_or(u64::MAX),
            p50: percentile(50),
            p99: percentile(99),
            max: percentile(100),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p99, max, .. } = self;
        write!(f, "p50 {p50:.1?}, p99 {p99:.1?}, max {max:.1?}")
    }
}

impl Report {
    pub(super) fn new(log: &Log) -> Self {
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let applied = log.invalidations.iter().filter(|one| one.applied).count();
        Self {
            reads: count(log.reads.len()),
            applied: count(applied),
            queued: count(log.invalidations.len() - applied),
            loads: count(log.loads.len()),
            lag: Spread::default(),
            latency: Spread::default(),
            lags: Vec::new(),
            findings: Default::default(),
        }
    }

    /// What was found against a rule.
    #[must_use]
    pub fn finding(&self, rule: Rule) -> &Finding {
        &self.findings[rule as usize]
    }

    /// How often a rule was broken.
    #[must_use]
    pub fn violations(&self, rule: Rule) -> u64 {
        self.finding(rule).count
    }

    /// In how many cases the lag was longer than this.
    #[must_use]
    pub fn lags_over(&self, lag: Duration) -> usize {
        let lag = u64::try_from(lag.as_nanos()).unwrap_or(u64::MAX);
        self.lags.len() - self.lags.partition_point(|known| *known <= lag)
    }

    /// Whether no rule was broken.
    #[must_use]
    pub fn is_lawful(&self) -> bool {
        self.findings.iter().all(|finding| finding.count == 0)
    }

    pub(super) fn violation(&mut self, rule: Rule, tell: impl FnOnce() -> String) {
        let finding = &mut self.findings[rule as usize];
        finding.count += 1;
        if finding.first.len() < TOLD_MAX {
            finding.first.push(tell());
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} reads ({}), {} invalidations ({} queued), {} loads; lag {};",
            self.reads,
            self.latency,
            self.applied + self.queued,
            self.queued,
            self.loads,
            self.lag,
        )?;
        for rule in Rule::ALL {
            write!(f, " {rule} {}", self.violations(rule))?;
        }
        for rule in Rule::ALL {
            for told in &self.finding(rule).first {
                write!(f, "\n  {rule}: {told}")?;
            }
        }
        Ok(())
    }
}
