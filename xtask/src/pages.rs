//! The web pages in a browser: judged, pictured, measured. The tests, and what they look at, are `sellerboard`'s; here is
//! what they need.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Exit;
use crate::checks::target;
use crate::install::{self, CHROMIUM, NPM, REDIS};
use crate::process::{cargo, find, run};
use crate::report::{Outcome, Report, warn};

/// What is taken from npm, with the hash of each package in the lock file.
const PACKAGES: [&str; 2] = ["package.json", "package-lock.json"];
/// Below the build folder.
const TOOLS: &str = "tools";
const AXE: &str = "node_modules/axe-core/axe.min.js";

/// Installs what the tests need and the machine lacks.
///
/// # Errors
///
/// What the user has to install by hand.
pub(crate) fn require(root: &Path) -> Result<(), String> {
    for need in [&REDIS, &NPM] {
        if find(need.program).is_none() {
            install::install(need)?;
        }
    }
    if !install::has_chromium() {
        install::install(&CHROMIUM)?;
    }
    fetch_axe(root)
}

/// What people see and do.
pub(crate) fn check(root: &Path) -> Outcome {
    run(&mut tests(root))
}

/// Makes the pictures of the documentation anew.
pub(crate) fn screenshots(root: &Path) -> Exit {
    if let Err(message) = require(root) {
        warn(&format!("error: {message}"));
        return Exit::Unable;
    }
    let mut report = Report::default();
    report.step("screenshots", || {
        run(tests(root).args(["--", "--ignored", "screenshots"]))
    });
    report.close()
}

/// How soon something is seen, by the program as it is released.
pub(crate) fn measure(root: &Path) -> Outcome {
    match require(root) {
        Ok(()) => run(tests(root).args(["--release", "--", "--ignored", "first_paint"])),
        Err(reason) => Outcome::Skipped(reason),
    }
}

fn tests(root: &Path) -> Command {
    let mut command = cargo(root);
    command.args(["test", "--locked", "-p", "sellerboard", "--test", "browser"]);
    command
}

fn fetch_axe(root: &Path) -> Result<(), String> {
    let (from, to) = (root.join("xtask/npm"), target(root).join(TOOLS));
    let is_same = |name: &&str| fs::read(from.join(name)).ok() == fs::read(to.join(name)).ok();
    if PACKAGES.iter().all(is_same) && to.join(AXE).is_file() {
        return Ok(());
    }
    fs::create_dir_all(&to).map_err(|error| format!("{}: {error}", to.display()))?;
    for name in PACKAGES {
        fs::copy(from.join(name), to.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    let mut npm = Command::new(NPM.program);
    npm.current_dir(&to)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    match run(&mut npm) {
        Outcome::Failed(reason) => Err(format!("failed to fetch axe-core: {reason}")),
        Outcome::Passed | Outcome::Skipped(_) => Ok(()),
    }
}
