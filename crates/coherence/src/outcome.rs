use std::fmt;
use std::time::Duration;

use serde_json::json;
use testkit::history::{Report, Rule, Spread};

use crate::Fault;

/// So many cases of a long lag may be the machine's doing.
const LAGS_MAX: usize = 5;

/// How a run under one fault went.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The fault.
    pub fault: Fault,
    /// The seed.
    pub seed: u64,
    /// How often the fault was done: connections cut, pushes deleted, replies garbled, or the whole of it.
    pub faults: u64,
    /// How long it took.
    pub took: Duration,
    /// What the checker says.
    pub report: Report,
    /// What the lag must stay below, but for a few cases: where nothing fails, pushes make it far shorter than the bound.
    pub lag_max: Option<Duration>,
}

impl Outcome {
    /// Whether no rule was broken, and the lag is as short as it has to be.
    #[must_use]
    pub fn is_lawful(&self) -> bool {
        self.report.is_lawful() && !self.lags()
    }

    fn lags(&self) -> bool {
        self.lag_max
            .is_some_and(|max| self.report.lags_over(max) > LAGS_MAX)
    }

    /// Everything as JSON, times in milliseconds.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
        let spread = |spread: Spread| {
            json!({
                "count": spread.count,
                "p50": millis(spread.p50),
                "p99": millis(spread.p99),
                "max": millis(spread.max),
            })
        };
        let report = &self.report;
        let violations = Rule::ALL.map(|rule| (rule.to_string(), report.violations(rule).into()));
        let first = Rule::ALL
            .map(|rule| report.finding(rule).first.clone())
            .concat();
        json!({
            "fault": self.fault.name(),
            "seed": self.seed,
            "faults": self.faults,
            "seconds": self.took.as_secs_f64(),
            "reads": report.reads,
            "applied": report.applied,
            "queued": report.queued,
            "loads": report.loads,
            "lag_ms": spread(report.lag),
            "latency_ms": spread(report.latency),
            "violations": serde_json::Map::from_iter(violations),
            "lags": self.lags(),
            "lawful": self.is_lawful(),
            "first": first,
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<17} seed {}, {:.1} s, fault {} times: {}",
            self.fault.name(),
            self.seed,
            self.took.as_secs_f64(),
            self.faults,
            self.report
        )?;
        if let (true, Some(max)) = (self.lags(), self.lag_max) {
            write!(
                f,
                "\n  lag: more than {max:.1?} in more than {LAGS_MAX} cases"
            )?;
        }
        Ok(())
    }
}
