use clap::Args;

use super::open_files;
use super::run::load;
use super::runtime::runtime;
use super::shutdown;
use crate::app::Service;
use crate::auth::Verifier;
use crate::config::{Config, ConfigFlags, PrintFormat};
use crate::traces::Traces;
use crate::{logging, output};

#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    /// Prints each value of the configuration and where it came from, secrets masked, and ends
    #[arg(long)]
    print_config: bool,
    /// The form of --print-config
    #[arg(long, value_enum, default_value_t, requires = "print_config")]
    format: PrintFormat,
    #[command(flatten)]
    config: ConfigFlags,
}

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let loaded = load(&args.config)?;
    if args.print_config {
        loaded.print(args.format, &mut output::Stdout)?;
        return Ok(());
    }
    let config = loaded.config;
    let verifier = Verifier::new(&config.auth)?;
    let runtime = runtime()?;
    let traces = Traces::from_environment(runtime.handle())?;
    let _log = logging::init(&config.log, traces.as_ref())?;
    open_files::allow_as_many_as_possible();
    runtime.block_on(async {
        let ended = start(config, verifier).await;
        end(traces).await;
        ended
    })
}

/// Sends the last traces.
pub(super) async fn end(traces: Option<Traces>) {
    if let Some(traces) = traces {
        traces.end().await;
    }
}

/// Runs the service until it is told to stop.
async fn start(config: Config, verifier: Verifier) -> anyhow::Result<()> {
    let service = Service::start(&config, verifier).await?;
    service.run(shutdown::requested()).await;
    Ok(())
}
