use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hitbox::policy::PolicyConfig;
use hitbox_backend::format::BincodeFormat;
use hitbox_derive::{CacheableResponse, KeyExtract, cached};
use hitbox_fn::Cache;
use hitbox_moka::MokaBackend;
use serde::{Deserialize, Serialize};

use super::ROOM;
use crate::contender::Contender;
use crate::workload::{Place, Workload};

const TTL: Duration = Duration::from_secs(3_600);

#[derive(Clone, Debug, CacheableResponse, Deserialize, Serialize)]
struct Body {
    bytes: Bytes,
}

#[derive(Clone, KeyExtract)]
struct Tenant(#[key_extract(name = "tenant")] String);

#[derive(Clone, KeyExtract)]
struct Days(#[key_extract(name = "days")] u64);

#[cached(skip(loaded))]
async fn dashboard_trends(tenant: Tenant, days: Days, loaded: Bytes) -> Body {
    let _ = (tenant, days);
    Body { bytes: loaded }
}

pub async fn contender(workload: &Arc<Workload>) -> Contender {
    let backend = MokaBackend::builder().max_entries((workload.keys.len() * ROOM) as u64);
    let cache = Cache::builder()
        .backend(backend.value_format(BincodeFormat).build())
        .policy(PolicyConfig::builder().ttl(TTL).build())
        .build();
    for (place, body) in workload.places.iter().zip(&workload.bodies) {
        let (tenant, days) = arguments(place);
        dashboard_trends(tenant, days, body.clone())
            .cache(&cache)
            .await;
    }
    let known = Arc::clone(workload);
    let get_or_load = async move |cache: &_, entry: usize| {
        let (tenant, days) = arguments(&known.places[entry]);
        dashboard_trends(tenant, days, Bytes::new())
            .cache(cache)
            .await
            .bytes
            .len()
    };
    Contender::new_async(
        "hitbox `#[cached]` on moka, bincode",
        "age; builds the key, decodes the value",
        cache,
        get_or_load,
    )
}

fn arguments(place: &Place) -> (Tenant, Days) {
    (Tenant(place.tenant_id()), Days(place.number as u64))
}
