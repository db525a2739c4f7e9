//! Sentiment, forecasts and alerts on published data, beside published scores.
//!
//! `sentiment` scores labelled reviews, `learn` makes `crates/sentiment/lexicon/learned.tsv`, `forecast` forecasts the series of
//! competitions, `alerts` counts false alarms. Tables come on standard output. The data is no part of this repository: `docs/numbers.md` says where it is from.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

mod alerts;
mod learn;
mod retail;
mod reviews;
mod sentiment;
mod series;
mod stopwatch;

#[derive(Parser)]
#[command(about = "Sentiment and forecasts on published data, beside published scores")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reads labelled reviews, and says how often the reading agrees.
    Sentiment(Data),
    /// Learns valences from the development part of the labelled reviews, and prints the lexicon.
    Learn(Data),
    /// Forecasts the series of competitions, and says how far off that was.
    Forecast(Data),
    /// Replays trade, reviews and prices, and says how many alerts are false and how many are missing.
    Alerts(Data),
}

#[derive(clap::Args)]
struct Data {
    /// The folder with the data, as `docs/numbers.md` describes it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

#[expect(clippy::print_stdout, reason = "the tables are what it is for")]
fn main() -> anyhow::Result<()> {
    let print = |line: String| println!("{line}");
    match Arguments::parse().command {
        Command::Sentiment(Data { data }) => sentiment::run(&data, print),
        Command::Learn(Data { data }) => learn::run(&data, print),
        Command::Forecast(Data { data }) => series::run(&data, print),
        Command::Alerts(Data { data }) => alerts::run(&data, print),
    }
}
