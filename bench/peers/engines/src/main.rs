//! A hit in tenantcache beside hits in other in-process caches: same keys, same bodies, same order of reads.
//!
//! ```text
//! cargo run --release -- --threads 1
//! cargo run --release -- --threads 2 --rounds 11 moka quick_cache
//! ```
//!
//! Each round reads from tenantcache and from each contender in turn, pinned to the same processors; what is compared are
//! the two times of one round. Standard output gets a table in Markdown.
#![forbid(unsafe_code)]

mod contender;
mod contenders;
mod race;
mod table;
mod workload;

use std::sync::Arc;

use clap::Parser;

use race::Race;
use workload::Workload;

/// Measures a hit in tenantcache beside hits in other in-process caches.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only contenders whose name contains one of these
    names: Vec<String>,
    /// Threads that read at once
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Entries of each of 100 tenants
    #[arg(long, default_value_t = 1_000)]
    entries: usize,
    /// Rounds, of which the first is thrown away
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// How long each contender reads in a round, in milliseconds
    #[arg(long, default_value_t = 200)]
    millis: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let workload = Arc::new(Workload::new(arguments.entries));
    let is_wanted = |name: &str| {
        arguments.names.is_empty() || arguments.names.iter().any(|part| name.contains(part))
    };
    let mut field = Vec::from(contenders::own(&workload).await?);
    field.extend(contenders::others(&workload, is_wanted).await?);
    let race = Race {
        threads: arguments.threads,
        rounds: arguments.rounds,
        millis: arguments.millis,
    };
    let times = tokio::task::block_in_place(|| race.run(&workload, &field));
    table::print(&field, &times, &race, &workload);
    Ok(())
}
