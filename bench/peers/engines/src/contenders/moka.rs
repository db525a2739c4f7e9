use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::{future, sync};

use super::ROOM;
use crate::contender::Contender;
use crate::workload::Workload;

const TTL: Duration = Duration::from_secs(3_600);

pub async fn contenders(workload: &Arc<Workload>) -> [Contender; 3] {
    let room = (workload.keys.len() * ROOM) as u64;
    let plain = sync::Cache::<String, Bytes>::new(room);
    let waiting = future::Cache::<String, Bytes>::new(room);
    let living = future::Cache::<String, Bytes>::builder();
    let living = living.max_capacity(room).time_to_live(TTL).build();
    for (key, body) in workload.keys.iter().zip(&workload.bodies) {
        plain.insert(key.clone(), body.clone());
        waiting.insert(key.clone(), body.clone()).await;
        living.insert(key.clone(), body.clone()).await;
    }
    let known = Arc::clone(workload);
    let get = move |entry: usize| {
        plain
            .get(known.keys[entry].as_str())
            .map_or(0, |body| body.len())
    };
    [
        Contender::new("moka::sync `get`", "nothing", get),
        Contender::new_async(
            "moka::future `get_with_by_ref`",
            "nothing",
            waiting,
            get_or_load(workload),
        ),
        Contender::new_async(
            "moka::future `get_with_by_ref`, `time_to_live`",
            "age",
            living,
            get_or_load(workload),
        ),
    ]
}

fn get_or_load(
    workload: &Arc<Workload>,
) -> impl AsyncFn(&future::Cache<String, Bytes>, usize) -> usize + Send + Sync + 'static {
    let known = Arc::clone(workload);
    async move |cache: &future::Cache<String, Bytes>, entry: usize| {
        let body = cache.get_with_by_ref(known.keys[entry].as_str(), async { Bytes::new() });
        body.await.len()
    }
}
