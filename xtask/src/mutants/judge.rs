//! Whether somebody notices.

use std::fmt;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::list::Way;
use super::tree::Tree;
use crate::process::{display, run, succeeds};
use crate::report::Outcome;

/// For how long a mutant may live.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a running program is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// One run takes some six seconds; the next one has another seed. What a mutant's own arguments say comes later, and wins.
const USUAL: [(&str, &str); 3] = [
    ("--reads", "60000"),
    ("--rate", "12000"),
    ("--bound-ms", "400"),
];
const RULES: [&str; 6] = ["C1", "C2", "C3", "C4", "C5", "C6"];

/// What became of a mutant, or of the tree without any.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Rules are broken although nothing was changed.
    Broken(String),
    /// Somebody noticed: these rules are broken.
    Caught(String),
    /// It could not be judged.
    Failed(String),
    /// Nobody noticed.
    Lives,
    /// It was not run.
    Spared,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(rules) => write!(f, "BROKEN without any mutant: {rules}"),
            Self::Caught(rules) => f.write_str(rules),
            Self::Failed(problem) => write!(f, "FAILED: {problem}"),
            Self::Lives => f.write_str("LIVES"),
            Self::Spared => f.write_str("-"),
        }
    }
}

/// Goes on until the mutant in the tree is caught, or has lived for too long. Gives also how long that took.
#[expect(
    clippy::disallowed_methods,
    reason = "for how long a mutant lives is a matter of the wall clock"
)]
pub(super) fn hunt(tree: &Tree, way: &Way) -> (Verdict, Duration) {
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    for seed in 1.. {
        let before = begun.elapsed();
        if before + longest > PATIENCE {
            break;
        }
        let verdict = match look(tree, way, seed) {
            Ok(None) if matches!(way, Way::Fault(_)) => None,
            Ok(None) => Some(Verdict::Lives),
            Ok(Some(broken)) => Some(Verdict::Caught(broken)),
            Err(problem) => Some(Verdict::Failed(problem)),
        };
        if let Some(verdict) = verdict {
            return (verdict, begun.elapsed());
        }
        longest = longest.max(begun.elapsed().saturating_sub(before));
    }
    (Verdict::Lives, begun.elapsed())
}

/// Looks once at the tree as it is.
pub(super) fn once(tree: &Tree, way: &Way) -> Result<Option<String>, String> {
    look(tree, way, 1)
}

/// What is noticed: `None` if nothing is wrong.
fn look(tree: &Tree, way: &Way, seed: u32) -> Result<Option<String>, String> {
    match way {
        Way::Fault(arguments) => under_fault(tree, arguments, seed),
        Way::Spared(_) => Ok(None),
        Way::Test { package, name } => {
            let mut build = tree.cargo("test", package);
            if run(build.args(["--tests", "--no-run"])) != Outcome::Passed {
                return Err("its test does not build".to_owned());
            }
            let mut test = tree.cargo("test", package);
            let passed = match end_of(test.args(["--tests", name]))? {
                Some(output) => output.status.success(),
                None => return Ok(Some(format!("test {name} hangs"))),
            };
            Ok((!passed).then(|| format!("test {name}")))
        }
    }
}

/// Runs the checker once, and gives which rules are broken.
fn under_fault(tree: &Tree, arguments: &[String], seed: u32) -> Result<Option<String>, String> {
    let mut command = Command::new(tree.runner());
    command.args(["--json", "--seed", &seed.to_string(), "--fault"]);
    command.args(arguments);
    for (option, value) in USUAL {
        if !arguments.iter().any(|argument| argument == option) {
            command.args([option, value]);
        }
    }
    let Some(output) = end_of(&mut command)? else {
        return Ok(Some("it hangs".to_owned()));
    };
    match output.status.code() {
        Some(0) => Ok(None),
        Some(1) => broken_rules(&String::from_utf8_lossy(&output.stdout)).map(Some),
        _ => Err(format!("the runner ended with {}", output.status)),
    }
}

/// Waits for a program to end, and gives what it says; `None` if it was ended, with all that it has started, since it took
/// too long.
#[expect(
    clippy::disallowed_methods,
    reason = "a program that hangs is ended by the wall clock"
)]
fn end_of(command: &mut Command) -> Result<Option<Output>, String> {
    let line = display(command);
    let problem = |error: std::io::Error| format!("`{line}`: {error}");
    command.process_group(0).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(problem)?;
    let mut stdout = child.stdout.take();
    // What is not read would hold the program up.
    let reader = std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(stdout) = &mut stdout {
            let _what_there_is = stdout.read_to_end(&mut said);
        }
        said
    });
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(problem)? {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            let group = format!("-{}", child.id());
            let _already_ended = succeeds(Command::new("kill").args(["-KILL", "--", &group]));
            child.wait().map_err(problem)?;
            return Ok(None);
        }
        std::thread::sleep(LOOK_INTERVAL);
    };
    Ok(Some(Output {
        status,
        stdout: reader.join().unwrap_or_default(),
        stderr: Vec::new(),
    }))
}

/// The rules that an outcome says are broken, with how often.
pub(super) fn broken_rules(outcome: &str) -> Result<String, String> {
    let mut broken = Vec::new();
    for rule in RULES {
        let number = outcome.split(&format!("\"{rule}\":")).nth(1);
        let digits = number.and_then(|rest| rest.split([',', '}']).next());
        match digits.map(str::trim) {
            Some("0") => {}
            Some(count) => broken.push(format!("{rule} {count}")),
            None => return Err("the runner's outcome cannot be read".to_owned()),
        }
    }
    if outcome.contains("\"lags\":true") {
        broken.push("lag".to_owned());
    }
    if broken.is_empty() {
        return Err("the runner failed, but no rule is broken".to_owned());
    }
    Ok(broken.join(", "))
}
