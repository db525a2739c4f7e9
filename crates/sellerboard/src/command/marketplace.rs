use anyhow::Context as _;
use marketplace::Options;

use super::cli::DemoArgs;
use super::run::load;
use super::{shutdown, store};
use crate::config::Config;
use crate::logging;

pub(super) fn run(args: &DemoArgs) -> anyhow::Result<()> {
    let config = load(&args.config)?.config;
    let _log = logging::init(&config.log)?;
    tokio::runtime::Runtime::new()
        .context("failed to start the runtime")?
        .block_on(start(config, !args.no_demo_data))
}

/// Runs the mock marketplace until it is told to stop.
async fn start(config: Config, fill_empty_store: bool) -> anyhow::Result<()> {
    let options = Options::default()
        .with_addr(config.marketplace.addr)
        .with_latency(config.marketplace.latency);
    // First of all, so that a taken port is found before the store is filled.
    let listener = marketplace::listen(&options)
        .await
        .context("failed to start the marketplace; choose another address with MARKETPLACE_ADDR")?;
    let store = store::open(&config.data.database_url).await?;
    if fill_empty_store {
        store::fill_if_empty(&store).await?;
    }
    let ended = marketplace::run(listener, store.clone(), options, shutdown::requested()).await;
    store.close().await;
    ended.context("the marketplace failed")
}
