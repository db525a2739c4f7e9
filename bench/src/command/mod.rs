//! The command line.

mod compare;
mod origin;
mod peers;
mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures the service, and whatever else answers HTTP, beside its limits
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compare(compare::CompareArguments),
    Origin(origin::OriginArguments),
    Peers(peers::PeersArguments),
    Run(run::RunArguments),
}

impl Arguments {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            match self.command {
                Command::Compare(arguments) => arguments.run().await?,
                Command::Origin(arguments) => arguments.run().await?,
                Command::Peers(arguments) => arguments.run().await?,
                Command::Run(arguments) => arguments.run().await?,
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}
