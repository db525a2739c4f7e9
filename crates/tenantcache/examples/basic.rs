//! The first read loads, the second is a hit, and another tenant has entries of its own.
//!
//! Run with `cargo run -p tenantcache --example basic`. It prints:
//!
//! ```text
//! loading dashboard_trends:tenant-001:days:30
//! tenant-001: trends of tenant-001 (miss)
//! tenant-001: trends of tenant-001 (hit)
//! loading dashboard_trends:tenant-002:days:30
//! tenant-002: trends of tenant-002 (miss)
//! 1 hit, 2 misses
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;

use tenantcache::{BoxError, Cache, Endpoint, LoadContext, Loaded, TenantId};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let cache = Cache::builder().build()?;
    let endpoint = Endpoint::new("dashboard_trends")?;
    for id in ["tenant-001", "tenant-001", "tenant-002"] {
        let tenant = cache.tenant(&TenantId::new(id)?);
        let trends = tenant.entry(&endpoint).param("days", 30);
        let answer = trends.get_or_load(load).await?;
        let text = String::from_utf8_lossy(answer.body());
        println!("{id}: {text} ({})", answer.outcome().status.name());
    }
    let total = cache.counters().total;
    println!("{} hit, {} misses", total.hits(), total.misses());
    Ok(())
}

/// Stands for a slow question to a database or another service.
async fn load(context: LoadContext) -> io::Result<Loaded> {
    println!("loading {}", context.key);
    Ok(Loaded::new(format!("trends of {}", context.key.tenant())))
}
