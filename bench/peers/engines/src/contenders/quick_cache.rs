use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use quick_cache::sync::Cache;

use super::ROOM;
use crate::contender::Contender;
use crate::workload::Workload;

pub fn contenders(workload: &Arc<Workload>) -> [Contender; 2] {
    let cache = Arc::new(Cache::<String, Bytes>::new(workload.keys.len() * ROOM));
    for (key, body) in workload.keys.iter().zip(&workload.bodies) {
        cache.insert(key.clone(), body.clone());
    }
    let (known, also) = (Arc::clone(workload), Arc::clone(&cache));
    let get = move |entry: usize| {
        also.get(known.keys[entry].as_str())
            .map_or(0, |body| body.len())
    };
    let known = Arc::clone(workload);
    let get_or_load = async move |cache: &Arc<Cache<String, Bytes>>, entry: usize| {
        let load = async { Ok::<_, Infallible>(Bytes::new()) };
        match cache
            .get_or_insert_async(known.keys[entry].as_str(), load)
            .await
        {
            Ok(body) => body.len(),
        }
    };
    [
        Contender::new("quick_cache `get`", "nothing", get),
        Contender::new_async(
            "quick_cache `get_or_insert_async`",
            "nothing",
            cache,
            get_or_load,
        ),
    ]
}
