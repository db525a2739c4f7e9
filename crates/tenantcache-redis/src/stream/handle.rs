use std::fmt;
use std::sync::Arc;

use tenantcache::Cache;
use tokio::task::AbortHandle;

use super::consumer::Consumer;
use super::counters::{Counters, StreamSnapshot};
use super::options::StreamOptions;
use crate::cryptography::install_cryptography;
use crate::options::RedisOptions;

/// Reads events from a Redis Stream and publishes them in a cache, until it is dropped.
///
/// ```no_run
/// use tenantcache::Cache;
/// use tenantcache_redis::{EventStream, RedisOptions, StreamOptions};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::builder().build()?;
/// let redis = RedisOptions::new("redis://localhost:6379/0")?;
/// let events = EventStream::start(redis, cache, StreamOptions::new("sellerboard"));
/// assert_eq!(events.snapshot().gaps, 0);
/// # Ok(()) }
/// ```
#[must_use = "reading ends when it is dropped"]
pub struct EventStream {
    counters: Arc<Counters>,
    options: StreamOptions,
    task: AbortHandle,
}

impl EventStream {
    /// Starts to read, in a task on the current Tokio runtime and on a connection of its own. While the server is away it
    /// connects again with a growing pause of 50 ms to 1 s; a user that may not read streams is asked again each minute.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn start(redis: RedisOptions, cache: Cache, options: StreamOptions) -> Self {
        if redis.is_tls() {
            install_cryptography();
        }
        let counters = Arc::new(Counters::new());
        let consumer = Consumer::new(redis, cache, options.clone(), Arc::clone(&counters));
        Self {
            counters,
            options,
            task: tokio::spawn(consumer.run()).abort_handle(),
        }
    }

    /// What was done so far, and how the group stands.
    #[must_use]
    pub fn snapshot(&self) -> StreamSnapshot {
        self.counters.snapshot()
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("options", &self.options)
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}
