//! The local tier on recorded and made-up workloads.
//!
//! `hits` replays one tenant's reads through the real tier, through simple models of other policies, and through the best
//! that could be done in hindsight; `fairness` puts a tenant that reads ever new keys beside it; `tenants` gives each kind
//! of object of one trace to a tenant of its own; `memory` measures what the process really takes for what the tier
//! charges. Tables come on standard output.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

mod fairness;
mod hits;
mod memory;
mod policies;
mod real;
mod tenants;
mod trace;

#[derive(Parser)]
#[command(about = "The local tier: hit ratio, fairness, memory")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Hit ratios at 1, 5 and 10 % of the keys.
    Hits(Data),
    /// One tenant's hit ratio beside another that reads ever new keys.
    Fairness(Data),
    /// Hit ratio of all tenants together, by how much is promised to each.
    Tenants(Data),
    /// Resident memory against what is charged.
    Memory(memory::Load),
}

#[derive(clap::Args)]
struct Data {
    /// The folder with `NAME.trace.xz`; without it, a made-up workload is replayed.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[expect(clippy::print_stdout, reason = "the tables are what it is for")]
fn main() -> anyhow::Result<()> {
    let print = |line: String| println!("{line}");
    match Arguments::parse().command {
        Command::Hits(Data { data }) => hits::run(data.as_deref(), print),
        Command::Fairness(Data { data }) => fairness::run(data.as_deref(), print),
        Command::Tenants(Data { data }) => tenants::run(data.as_deref(), print),
        Command::Memory(load) => memory::run(&load, print),
    }
}
