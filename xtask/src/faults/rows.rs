//! What came of each fault.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::catalogue::{Fault, When};
use super::tests_list::number_of;
use crate::report::{Outcome, say};

/// What a test says if what it needs is missing on this machine.
const NOT_TESTED: &str = "not tested";

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) number: u8,
    pub(super) what: String,
    pub(super) expected: String,
    /// What the test saw, or why there is nothing to see.
    pub(super) seen: String,
    pub(super) verdict: Verdict,
    /// How long its tests took, in seconds.
    pub(super) seconds: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Failed,
    NotTested,
    Ok,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Failed => "FAILED",
            Self::NotTested => NOT_TESTED,
            Self::Ok => "ok",
        }
    }
}

/// How the tests of one fault ended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Ended {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) seconds: Option<f64>,
}

/// The rows of the chosen faults, by what the run printed and what the tests wrote into the folder `seen`.
pub(super) fn of(faults: &[Fault], only: &[u8], log: &str, seen: &Path) -> Vec<Row> {
    let ended = ended(log);
    let chosen = |fault: &&Fault| only.is_empty() || only.contains(&fault.number);
    let faults = faults.iter().filter(chosen);
    faults
        .map(|fault| {
            let file = seen.join(format!("F{}.txt", fault.number));
            let said = fs::read_to_string(file).ok();
            let ended = ended.get(&fault.number).copied().unwrap_or_default();
            row(fault, ended, said.as_deref())
        })
        .collect()
}

pub(super) fn row(fault: &Fault, ended: Ended, said: Option<&str>) -> Row {
    let (verdict, seen) = match (&fault.when, said) {
        _ if ended.failed > 0 => (Verdict::Failed, "the test failed"),
        (When::NotTested { reason }, None) => (Verdict::NotTested, reason.as_str()),
        _ if ended.passed == 0 => (Verdict::Failed, "no test of it was run"),
        (_, None) => (Verdict::Failed, "the test does not say what it saw"),
        (_, Some(said)) if said.starts_with(NOT_TESTED) => (Verdict::NotTested, said),
        (_, Some(said)) => (Verdict::Ok, said),
    };
    Row {
        number: fault.number,
        what: fault.what.clone(),
        expected: fault.expected.clone(),
        seen: seen.replace('|', "/").replace('\n', " "),
        verdict,
        seconds: ended.seconds,
    }
}

/// How each fault's tests ended, by the lines that nextest or the standard harness print.
pub(super) fn ended(log: &str) -> BTreeMap<u8, Ended> {
    let mut tests = BTreeMap::new();
    for (name, passed, seconds) in log.lines().filter_map(test_line) {
        // The closing summary repeats what failed.
        tests.insert(name, (passed, seconds));
    }
    let mut faults: BTreeMap<u8, Ended> = BTreeMap::new();
    for (name, (passed, seconds)) in tests {
        let Some(number) = number_of(name) else {
            continue;
        };
        let fault = faults.entry(number).or_default();
        fault.passed += usize::from(passed);
        fault.failed += usize::from(!passed);
        fault.seconds = match (fault.seconds, seconds) {
            (Some(one), Some(other)) => Some(one + other),
            (one, other) => one.or(other),
        };
    }
    faults
}

/// A test's name, whether it passed, and its seconds, if the line says how one ended.
fn test_line(line: &str) -> Option<(&str, bool, Option<f64>)> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix("test ") {
        let (name, end) = rest.split_once(" ... ")?;
        return match end {
            "ok" => Some((name, true, None)),
            "FAILED" => Some((name, false, None)),
            _ => None,
        };
    }
    let (word, rest) = line.split_once(" [")?;
    let (time, rest) = rest.split_once(']')?;
    let name = rest.split_whitespace().next_back()?;
    let is_state = word.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_state || matches!(word, "SLOW" | "TERMINATING") || !name.starts_with("faults::") {
        return None;
    }
    let seconds = time.trim().trim_end_matches('s').parse().ok();
    Some((name, word == "PASS", seconds))
}

/// Prints the table.
pub(super) fn show(rows: &[Row]) -> Outcome {
    for row in rows {
        say(&line(row));
    }
    let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    let failed = count(Verdict::Failed);
    say(&format!(
        "Faults: {} ok, {failed} failed, {} not tested",
        count(Verdict::Ok),
        count(Verdict::NotTested)
    ));
    match failed {
        0 => Outcome::Passed,
        failed => Outcome::Failed(format!("{failed} of {} faults", rows.len())),
    }
}

fn line(row: &Row) -> String {
    let seconds = row
        .seconds
        .map_or_else(String::new, |seconds| format!("{seconds:.1} s"));
    format!(
        "  F{:<3} {:<10} {seconds:>8}  {}\n    expected: {}\n    seen:     {}",
        row.number,
        row.verdict.word(),
        row.what,
        row.expected,
        row.seen
    )
}
