use anyhow::Context as _;
use seller_data::{Date, Store, demo};

use crate::config::{Config, SecretUrl};

/// The same shops on every machine; only their last day is today.
const SEED: u64 = 1;

/// Opens the configured store, whose alerts are told from the configured thresholds on.
pub(super) async fn open_configured(config: &Config) -> anyhow::Result<Store> {
    let store = open(&config.data.database_url).await?;
    Ok(store.with_alert_thresholds(config.alerts))
}

/// Opens the store, which is created if it is a missing SQLite file.
pub(super) async fn open(url: &SecretUrl) -> anyhow::Result<Store> {
    Store::open(url.expose())
        .await
        .with_context(|| format!("failed to open the store {url}; check DATABASE_URL"))
}

/// Fills an empty store with the three demo shops.
pub(super) async fn fill_if_empty(store: &Store) -> anyhow::Result<()> {
    if store.is_empty().await.context("failed to read the store")? {
        tracing::info!("filling the empty store with three demo shops");
        demo::fill(store, SEED, Date::today_utc())
            .await
            .context("failed to fill the store with the demo shops")?;
    }
    Ok(())
}
