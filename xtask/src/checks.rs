//! `test`, `lint` and `tidy`: what has to pass before a change goes in.
//!
//! Everything runs `--locked`: a lock file that does not fit the manifests is a change left uncommitted.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Exit;
use crate::bench;
use crate::install::{self, PROMTOOL, REDIS};
use crate::pages;
use crate::postgres::{Server, URL_VARIABLE};
use crate::process::{cargo, find, output, run, succeeds};
use crate::report::{Outcome, Report, say, warn};
use crate::tidy;

/// Every check, with what the tests need at hand.
pub(crate) fn test(root: &Path) -> Exit {
    if let Err(message) = require(root) {
        warn(&format!("error: {message}"));
        return Exit::Unable;
    }
    let mut report = Report::default();
    lint_steps(root, &mut report);
    report.step("alerts", || alerts(root));
    let server = start_postgres(root, &mut report);
    let has_nextest = succeeds(cargo(root).args(["nextest", "--version"]));
    report.step("tests", || {
        let mut command = cargo(root);
        if has_nextest {
            command.args([
                "nextest",
                "run",
                "--locked",
                "--workspace",
                "--no-fail-fast",
            ]);
        } else {
            command.args(["test", "--locked", "--workspace", "--no-fail-fast"]);
            command.args(["--lib", "--bins", "--tests", "--examples"]);
        }
        if let Some(server) = &server {
            command.env(URL_VARIABLE, server.url());
        }
        run(&mut command)
    });
    drop(server);
    if has_nextest {
        // In one process, for one browser. Without nextest, they were among the tests.
        report.step("pages", || pages::check(root));
    }
    report.step("doc tests", || {
        run(cargo(root).args(["test", "--locked", "--workspace", "--doc"]))
    });
    report.step("bench smoke", || {
        bench::smoke(root, &["--smoke".to_owned()])
    });
    report.step("docs", || {
        let arguments = ["doc", "--locked", "--workspace", "--no-deps"];
        run(cargo(root)
            .args(arguments)
            .env("RUSTDOCFLAGS", "-D warnings"))
    });
    report.close()
}

/// The checks that run no test.
pub(crate) fn lint(root: &Path) -> Exit {
    if let Err(message) = require_components(root) {
        warn(&format!("error: {message}"));
        return Exit::Unable;
    }
    let mut report = Report::default();
    lint_steps(root, &mut report);
    report.close()
}

/// What no other tool checks.
pub(crate) fn tidy(root: &Path) -> Exit {
    let mut report = Report::default();
    report.step("tidy", || tidy::run(root));
    report.close()
}

fn lint_steps(root: &Path, report: &mut Report) {
    report.step("tidy", || tidy::run(root));
    report.step("format", || {
        run(cargo(root).args(["fmt", "--all", "--check"]))
    });
    report.step("clippy", || {
        let arguments = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        run(cargo(root).args(arguments))
    });
}

fn require(root: &Path) -> Result<(), String> {
    require_components(root)?;
    for need in [&REDIS, &PROMTOOL] {
        if find(need.program).is_none() {
            install::install(need)?;
        }
        if find(need.program).is_none() {
            let program = need.program;
            return Err(format!("`{program}` is not on PATH after installing it"));
        }
    }
    pages::require(root)
}

fn require_components(root: &Path) -> Result<(), String> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        let is_there = || succeeds(cargo(root).args([subcommand, "--version"]));
        if is_there() {
            continue;
        }
        say(&format!(
            "`cargo {subcommand}` is missing: adding the component {component}"
        ));
        let _ = run(Command::new("rustup").args(["component", "add", component]));
        if !is_there() {
            return Err(format!(
                "`cargo {subcommand}` is missing; run: rustup component add {component}"
            ));
        }
    }
    Ok(())
}

/// The rules are well formed, and each fires when it should, and only then.
fn alerts(root: &Path) -> Outcome {
    let promtool = |arguments: &[&str]| {
        let mut command = Command::new(PROMTOOL.program);
        command
            .current_dir(root.join("docs/monitoring"))
            .args(arguments);
        run(&mut command)
    };
    promtool(&["check", "rules", "alerts.yml"])
        .and_then(|| promtool(&["test", "rules", "alerts.test.yml"]))
}

/// Without a server the tests on Postgres skip themselves, and the summary says so.
fn start_postgres(root: &Path, report: &mut Report) -> Option<Server> {
    if std::env::var_os(URL_VARIABLE).is_some() {
        say(&format!("\nusing the Postgres server of {URL_VARIABLE}"));
        return None;
    }
    let mut server = None;
    report.step("postgres", || match Server::start(&target(root)) {
        Ok(started) => {
            server = Some(started);
            Outcome::Passed
        }
        Err(reason) => Outcome::Skipped(reason),
    });
    server
}

/// The build folder: cargo's own answer, since it may be configured elsewhere.
pub(crate) fn target(root: &Path) -> PathBuf {
    let metadata = ["metadata", "--no-deps", "--format-version", "1"];
    output(cargo(root).args(metadata))
        .and_then(|json| {
            let (_, rest) = json.split_once("\"target_directory\":\"")?;
            rest.split_once('"')
                .map(|(folder, _)| PathBuf::from(folder))
        })
        .unwrap_or_else(|| root.join("target"))
}
