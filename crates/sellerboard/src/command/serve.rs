use clap::Args;

use super::open_files;
use super::run::load;
use super::runtime::runtime;
use super::shutdown;
use crate::app::Service;
use crate::auth::Verifier;
use crate::config::{Config, ConfigFlags, PrintFormat};
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
    let _log = logging::init(&config.log)?;
    open_files::allow_as_many_as_possible();
    runtime()?.block_on(start(config, verifier))
}

/// Runs the service until it is told to stop.
async fn start(config: Config, verifier: Verifier) -> anyhow::Result<()> {
    let service = Service::start(&config, verifier).await?;
    service.run(shutdown::requested()).await;
    Ok(())
}
