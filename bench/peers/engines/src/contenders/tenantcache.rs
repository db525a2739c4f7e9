use std::convert::Infallible;
use std::sync::Arc;

use anyhow::ensure;
use bytes::Bytes;
use tenantcache::{Answer, Cache, Endpoint, EntryRef, Loaded, Status, Tenant, TenantId};

use crate::contender::Contender;
use crate::workload::{ENDPOINT, TENANTS, Workload};

/// What one entry may take in the local tier, at most.
const ENTRY_BYTES_MAX: u64 = 4_096;

/// tenantcache, the first of which is what the others are compared with.
pub async fn own(workload: &Arc<Workload>) -> anyhow::Result<[Contender; 3]> {
    let cache = Cache::builder()
        .with_local_bytes_max(workload.keys.len() as u64 * ENTRY_BYTES_MAX)
        .build()?;
    let endpoint = Endpoint::new(ENDPOINT)?;
    let mut tenants = Vec::new();
    for number in 0..TENANTS {
        tenants.push(cache.tenant(&TenantId::new(&format!("tenant-{number:03}"))?));
    }
    let mut entries = Vec::new();
    for (place, body) in workload.places.iter().zip(&workload.bodies) {
        let entry = tenants[place.tenant]
            .entry(&endpoint)
            .param("days", place.number);
        let answer = load(entry.clone(), body.clone()).await;
        ensure!(answer.is_some_and(|answer| answer.outcome().status == Status::Miss));
        entries.push(entry);
    }
    let known = Arc::clone(workload);
    let built = async move |(tenants, endpoint): &(Vec<Tenant>, Endpoint), entry: usize| {
        let place = known.places[entry];
        length(
            load(
                tenants[place.tenant]
                    .entry(endpoint)
                    .param("days", place.number),
                Bytes::new(),
            )
            .await,
        )
    };
    let prepared = async |entries: &Vec<EntryRef>, entry: usize| {
        length(load(entries[entry].clone(), Bytes::new()).await)
    };
    let kept = entries.clone();
    let hit = move |entry: usize| length(kept[entry].hit());
    let checks = "tenant, generation, age; counts, says where from";
    Ok([
        Contender::new_async(
            "tenantcache `get_or_load`, prepared entry",
            checks,
            entries,
            prepared,
        ),
        Contender::new_async(
            "tenantcache `get_or_load`, builds the key",
            checks,
            (tenants, endpoint),
            built,
        ),
        Contender::new("tenantcache `hit`, prepared entry", checks, hit),
    ])
}

async fn load(entry: EntryRef, body: Bytes) -> Option<Answer> {
    let load = async move |_| Ok::<_, Infallible>(Loaded::new(body));
    entry.get_or_load(load).await.ok()
}

/// 0 unless it is a hit.
fn length(answer: Option<Answer>) -> usize {
    let hit = answer.filter(|answer| answer.outcome().status == Status::Hit);
    hit.map_or(0, |answer| answer.body().len())
}
