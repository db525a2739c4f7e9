//! Where answers come from on a miss: the marketplace's API, or the store itself.

mod backoff;
mod body;
mod breaker;
mod error;
mod found;
mod origin;
mod series;
mod sql;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use tenantcache::{Loaded, TenantId};

pub(super) use error::{SourceError, unavailable};
pub(super) use origin::Origin;
pub(super) use series::OriginCollector;
pub(super) use sql::SqlSource;
pub(super) use upstream::UpstreamSource;

use super::read::Read;

/// A data source, and what spares it. Cloning is cheap.
#[derive(Clone, Debug)]
pub(super) struct Source {
    form: Arc<Form>,
    origin: Arc<Origin>,
}

/// What the data is read from.
#[derive(Debug)]
pub(super) enum Form {
    Sql(SqlSource),
    Upstream(UpstreamSource),
}

impl Source {
    /// A source whose loads have `timeout` in all.
    pub(super) fn new(form: Form, timeout: Duration) -> Self {
        Self {
            form: Arc::new(form),
            origin: Arc::new(Origin::new(timeout)),
        }
    }

    /// Loads the answer to one read of one tenant, as the bytes that are served.
    pub(super) async fn load(&self, tenant: &TenantId, read: &Read) -> Result<Loaded, SourceError> {
        match &*self.form {
            Form::Sql(source) => {
                let ask = || source.load(tenant, read);
                self.origin.ask(tenant, ask).await
            }
            Form::Upstream(source) => {
                let ask = || source.fetch(tenant, read);
                let body = self.origin.ask(tenant, ask).await?;
                source.parse(tenant, read, body)
            }
        }
    }

    /// Whether it is asked: the state of what stands before it.
    pub(super) fn breaker(&self) -> &'static str {
        breaker::BreakerState::NAMES[self.origin.snapshot().state as usize]
    }

    /// What spares it, for metrics.
    pub(super) fn origin(&self) -> Arc<Origin> {
        Arc::clone(&self.origin)
    }
}
