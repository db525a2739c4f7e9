//! `deep`: checks that need tools which a fresh machine lacks. A missing tool is told, not installed, but for what goes
//! below the build folder.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Exit;
use crate::process::{self, cargo, cargo_of, display, output, succeeds};
use crate::report::{Outcome, Report, say, warn};

/// One check.
#[derive(Debug)]
pub(crate) struct Check {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    run: fn(&Path) -> Outcome,
}

/// Every check, in the order they run: quick ones first.
pub(crate) const CHECKS: [Check; 11] = [
    Check {
        name: "deny",
        run: deny,
    },
    Check {
        name: "advisories",
        run: advisories,
    },
    Check {
        name: "machete",
        run: machete,
    },
    Check {
        name: "features",
        run: features,
    },
    Check {
        name: "instructions",
        run: crate::instructions::check,
    },
    Check {
        name: "msrv",
        run: msrv,
    },
    Check {
        name: "miri",
        run: miri,
    },
    Check {
        name: "pages",
        run: crate::pages::measure,
    },
    Check {
        name: "api",
        run: crate::api::check,
    },
    Check {
        name: "fuzz",
        run: fuzz,
    },
    Check {
        name: "mutants",
        run: mutants,
    },
];

/// The pure crate: no I/O, so that interpreters and mutation fit it.
const PURE_CRATE: &str = "tenantcache-core";

/// How long each target runs: whichever comes first.
const FUZZ_LIMITS: [&str; 2] = ["-runs=100000", "-max_total_time=60"];

/// Whether there is a check of that name.
pub(crate) fn is_check(name: &str) -> bool {
    CHECKS.iter().any(|check| check.name == name)
}

/// Runs the named checks, or all when none is named.
pub(crate) fn run(root: &Path, names: &[String]) -> Exit {
    let mut report = Report::default();
    for check in &CHECKS {
        if names.is_empty() || names.iter().any(|name| name == check.name) {
            report.step(check.name, || (check.run)(root));
        }
    }
    report.close()
}

fn deny(root: &Path) -> Outcome {
    with_tool(root, "deny", &["check", "bans", "licenses", "sources"])
}

/// The database lives on a code host; a machine that cannot reach it has nothing to compare with.
fn advisories(root: &Path) -> Outcome {
    if let Some(skipped) = missing(root, "deny") {
        return skipped;
    }
    let mut command = cargo(root);
    command.args(["deny", "check", "advisories"]);
    say(&format!("$ {}", display(&command)));
    let Ok(output) = command.stdin(Stdio::null()).output() else {
        return Outcome::Failed("cargo deny did not start".to_owned());
    };
    let text = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        Outcome::Passed
    } else if text.contains("failed to fetch advisory database") {
        Outcome::Skipped("the advisory database cannot be reached".to_owned())
    } else {
        warn(&text);
        Outcome::Failed("there are advisories against the lock file".to_owned())
    }
}

fn machete(root: &Path) -> Outcome {
    with_tool(root, "machete", &[])
}

fn features(root: &Path) -> Outcome {
    let arguments = ["check", "--workspace", "--each-feature", "--no-dev-deps"];
    with_tool(root, "hack", &arguments)
}

/// Builds with the oldest toolchain that the root manifest promises.
fn msrv(root: &Path) -> Outcome {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \""))
        .and_then(|rest| rest.split_once('"'))
        .map(|(version, _)| version);
    let Some(version) = version else {
        return Outcome::Failed("no `rust-version` in the root manifest".to_owned());
    };
    let full = if version.matches('.').count() == 1 {
        format!("{version}.0")
    } else {
        version.into()
    };
    match toolchain(&full) {
        Some(toolchain) => {
            let arguments = ["check", "--workspace", "--target-dir", "target/msrv"];
            process::run(cargo_of(&toolchain, root).args(arguments))
        }
        None => Outcome::Skipped(format!("toolchain {full} is not installed")),
    }
}

fn miri(root: &Path) -> Outcome {
    let Some(nightly) = toolchain("nightly") else {
        return Outcome::Skipped("no nightly toolchain is installed".to_owned());
    };
    if !succeeds(cargo_of(&nightly, root).args(["miri", "--version"])) {
        return Outcome::Skipped("the nightly toolchain has no component miri".to_owned());
    }
    process::run(cargo_of(&nightly, root).args(["miri", "test", "-p", PURE_CRATE, "--lib"]))
}

fn fuzz(root: &Path) -> Outcome {
    if !root.join("fuzz/Cargo.toml").is_file() {
        return Outcome::Skipped("there is no fuzz/Cargo.toml".to_owned());
    }
    if let Some(skipped) = missing(root, "fuzz") {
        return skipped;
    }
    let Some(nightly) = toolchain("nightly") else {
        return Outcome::Skipped("no nightly toolchain is installed".to_owned());
    };
    let fuzz = |arguments: &[&str]| {
        let mut command = cargo_of(&nightly, root);
        command.arg("fuzz").args(arguments);
        command
    };
    // Our own code is safe, so there is nothing for a sanitizer to find.
    let mut last = process::run(&mut fuzz(&["build", "--sanitizer", "none"]));
    let targets = output(&mut fuzz(&["list"])).unwrap_or_default();
    for target in targets.split_whitespace() {
        if !matches!(last, Outcome::Passed) {
            break;
        }
        last = process::run(fuzz(&["run", "--sanitizer", "none", target, "--"]).args(FUZZ_LIMITS));
    }
    last
}

fn mutants(root: &Path) -> Outcome {
    with_tool(
        root,
        "mutants",
        &["--package", PURE_CRATE, "--output", "target"],
    )
}

fn with_tool(root: &Path, tool: &str, arguments: &[&str]) -> Outcome {
    missing(root, tool).unwrap_or_else(|| process::run(cargo(root).arg(tool).args(arguments)))
}

fn missing(root: &Path, tool: &str) -> Option<Outcome> {
    let is_there = succeeds(cargo(root).args([tool, "--version"]));
    let reason = format!("cargo-{tool} is not installed (cargo install --locked cargo-{tool})");
    (!is_there).then_some(Outcome::Skipped(reason))
}

fn toolchain(prefix: &str) -> Option<String> {
    let list = output(Command::new("rustup").args(["toolchain", "list"]))?;
    let names = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names
        .map(str::to_owned)
        .find(|name| name.starts_with(prefix))
}
