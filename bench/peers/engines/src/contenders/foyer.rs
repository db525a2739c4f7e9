use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use foyer_memory::{Cache, CacheBuilder, S3FifoConfig};

use super::ROOM;
use crate::contender::Contender;
use crate::workload::Workload;

pub fn contenders(workload: &Arc<Workload>) -> [Contender; 2] {
    let cache = CacheBuilder::new(workload.keys.len() * ROOM);
    // The fastest of its policies here.
    let cache = cache.with_eviction_config(S3FifoConfig::default());
    let cache: Cache<String, Bytes> = cache.build();
    for (key, body) in workload.keys.iter().zip(&workload.bodies) {
        cache.insert(key.clone(), body.clone());
    }
    let (known, also) = (Arc::clone(workload), cache.clone());
    let get = move |entry: usize| {
        also.get(known.keys[entry].as_str())
            .map_or(0, |body| body.len())
    };
    let known = Arc::clone(workload);
    let get_or_load = async move |cache: &Cache<String, Bytes>, entry: usize| {
        let load = || async { Ok::<_, Infallible>(Bytes::new()) };
        let found = cache.get_or_fetch(known.keys[entry].as_str(), load).await;
        found.map_or(0, |body| body.len())
    };
    [
        Contender::new("foyer `get`, S3-FIFO", "nothing", get),
        Contender::new_async(
            "foyer `get_or_fetch`, S3-FIFO",
            "nothing",
            cache,
            get_or_load,
        ),
    ]
}
