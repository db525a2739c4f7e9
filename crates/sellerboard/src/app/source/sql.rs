use seller_data::{Error, ErrorKind, Store};
use tenantcache::{Loaded, TenantId};

use super::found::found;
use super::{Read, SourceError};

/// The store itself.
#[derive(Clone, Debug)]
pub(crate) struct SqlSource {
    store: Store,
}

impl SqlSource {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    pub(super) async fn load(&self, tenant: &TenantId, read: &Read) -> Result<Loaded, SourceError> {
        match self.read(tenant.as_str(), read).await {
            Ok(loaded) => loaded,
            Err(error) => refused(error),
        }
    }

    async fn read(&self, tenant: &str, read: &Read) -> Result<Result<Loaded, SourceError>, Error> {
        tracing::info!("Reading from the store...");
        let store = &self.store;
        Ok(match read {
            Read::Activity { limit } => found(&store.activity(tenant, *limit).await?),
            Read::Alerts => found(&store.alerts(tenant).await?),
            Read::Forecast {
                product_id,
                horizon,
            } => found(
                &store
                    .demand_forecast(tenant, product_id.as_deref(), *horizon)
                    .await?,
            ),
            Read::Insights => found(&store.insights(tenant).await?),
            Read::Kpis => found(&store.stats(tenant).await?.into_kpis()),
            Read::Pricing { product_id, days } => found(
                &store
                    .pricing_trends(tenant, product_id.as_deref(), *days)
                    .await?,
            ),
            Read::Product { id } => match store.product(tenant, id).await? {
                Some(product) => found(&product),
                None => Ok(Loaded::missing()),
            },
            Read::Products { limit, cursor, q } => found(
                &store
                    .products(tenant, *limit, cursor.as_deref(), q.as_deref())
                    .await?,
            ),
            Read::Sentiment { days } => found(&store.sentiment_overview(tenant, *days).await?),
            Read::Stats => found(&store.stats(tenant).await?.into_stats()),
            Read::Trends { days } => found(&store.trends(tenant, *days).await?),
        })
    }
}

fn refused(error: Error) -> Result<Loaded, SourceError> {
    match error.kind() {
        ErrorKind::NotFound => Ok(Loaded::missing()),
        ErrorKind::InvalidParameter => Err(SourceError::Parameter {
            name: error.parameter().unwrap_or("query").to_owned(),
        }),
        ErrorKind::Unavailable => Err(SourceError::Unreachable(error.into())),
        _ => Err(SourceError::Unreadable(error.into())),
    }
}
