//! Sentiment, forecasts, alerts and figures on published data.
//!
//! `sentiment` scores labelled reviews, `learn` makes `crates/sentiment/lexicon/learned.tsv`, `forecast` forecasts the series of
//! competitions, both beside published scores; `alerts` counts false alarms; `retail` and `prices` reckon figures of the store a second time.
//! Tables come on standard output. The data is no part of this repository: `docs/numbers.md` says where it is from.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

mod alerts;
mod learn;
mod penny;
mod prices;
mod retail;
mod reviews;
mod sentiment;
mod series;
mod stopwatch;

#[derive(Parser)]
#[command(about = "Sentiment, forecasts and figures on published data")]
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
    /// Reckons the figures of five shops a second time, row by row, and ends with 1 where the store's differ by a penny.
    Retail(penny::Arguments),
    /// Reckons the places of a shop among a competitor's prices a second time, day by day, and ends with 1 on any difference.
    Prices(Data),
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
        Command::Prices(Data { data }) => prices::run(&data, print),
        Command::Retail(arguments) => penny::run(&arguments, print),
    }
}
