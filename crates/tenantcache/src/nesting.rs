//! Loads that ask the cache themselves.
//!
//! A load that asked for the key it is loading would wait for itself until its time-out, so that is an error. A load
//! that asks for another key has a permit already, which covers the load that it waits for.

use std::sync::Arc;

use tenantcache_core::Key;

tokio::task_local! {
    static LOADING: Arc<Chain>;
}

/// What is being loaded on behalf of the task: a key, and the one whose load asked for it.
#[derive(Debug)]
pub(crate) struct Chain {
    /// The cache's own number: other caches have loads of their own.
    cache: u64,
    key: Key,
    outer: Option<Arc<Chain>>,
}

impl Chain {
    /// The load that the calling task runs, if it runs one.
    pub(crate) fn current() -> Option<Arc<Self>> {
        LOADING.try_with(Arc::clone).ok()
    }

    /// Runs a load of `key`, which `outer` asked for.
    pub(crate) async fn run<F: Future>(
        outer: Option<Arc<Self>>,
        cache: u64,
        key: Key,
        load: F,
    ) -> F::Output {
        LOADING
            .scope(Arc::new(Self { cache, key, outer }), load)
            .await
    }

    /// Whether a load of this key, in this cache, is waiting for the calling task.
    pub(crate) fn is_loading(cache: u64, key: &Key) -> bool {
        let current = Self::current();
        let mut chain = current.as_ref();
        while let Some(load) = chain {
            if load.cache == cache && load.key == *key {
                return true;
            }
            chain = load.outer.as_ref();
        }
        false
    }

    /// Whether this load, or one that waits for it, is of that cache.
    pub(crate) fn holds_permit(&self, cache: u64) -> bool {
        self.cache == cache
            || self
                .outer
                .as_ref()
                .is_some_and(|outer| outer.holds_permit(cache))
    }
}
