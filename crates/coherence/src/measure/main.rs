//! `measure`: how fast invalidations are, and that no event is lost.
//!
//! ```text
//! cargo run --release -p coherence --bin measure -- million
//! cargo run --release -p coherence --bin measure -- patch --json
//! cargo run --release -p coherence --bin measure -- receiver-down --seconds 60
//! ```
//!
//! Each starts its own Redis, marketplace and nodes on free ports, and ends them. The nodes are services in this process,
//! spoken to over HTTP; what is measured shares the machine with what measures it.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal: figures go to standard output, errors to standard error"
)]

mod million;
mod patch;
mod receiver;
mod report;
mod shop;
mod spread;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use million::MillionOptions;
use patch::PatchOptions;
use receiver::ReceiverOptions;
use report::Report;

/// Measures how fast invalidations are, and that no event is lost.
///
/// Exit codes: 0 every goal was reached, 1 one was missed, 2 usage, or something could not be set up.
#[derive(Debug, Parser)]
#[command(name = "measure")]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Invalidate a tenant with a million entries in Redis while other tenants read
    Million(MillionOptions),
    /// Edit products at the marketplace, and wait until three nodes answer anew
    Patch(PatchOptions),
    /// Write while the receiver of webhooks is down, and count what arrives
    ReceiverDown(ReceiverOptions),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.what.measure().await {
        Ok(report) => {
            if arguments.json {
                println!("{}", report.to_json());
            } else {
                println!("{report}");
            }
            if report.is_met() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

impl What {
    async fn measure(&self) -> anyhow::Result<Report> {
        match self {
            Self::Million(options) => million::measure(options).await,
            Self::Patch(options) => patch::measure(options).await,
            Self::ReceiverDown(options) => receiver::measure(options).await,
        }
    }
}
