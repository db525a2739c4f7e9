//! The caches, each at its best: unbounded by what is put in, without listeners, and with the time to live that it can have.

mod foyer;
mod hitbox;
mod moka;
mod quick_cache;
mod tenantcache;

use std::sync::Arc;

use crate::contender::Contender;
use crate::workload::Workload;

pub use tenantcache::own;

/// More than the entries of all tenants, so that nothing is evicted.
const ROOM: usize = 4;

/// The others, those only that are wanted.
pub async fn others(
    workload: &Arc<Workload>,
    is_wanted: impl Fn(&str) -> bool,
) -> anyhow::Result<Vec<Contender>> {
    let mut field = Vec::new();
    if is_wanted("quick_cache") {
        field.extend(quick_cache::contenders(workload));
    }
    if is_wanted("moka") {
        field.extend(moka::contenders(workload).await);
    }
    if is_wanted("foyer") {
        field.extend(foyer::contenders(workload));
    }
    if is_wanted("hitbox") {
        field.push(hitbox::contender(workload).await);
    }
    Ok(field)
}
