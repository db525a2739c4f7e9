use anyhow::Context as _;
use marketplace::{Options, Webhook};
use reqwest::Url;

use super::cli::DemoArgs;
use super::run::load;
use super::runtime::runtime;
use super::{shutdown, store};
use crate::config::{Config, Secret};
use crate::logging;

pub(super) fn run(args: &DemoArgs) -> anyhow::Result<()> {
    let config = load(&args.config)?.config;
    let _log = logging::init(&config.log, None)?;
    runtime()?.block_on(start(config, !args.no_demo_data))
}

/// Runs the mock marketplace until it is told to stop.
async fn start(config: Config, fill_empty_store: bool) -> anyhow::Result<()> {
    let mut options = options(&config);
    if let Some(url) = &config.marketplace.webhook_url {
        options = options.with_webhook(webhook(url, config.webhook_secret.as_ref())?);
    }
    // First of all, so that a taken port is found before the store is filled.
    let listener = marketplace::listen(&options)
        .await
        .context("failed to start the marketplace; choose another address with MARKETPLACE_ADDR")?;
    let store = store::open_configured(&config).await?;
    if fill_empty_store {
        store::fill_if_empty(&store).await?;
    }
    let ended = marketplace::run(listener, store.clone(), options, shutdown::requested()).await;
    store.close().await;
    ended.context("the marketplace failed")
}

/// What the configuration says about the marketplace, webhooks aside.
pub(super) fn options(config: &Config) -> Options {
    Options::default()
        .with_addr(config.marketplace.addr)
        .with_latency(config.marketplace.latency)
}

/// The receiver of the marketplace's events. Unsigned ones no service would take.
pub(super) fn webhook(url: &Url, secret: Option<&Secret>) -> anyhow::Result<Webhook> {
    let secret = secret.context(
        "MARKETPLACE_WEBHOOK_URL is set and WEBHOOK_SECRET is not; \
         set it to the receiver's secret, or remove the URL to send no webhooks",
    )?;
    Webhook::new(url.as_str(), secret.expose()).context("failed to set up webhooks")
}
