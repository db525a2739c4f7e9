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

/// For how long the other nodes answered with an outdated version after an invalidation was acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Cases: an invalidation, a key that it covers, and another node that was asked for it afterwards.
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
    /// The staleness of other nodes.
    pub lag: Lag,
    findings: [Finding; Rule::ALL.len()],
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
            lag: Lag::default(),
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
            "{} reads, {} invalidations ({} queued), {} loads; lag p50 {:.1?}, p99 {:.1?}, max {:.1?};",
            self.reads,
            self.applied + self.queued,
            self.queued,
            self.loads,
            self.lag.p50,
            self.lag.p99,
            self.lag.max
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
