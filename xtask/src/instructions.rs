//! `deep instructions`: what a hit costs in instructions, which no other process moves, against what is on record.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::{cargo, find, run};
use crate::report::{Outcome, say};

/// What was accepted: a line for each kind of hit, with its instructions.
const RECORD: &str = "crates/tenantcache/benches/instructions.txt";
const TOOL: &str = "valgrind";
/// Beyond this a kind of hit counts as grown. Where keys fall in a table moves the count by about 2 %.
const GROWTH_PERCENT_MAX: u64 = 5;
/// The difference between runs of so many hits is free of what comes before the first one.
const HITS: [u64; 2] = [1_000, 11_000];

pub(crate) fn check(root: &Path) -> Outcome {
    if find(TOOL).is_none() {
        return Outcome::Skipped(format!("{TOOL} is not installed"));
    }
    let bench = ["--package", "tenantcache", "--bench", "instructions"];
    let smoke = run(cargo(root).args(["bench", "--locked"]).args(bench));
    smoke.and_then(|| match compare(root, &bench) {
        Ok(grown) if grown.is_empty() => Outcome::Passed,
        Ok(grown) => Outcome::Failed(format!("more instructions: {}", grown.join(", "))),
        Err(error) => Outcome::Failed(error),
    })
}

/// The kinds of hit that cost more than is on record.
fn compare(root: &Path, bench: &[&str]) -> Result<Vec<String>, String> {
    let text =
        fs::read_to_string(root.join(RECORD)).map_err(|error| format!("{RECORD}: {error}"))?;
    let mut grown = Vec::new();
    for (kind, accepted) in parse(&text)? {
        let [few, many] = HITS.map(|hits| count(root, bench, &kind, hits));
        let now = many?.saturating_sub(few?) / (HITS[1] - HITS[0]);
        say(&format!("{kind} {now} (on record {accepted})"));
        if now * 100 > accepted * (100 + GROWTH_PERCENT_MAX) {
            grown.push(format!("{kind} {now} for {accepted}"));
        }
    }
    Ok(grown)
}

fn parse(text: &str) -> Result<BTreeMap<String, u64>, String> {
    let record = |line: &str| {
        let (kind, count) = line.split_once(' ')?;
        Some((kind.to_owned(), count.parse().ok()?))
    };
    text.lines()
        .map(|line| record(line).ok_or_else(|| format!("{RECORD}: not a kind and a count: {line}")))
        .collect()
}

/// All instructions of a process that makes so many hits.
fn count(root: &Path, bench: &[&str], kind: &str, hits: u64) -> Result<u64, String> {
    // Cargo runs the program under the tool, so that nobody has to find it.
    let mut command: Command = cargo(root);
    command
        .args(["bench", "--locked", "--quiet"])
        .args(bench)
        .args(["--", kind, &hits.to_string()])
        .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", runner())
        .stdin(Stdio::null());
    let output = command.output().map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&output.stderr);
    let collected = told.lines().find_map(|line| line.split_once("Collected :"));
    collected
        .and_then(|(_, count)| count.trim().parse().ok())
        .ok_or_else(|| format!("{TOOL} told no count: {told}"))
}

fn runner() -> String {
    format!("{TOOL} --tool=callgrind --callgrind-out-file=/dev/null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_can_be_read() {
        let text = fs::read_to_string(crate::workspace_root().join(RECORD)).unwrap();
        let record = parse(&text).unwrap();
        assert!(record.contains_key("get_or_load_built"), "{record:?}");
        assert!(parse("hit many\n").is_err());
    }
}
