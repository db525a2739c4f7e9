//! `faults`: runs the test of every fault in `xtask/faults.tsv`, then the storm; prints what each one saw, and with
//! `--write` keeps it in `docs/faults.md`.
//!
//! What a test saw is in a file of its own, named after its number, which it writes as its last act. All output goes to
//! files, too, in which no secret of the tests may be found.

mod catalogue;
mod page;
mod rows;
mod secrets;
mod tests_list;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Exit;
use crate::checks::target;
use crate::install::{self, REDIS, VARNISH};
use crate::process::{cargo, find, run_kept, succeeds};
use crate::report::{Outcome, Report, say, warn};
use catalogue::Fault;

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Numbers of faults; all when empty.
    pub(crate) only: Vec<u8>,
    /// Whether faults of ten minutes last ten minutes.
    pub(crate) long: bool,
    /// Whether the storm is left out.
    pub(crate) no_storm: bool,
    /// Whether the page is written.
    pub(crate) write: bool,
}

/// Reads the arguments after `faults`.
///
/// # Errors
///
/// A message for the user: what is not understood.
pub(crate) fn parse(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    for argument in arguments {
        match argument.as_str() {
            "--long" => options.long = true,
            "--no-storm" => options.no_storm = true,
            "--write" => options.write = true,
            name => match catalogue::number(name) {
                Some(number) => options.only.push(number),
                None => {
                    return Err(format!(
                        "`faults` takes --long, --no-storm, --write and F1 to F{}, got `{name}`",
                        catalogue::COUNT
                    ));
                }
            },
        }
    }
    Ok(options)
}

/// Runs the suite.
pub(crate) fn run(root: &Path, options: &Options) -> Exit {
    match prepare(root) {
        Ok((faults, folder)) => go(root, options, &faults, &folder),
        Err(problem) => {
            warn(&format!("error: {problem}"));
            Exit::Unable
        }
    }
}

/// The catalogue, and an empty folder for what the run leaves.
fn prepare(root: &Path) -> Result<(Vec<Fault>, PathBuf), String> {
    let faults = catalogue::read(root)?;
    if find(REDIS.program).is_none() {
        install::install(&REDIS)?;
    }
    if !install::has_varnish()
        && let Err(reason) = install::install(&VARNISH)
    {
        say(&format!("F85 will say that it was not tested: {reason}"));
    }
    let folder = target(root).join("faults");
    let _absent = fs::remove_dir_all(&folder);
    for part in ["seen", "output"] {
        fs::create_dir_all(folder.join(part)).map_err(|error| {
            format!("failed to make a folder for what the faults show: {error}")
        })?;
    }
    Ok((faults, folder))
}

fn go(root: &Path, options: &Options, faults: &[Fault], folder: &Path) -> Exit {
    let mut report = Report::default();
    report.step("catalogue", || {
        let wrong = tests_list::disagreements(faults, root);
        wrong.iter().for_each(|line| say(line));
        match wrong.len() {
            0 => Outcome::Passed,
            count => Outcome::Failed(format!("{count} faults and tests do not agree")),
        }
    });
    let log = folder.join("run.log");
    report.step("suite", || {
        run_kept(&mut suite(root, options, folder), &log)
    });
    let storm_log = folder.join("storm.log");
    if !options.no_storm && options.only.is_empty() {
        report.step("storm", || {
            run_kept(&mut storm(root, options.long), &storm_log)
        });
    }
    let kept = target(root).join("nextest").join(profile(options.long));
    report.step("secrets", || secrets::search(root, &[folder, &kept]));
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let rows = rows::of(faults, &options.only, &text(&log), &folder.join("seen"));
    report.step("faults", || rows::show(&rows));
    if options.write {
        let storm = text(&storm_log);
        report.step("page", || page::write(root, &rows, &storm));
    }
    report.close()
}

/// The suite under nextest where it is there, which also keeps what passing tests print.
fn suite(root: &Path, options: &Options, folder: &Path) -> Command {
    let mut command = cargo(root);
    if succeeds(cargo(root).args(["nextest", "--version"])) {
        command.args(["nextest", "run", "--locked", "-p", "sellerboard"]);
        command.args(["--profile", profile(options.long), "--run-ignored", "all"]);
        command.args(["-E", &expression(&options.only)]);
    } else {
        command.args(["test", "--locked", "-p", "sellerboard", "--test", "it"]);
        command.args(["--no-fail-fast", "--", "--include-ignored", "--show-output"]);
        command.args(["--test-threads", "2"]);
        if options.only.is_empty() {
            command.arg("faults::");
        }
        command.args(options.only.iter().map(|number| format!("::f{number:02}_")));
    }
    command.env("FAULTS_REPORT", folder.join("seen"));
    command.env("FAULTS_OUTPUT", folder.join("output"));
    if options.long {
        command.env("FAULTS_LONG", "1");
    }
    command
}

/// The profile in `.config/nextest.toml`.
fn profile(long: bool) -> &'static str {
    if long { "faults-long" } else { "faults" }
}

fn expression(only: &[u8]) -> String {
    if only.is_empty() {
        return "test(/^faults::/)".to_owned();
    }
    let numbers: Vec<_> = only.iter().map(|number| format!("{number:02}")).collect();
    format!("test(/^faults::.*::f({})_/)", numbers.join("|"))
}

/// Steady load on whole services under one condition of Redis after the other.
fn storm(root: &Path, long: bool) -> Command {
    let mut command = cargo(root);
    let words = ["run", "--locked", "--quiet", "-p", "coherence", "--bin"];
    command.args(words);
    command.args(["storm", "--", "--condition", "all"]);
    command.args(long.then(|| OsString::from("--long")));
    command
}

#[cfg(test)]
mod tests;
