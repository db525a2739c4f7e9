//! `bench`: measures the service, and whatever else answers HTTP, beside its limits.

#![expect(clippy::print_stdout, reason = "a report on stdout is what it is for")]

mod command;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> anyhow::Result<ExitCode> {
    command::Arguments::parse().run()
}
