//! Where answers come from on a miss: the marketplace's API, or the store itself.

mod error;
mod found;
mod sql;
mod upstream;

use tenantcache::{Loaded, TenantId};

pub(super) use error::SourceError;
pub(super) use sql::SqlSource;
pub(super) use upstream::UpstreamSource;

use super::read::Read;

/// A data source. Cloning is cheap.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Sql(SqlSource),
    Upstream(UpstreamSource),
}

impl Source {
    /// Loads the answer to one read of one tenant, as the bytes that are served.
    pub(super) async fn load(&self, tenant: &TenantId, read: &Read) -> Result<Loaded, SourceError> {
        match self {
            Self::Sql(source) => source.load(tenant, read).await,
            Self::Upstream(source) => source.load(tenant, read).await,
        }
    }
}
