//! `scale`: what more nodes and more tenants cost, and what breaks first.
//!
//! ```text
//! cargo run --release -p coherence --bin scale                           # measures, simulates, prints
//! cargo run --release -p coherence --bin scale -- --save target/costs.json
//! cargo run --release -p coherence --bin scale -- --costs target/costs.json --invalidations-per-minute 6
//! ```
//!
//! [`costs`] measures on a Redis of its own what each thing that a node does costs that Redis. [`traffic`] simulates sellers, and counts how
//! often each of these things is done for one of them. [`limits`] multiplies. [`page`] prints Markdown.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal: the page goes to standard output, errors to standard error"
)]

mod costs;
mod limits;
mod page;
mod traffic;
mod usage;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use costs::{Costs, Measurement};
use limits::Site;
use traffic::Sellers;

/// What more nodes and more tenants cost, and what breaks first.
///
/// Exit codes: 0 printed, 2 usage, or something could not be set up.
#[derive(Debug, Parser)]
#[command(name = "scale")]
struct Arguments {
    /// A file with costs that were measured before, instead of measuring them
    #[arg(long)]
    costs: Option<PathBuf>,
    /// Where to put the costs that were measured
    #[arg(long, conflicts_with = "costs")]
    save: Option<PathBuf>,
    #[command(flatten)]
    measurement: Measurement,
    #[command(flatten)]
    sellers: Sellers,
    #[command(flatten)]
    site: Site,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let costs: Costs = match &arguments.costs {
        Some(file) => serde_json::from_str(&fs::read_to_string(file)?)?,
        None => costs::measure(&arguments.measurement).await?,
    };
    if let Some(file) = &arguments.save {
        fs::write(file, serde_json::to_string_pretty(&costs)? + "\n")?;
    }
    print!(
        "{}",
        page::page(&costs, &arguments.sellers, &arguments.site)
    );
    Ok(())
}
