//! `storm`: steady load on three services while Redis is unwell in twelve ways.
//!
//! ```text
//! cargo run -p coherence --bin storm
//! cargo run -p coherence --bin storm -- --condition sigstop-10min --long
//! ```
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal: outcomes go to standard output, errors to standard error"
)]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use coherence::{Condition, LineCounter, StormOutcome, StormPlan, storm};

/// Steady load on three services while Redis is unwell in every way: no request may fail, no answer be wrong.
///
/// Exit codes: 0 every promise was kept, 1 one was not, 2 usage, or something could not be set up.
#[derive(Debug, Parser)]
#[command(name = "storm")]
struct Arguments {
    /// A condition's name, or `all`
    #[arg(long, default_value = "all")]
    condition: String,
    /// Requests a second in all
    #[arg(long, default_value_t = StormPlan::default().rate)]
    rate: u32,
    /// Let the stop of ten minutes last ten minutes, not one
    #[arg(long)]
    long: bool,
    /// What each task's choices begin with
    #[arg(long, default_value_t = StormPlan::default().seed)]
    seed: u64,
    /// Print one JSON object for each condition, on a line of its own
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let conditions = match Condition::from_name(&arguments.condition) {
        Some(condition) => vec![condition],
        None if arguments.condition == "all" => Condition::ALL.to_vec(),
        None => {
            let names = Condition::ALL.map(Condition::name).join(", ");
            eprintln!(
                "error: no condition `{}`; there are: all, {names}",
                arguments.condition
            );
            return ExitCode::from(2);
        }
    };
    if let Err(error) = LineCounter::install() {
        eprintln!("error: {error}");
        return ExitCode::from(2);
    }
    let mut plan = StormPlan {
        rate: arguments.rate,
        seed: arguments.seed,
        ..StormPlan::default()
    };
    if arguments.long {
        plan.ten_minutes = Duration::from_secs(600);
    }
    if !arguments.json {
        println!("{}", StormOutcome::HEAD);
    }
    let mut met = true;
    for condition in conditions {
        match storm(condition, plan).await {
            Ok(outcome) => {
                met &= outcome.is_met();
                if arguments.json {
                    println!("{}", outcome.to_json());
                } else {
                    println!("{outcome}");
                }
            }
            Err(error) => {
                eprintln!("error: {error:#}");
                return ExitCode::from(2);
            }
        }
    }
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
