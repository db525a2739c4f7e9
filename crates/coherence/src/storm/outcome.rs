use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::history::{Report, Rule, Spread};

use super::condition::Condition;
use super::figures::{Figures, Phase, Times};
use super::lines::Lines;

/// What a request may pay for a Redis that is not known to be unwell: the budget of one command.
const ADDED_MAX: Duration = Duration::from_millis(100);
/// What it may pay once that is known.
const ADDED_KNOWN_MAX: Duration = Duration::from_millis(1);
/// By how much the 99th percentile of two stretches may differ on a machine that does other things, too.
const NOISE: Duration = Duration::from_millis(50);
/// Above this at rest, other figures say nothing.
const REST_MAX: Duration = Duration::from_millis(250);
const RECOVERY_MAX: Duration = Duration::from_secs(1);
/// The change itself, and what was found or queued on the way.
const LINES_PER_CHANGE: u64 = 2;
/// A stream that is lost, found, lost again.
const STREAM_LINES_PER_SECOND: f64 = 3.0;
/// A node may change its mind twice under a condition, and once more for each span of this length.
const CHANGE_INTERVAL: Duration = Duration::from_secs(10);

/// How a storm went.
#[derive(Debug)]
pub struct StormOutcome {
    condition: Condition,
    times: Times,
    report: Report,
    figures: Figures,
    lines: Lines,
}

impl StormOutcome {
    /// The head of the table whose lines outcomes print, in Markdown. Latencies are p50, p99 and the longest, in
    /// milliseconds.
    pub const HEAD: &'static str = "\
| condition | unwell | requests | failed | wrong | before | unwell, unknown | unwell, known | after | added to p99: unknown, known | recovered | changes | lines |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

    pub(super) fn new(
        condition: Condition,
        times: Times,
        report: Report,
        figures: Figures,
        lines: Lines,
    ) -> Self {
        Self {
            condition,
            times,
            report,
            figures,
            lines,
        }
    }

    /// Whether nothing failed, nothing was wrong, nobody waited for longer than they may, and everything was as before in
    /// time.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.missed().is_empty()
    }

    /// What was missed, in words.
    #[must_use]
    pub fn missed(&self) -> Vec<String> {
        let mut missed = Vec::new();
        let figures = &self.figures;
        if figures.failed > 0 {
            missed.push(format!("{} requests failed", figures.failed));
        }
        for rule in Rule::ALL {
            let finding = self.report.finding(rule);
            if finding.count > 0 {
                missed.push(format!("{rule} was broken {} times", finding.count));
                missed.extend(finding.first.iter().map(|told| format!("{rule}: {told}")));
            }
        }
        let rest = figures.latency[Phase::Before as usize].p99;
        if rest > REST_MAX {
            missed.push(format!(
                "the machine is busy, or does not hold the rate: p99 at rest is {rest:.0?}"
            ));
        }
        for (phase, max) in [
            (Phase::Struck, ADDED_MAX),
            (Phase::Known, ADDED_KNOWN_MAX),
            (Phase::After, ADDED_MAX),
        ] {
            let added = figures.added(phase).unwrap_or_default();
            if added > max + NOISE {
                missed.push(format!("{} adds {added:.1?} to p99", phase.name()));
            }
        }
        for (node, recovered) in figures.recovered.iter().enumerate() {
            match recovered {
                Some(took) if *took < RECOVERY_MAX => {}
                Some(took) => missed.push(format!("node {node} took {took:.1?} to recover")),
                None => missed.push(format!("node {node} did not recover")),
            }
        }
        let counts = self.lines.counts.iter().zip(&self.lines.streams);
        let counts = counts.zip(&figures.changes).enumerate();
        for (node, ((lines, of_stream), changes)) in counts {
            let of_stream_max = STREAM_LINES_PER_SECOND * (self.unwell().as_secs_f64() + 5.0);
            let is_stream_loud = Duration::from_secs(*of_stream).as_secs_f64() > of_stream_max;
            if *lines > LINES_PER_CHANGE * (changes + 2) || is_stream_loud {
                missed.push(format!(
                    "node {node} logged {lines} lines on {changes} changes, {of_stream} of the stream"
                ));
                missed.extend(self.lines.of(node).map(|line| format!("log: {line}")));
            }
            let spans = self.unwell().as_nanos() / CHANGE_INTERVAL.as_nanos();
            if u128::from(*changes) > 2 + spans {
                missed.push(format!("node {node} changed its mind {changes} times"));
            }
        }
        missed
    }

    /// How many requests were answered as they should be.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.figures.requests - self.figures.failed
    }

    /// How many requests were not.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.figures.failed
    }

    /// How often a rule of [`testkit::history`] was broken.
    #[must_use]
    pub fn wrong(&self) -> u64 {
        Rule::ALL
            .map(|rule| self.report.violations(rule))
            .iter()
            .sum()
    }

    fn unwell(&self) -> Duration {
        Duration::from_nanos(self.times.answered - self.times.struck)
    }

    /// How long the slowest node took; `None` if one did not recover.
    fn recovered(&self) -> Option<Duration> {
        let nodes = self.figures.recovered.iter().copied();
        nodes.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Everything as JSON, times in milliseconds.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let figures = &self.figures;
        let spread = |spread: Spread| {
            json!({
                "count": spread.count,
                "p50": millis(spread.p50),
                "p99": millis(spread.p99),
                "max": millis(spread.max),
            })
        };
        let by_phase = |spreads: &[Spread; Phase::ALL.len()]| {
            let named = Phase::ALL.map(|phase| {
                let spread = spread(spreads[phase as usize]);
                (phase.name().to_owned(), spread)
            });
            serde_json::Map::from_iter(named)
        };
        let added = Phase::ALL.map(|phase| {
            let added = figures.added(phase).map(millis);
            (phase.name().to_owned(), json!(added))
        });
        json!({
            "condition": self.condition.name(),
            "seconds": Duration::from_nanos(self.times.ended - self.times.began).as_secs_f64(),
            "unwell_seconds": self.unwell().as_secs_f64(),
            "requests": figures.requests,
            "failed": figures.failed,
            "wrong": self.wrong(),
            "invalidations": self.report.applied + self.report.queued,
            "queued": self.report.queued,
            "loads": self.report.loads,
            "latency_ms": by_phase(&figures.latency),
            "own_ms": {
                "hits": by_phase(&figures.own[0]),
                "misses": by_phase(&figures.own[1]),
            },
            "control_ms": by_phase(&figures.control),
            "added_p99_ms": serde_json::Map::from_iter(added),
            "recovered_ms": self.recovered().map(millis),
            "changes": figures.changes,
            "lines": self.lines.counts,
            "lines_of_streams": self.lines.streams,
            "met": self.is_met(),
            "missed": self.missed(),
        })
    }
}

impl fmt::Display for StormOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = &self.figures;
        let latency = |phase: Phase| match figures.latency[phase as usize] {
            Spread { count: 0, .. } => "-".to_owned(),
            Spread { p50, p99, max, .. } => {
                format!("{:.1}, {:.0}, {:.0}", millis(p50), millis(p99), millis(max))
            }
        };
        let added = |phase| {
            let added = figures.added(phase);
            added.map_or("-".to_owned(), |added| format!("{:.1} ms", millis(added)))
        };
        let recovered = self.recovered();
        let cells = [
            format!("`{}`", self.condition.name()),
            format!("{:.1} s", self.unwell().as_secs_f64()),
            figures.requests.to_string(),
            figures.failed.to_string(),
            self.wrong().to_string(),
            latency(Phase::Before),
            latency(Phase::Struck),
            latency(Phase::Known),
            latency(Phase::After),
            format!("{}, {}", added(Phase::Struck), added(Phase::Known)),
            recovered.map_or("never".to_owned(), |took| format!("{:.0} ms", millis(took))),
            most(&figures.changes),
            most(&self.lines.counts),
        ];
        write!(f, "| {} |", cells.join(" | "))?;
        for missed in self.missed() {
            write!(f, "\n  missed: {missed}")?;
        }
        Ok(())
    }
}

/// Of the node that has the most.
fn most(counts: &[u64]) -> String {
    counts.iter().max().map_or_else(String::new, u64::to_string)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
