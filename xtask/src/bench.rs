//! `bench`: builds the service and what measures it, and measures.

use std::path::Path;
use std::process::Command;

use crate::Exit;
use crate::checks::target;
use crate::install::{self, REDIS};
use crate::process::{cargo, find, run};
use crate::report::{Outcome, Report, warn};

/// Measures; `arguments` are those of the program `bench run`, save for `--write`, which knows here where to, or `peers` and those
/// of `bench peers`.
pub(crate) fn measure(root: &Path, arguments: &[String]) -> Exit {
    if find(REDIS.program).is_none()
        && let Err(message) = install::install(&REDIS)
    {
        warn(&format!("error: {message}"));
        return Exit::Unable;
    }
    let is_smoke = arguments.iter().any(|argument| argument == "--smoke");
    let mut report = Report::default();
    report.step("bench", || {
        if is_smoke {
            smoke(root, arguments)
        } else {
            let packages = ["--package", "bench", "--package", "sellerboard"];
            let built = build(root, &[&["--release"], &packages[..]].concat());
            built.and_then(|| run_program(root, "release", arguments))
        }
    });
    report.close()
}

/// Every workload for a fraction of a second: only answers are judged.
pub(crate) fn smoke(root: &Path, arguments: &[String]) -> Outcome {
    // What the tests are built with, so that hardly anything is built again.
    let built = build(root, &["--workspace", "--bins", "--tests"]);
    built.and_then(|| run_program(root, "debug", arguments))
}

fn build(root: &Path, what: &[&str]) -> Outcome {
    run(cargo(root).args(["build", "--locked"]).args(what))
}

fn run_program(root: &Path, folder: &str, arguments: &[String]) -> Outcome {
    let mut command = Command::new(target(root).join(folder).join("bench"));
    command.current_dir(root);
    // Other caches are a command of their own; all else are workloads.
    if arguments.first().is_none_or(|first| first != "peers") {
        command.arg("run");
    }
    for argument in arguments {
        command.arg(argument);
        if argument == "--write" {
            command.arg(root.join("docs"));
        }
    }
    run(&mut command)
}
