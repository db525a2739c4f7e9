//! `cargo xtask`: the project's checks, one command each.
//!
//! It uses nothing but the standard library and whatever programs the machine has. A command is a list
//! of [steps](report::Report); each prints its name, streams its output, and is counted in the closing
//! summary. Exit codes: 0 all passed, 1 a step failed, 2 usage or something required is missing.

mod api;
mod bench;
mod checks;
mod cli;
mod deep;
mod faults;
mod install;
mod instructions;
mod mutants;
mod pages;
mod postgres;
mod process;
mod report;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use cli::Command;
use report::say;

/// What a command ended with, as the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Failed = 1,
    Passed = 0,
    Unable = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

fn main() -> ExitCode {
    let root = workspace_root();
    let exit = match cli::parse(std::env::args().skip(1)) {
        Ok(Command::Bench { arguments }) => bench::measure(&root, &arguments),
        Ok(Command::Deep { checks }) => deep::run(&root, &checks),
        Ok(Command::Faults(options)) => faults::run(&root, &options),
        Ok(Command::Help) => {
            say(cli::HELP);
            Exit::Passed
        }
        Ok(Command::MutantsCoherence { list: true, only }) => mutants::show(&root, &only),
        Ok(Command::MutantsCoherence { list: false, only }) => mutants::run(&root, &only),
        Ok(Command::Lint) => checks::lint(&root),
        Ok(Command::Screenshots) => pages::screenshots(&root),
        Ok(Command::Test) => checks::test(&root),
        Ok(Command::Tidy) => checks::tidy(&root),
        Err(message) => {
            report::warn(&format!("error: {message}\n\n{}", cli::HELP));
            Exit::Unable
        }
    };
    exit.into()
}

/// Cargo tells a running package where it lives; outside cargo, the current folder is as good a guess.
fn workspace_root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .and_then(|xtask| xtask.parent().map(PathBuf::from))
        .or_else(|| std::env::current_dir().ok())
        .unwrap_or_else(|| PathBuf::from("."))
}
