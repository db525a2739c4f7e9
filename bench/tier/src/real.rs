//! The real tier, read as its users read it.

use tenantcache::{Cache, Endpoint, Loaded, Tenant, TenantId};
use tokio::runtime::Runtime;

use crate::policies::Policy;

/// A cache whose local tier has room for a number of entries of equal weight.
pub(crate) struct Real {
    cache: Cache,
    runtime: Runtime,
    tenants: Vec<Tenant>,
    endpoint: Endpoint,
}

impl Real {
    pub(crate) fn new(
        entries_max: usize,
        tenants: usize,
        floor_percent: u8,
    ) -> anyhow::Result<Self> {
        let bytes = Self::entry_bytes()? * u64::try_from(entries_max)?;
        Self::with_bytes(bytes, tenants, floor_percent)
    }

    /// Gives whether it was a hit.
    pub(crate) fn read(&self, tenant: usize, key: u64) -> bool {
        let entry = self.tenants[tenant].entry(&self.endpoint);
        let entry = entry.param("id", format_args!("{key:020}"));
        let load = async |_| Ok::<_, std::io::Error>(Loaded::new(""));
        let answer = self.runtime.block_on(entry.get_or_load(load));
        answer.is_ok_and(|answer| answer.outcome().status.is_hit())
    }

    fn with_bytes(bytes: u64, tenants: usize, floor_percent: u8) -> anyhow::Result<Self> {
        let builder = Cache::builder().with_local_bytes_max(bytes);
        let cache = builder.with_tenant_floor_percent(floor_percent).build()?;
        let tenant = |n| Ok(cache.tenant(&TenantId::new(&format!("t{n:03}"))?));
        let tenants = (0..tenants).map(tenant).collect::<anyhow::Result<_>>()?;
        Ok(Self {
            cache,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()?,
            tenants,
            endpoint: Endpoint::new("e")?,
        })
    }

    /// What one more entry is charged.
    fn entry_bytes() -> anyhow::Result<u64> {
        let real = Self::with_bytes(1 << 20, 1, 0)?;
        let used = |key| {
            real.read(0, key);
            real.cache.local_usage().used_bytes
        };
        let first = used(1);
        Ok(used(2) - first)
    }
}

impl Policy for Real {
    fn read(&mut self, key: u64) -> bool {
        Self::read(self, 0, key)
    }
}
