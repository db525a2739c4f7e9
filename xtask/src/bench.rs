//! `bench`: builds the service and what measures it, and measures.

use std::path::Path;
use std::process::Command;

use crate::Exit;
use crate::checks::target;
use crate::install::{self, REDIS};
use crate::process::{cargo, find, run};
use crate::report::{Outcome, Report, warn};

/// Measures; `arguments` are those of the program `bench run`, save for `--write`, which knows here where to.
pub(crate) fn measure(root: &Path, arguments: &[String]) -> Exit {
    if find(REDIS.program).is_none()
        && let Err(message) = install::install(&REDIS)
    {
        warn(&format!("error: {message}"));
        return Exit::Unable;
    }
    let is_smoke = arguments.iter().any(|argument| argument == "--smoke");
    let profile = if is_smoke { "dev" } else { "release" };
    let mut report = Report::default();
    report.step("bench", || build_and_run(root, profile, arguments));
    report.close()
}

/// Every workload for a fraction of a second, on what the tests have built: only answers are judged.
pub(crate) fn smoke(root: &Path) -> Outcome {
    build_and_run(root, "dev", &["--smoke".to_owned()])
}

fn build_and_run(root: &Path, profile: &str, arguments: &[String]) -> Outcome {
    let built = run(cargo(root).args([
        "build",
        "--locked",
        "--profile",
        profile,
        "--package",
        "bench",
        "--package",
        "sellerboard",
    ]));
    if built != Outcome::Passed {
        return built;
    }
    let folder = if profile == "dev" { "debug" } else { profile };
    let mut command = Command::new(target(root).join(folder).join("bench"));
    command.arg("run").current_dir(root);
    for argument in arguments {
        command.arg(argument);
        if argument == "--write" {
            command.arg(root.join("docs"));
        }
    }
    run(&mut command)
}
