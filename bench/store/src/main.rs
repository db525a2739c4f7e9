//! A shop of millions of order lines, and what each answer about it costs the store. `docs/scale.md` has the figures.
//!
//! `fill` makes the shop in an empty store: orders, products, reviews and prices by a seed, the same on SQLite and PostgreSQL.
//! `ask` asks for everything that the dashboard shows, and says how long each answer took.

mod ask;
mod fill;
mod rows;

use std::time::Instant;

use clap::{Parser, Subcommand};

/// The shop's tenant.
const TENANT: &str = "tenant-large";

#[derive(Parser)]
#[command(
    about = "A shop of millions of order lines, and what each answer about it costs the store"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fills an empty store.
    Fill(fill::Arguments),
    /// Asks a store that was filled, and prints the times as a table.
    Ask(ask::Arguments),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Fill(arguments) => fill::run(&arguments).await,
        Command::Ask(arguments) => ask::run(&arguments).await,
    }
}

#[expect(clippy::print_stdout, reason = "what it measures is what it is for")]
fn print(line: &str) {
    println!("{line}");
}

/// What was made, and the seconds it took.
#[expect(clippy::disallowed_methods, reason = "to measure is what it is for")]
async fn timed<T>(task: impl Future<Output = T>) -> (T, f64) {
    let begin = Instant::now();
    let made = task.await;
    (made, begin.elapsed().as_secs_f64())
}
