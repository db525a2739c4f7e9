//! `coherence`: runs three cache nodes on one Redis under faults, and judges their history.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal: outcomes go to standard output, errors to standard error"
)]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use coherence::{Fault, Nodes, Plan};

/// Three cache nodes on one real Redis under faults, judged by their history.
///
/// Exit codes: 0 no rule was broken, 1 one was, 2 usage, or a node could not be set up.
#[derive(Debug, Parser)]
#[command(name = "coherence")]
struct Arguments {
    /// A fault's name, or `all`
    #[arg(long, default_value = "all")]
    fault: String,
    /// What the nodes are: `library`, or `service` in a build with that feature
    #[arg(long, default_value = "library", value_parser = nodes)]
    nodes: Nodes,
    /// Reads under each fault, at least
    #[arg(long, default_value_t = Plan::default().reads)]
    reads: u64,
    /// Reads a second in all, if the machine can
    #[arg(long, default_value_t = Plan::default().reads_per_second)]
    rate: u64,
    /// What each task's choices begin with
    #[arg(long, default_value_t = Plan::default().seed)]
    seed: u64,
    /// The coherence bound in milliseconds
    #[arg(long, default_value_t = 2_000)]
    bound_ms: u64,
    /// Print one JSON object for each fault, on a line of its own
    #[arg(long)]
    json: bool,
}

fn nodes(name: &str) -> Result<Nodes, String> {
    match name {
        "library" => Ok(Nodes::Library),
        #[cfg(feature = "service")]
        "service" => Ok(Nodes::Service),
        _ => Err("there are: library, service".to_owned()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let faults = match Fault::from_name(&arguments.fault) {
        Some(fault) => vec![fault],
        None if arguments.fault == "all" => Fault::ALL.to_vec(),
        None => {
            let names = Fault::ALL.map(Fault::name).join(", ");
            eprintln!(
                "error: no fault `{}`; there are: all, {names}",
                arguments.fault
            );
            return ExitCode::from(2);
        }
    };
    let plan = Plan {
        reads: arguments.reads,
        reads_per_second: arguments.rate,
        seed: arguments.seed,
        coherence_bound: Duration::from_millis(arguments.bound_ms),
        nodes: arguments.nodes,
    };
    let mut lawful = true;
    for fault in faults {
        match coherence::run(fault, plan).await {
            Ok(outcome) => {
                lawful &= outcome.is_lawful();
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
    if lawful {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
