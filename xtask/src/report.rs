//! Steps, their outcomes, and the closing summary.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::Exit;

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The reason, in one line; details were printed by the step.
    Failed(String),
    Passed,
    /// Why the step could not be carried out. Does not fail the command.
    Skipped(String),
}

impl Outcome {
    /// What follows, if all went well so far.
    pub(crate) fn and_then(self, next: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Passed => next(),
            _ => self,
        }
    }
}

/// The steps run so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

impl Report {
    /// Runs one step after printing its name. Later steps run whatever it ends with, so that one round
    /// shows everything that is wrong.
    #[expect(
        clippy::disallowed_methods,
        reason = "a wall clock is what a step's timing is about"
    )]
    pub(crate) fn step(&mut self, name: &'static str, run: impl FnOnce() -> Outcome) {
        say(&format!("\n==> {name}"));
        let start = Instant::now();
        let outcome = run();
        let took = start.elapsed();
        match &outcome {
            Outcome::Failed(reason) => say(&format!("{name} failed: {reason}")),
            Outcome::Passed => {}
            Outcome::Skipped(reason) => say(&format!("skipped: {reason}")),
        }
        self.steps.push(Step {
            name,
            outcome,
            took,
        });
    }

    /// Prints the summary and says how the command ended.
    pub(crate) fn close(self) -> Exit {
        say(&self.summary());
        if self.count(|outcome| matches!(outcome, Outcome::Failed(_))) == 0 {
            Exit::Passed
        } else {
            Exit::Failed
        }
    }

    fn summary(&self) -> String {
        let mut text = String::from("\nSummary\n");
        for Step {
            name,
            outcome,
            took,
        } in &self.steps
        {
            let (word, reason) = match outcome {
                Outcome::Failed(reason) => ("FAILED", reason.as_str()),
                Outcome::Passed => ("ok", ""),
                Outcome::Skipped(reason) => ("skipped", reason.as_str()),
            };
            let line = format!(
                "  {name:<12} {word:<8} {:>7.1} s  {reason}",
                took.as_secs_f64()
            );
            let _ = writeln!(text, "{}", line.trim_end());
        }
        let total: Duration = self.steps.iter().map(|step| step.took).sum();
        let _ = write!(
            text,
            "Steps: {} ok, {} failed, {} skipped in {:.1} s",
            self.count(|outcome| *outcome == Outcome::Passed),
            self.count(|outcome| matches!(outcome, Outcome::Failed(_))),
            self.count(|outcome| matches!(outcome, Outcome::Skipped(_))),
            total.as_secs_f64(),
        );
        text
    }

    fn count(&self, which: impl Fn(&Outcome) -> bool) -> usize {
        self.steps
            .iter()
            .filter(|step| which(&step.outcome))
            .count()
    }
}

/// Prints a line to stdout. A reader that went away ends the output, not the checks.
pub(crate) fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}");
    let _ = stdout.flush();
}

/// Prints a line to stderr.
pub(crate) fn warn(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests;
