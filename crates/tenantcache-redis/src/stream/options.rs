use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tenantcache::events::{Event, Published};
use tenantcache::random_incarnation;

/// Told of each event that was handled.
pub(super) type Observer = Arc<dyn Fn(&Event, &Published) + Send + Sync>;

/// Which stream is read, and how.
#[derive(Clone)]
#[must_use]
pub struct StreamOptions {
    pub(super) stream: String,
    pub(super) group: String,
    pub(super) consumer: String,
    pub(super) block: Duration,
    pub(super) claim_after: Duration,
    pub(super) claim_interval: Duration,
    pub(super) forget_after: Duration,
    pub(super) batch_max: usize,
    pub(super) length_max: u64,
    pub(super) observer: Option<Observer>,
}

impl StreamOptions {
    /// Options to read `tenantcache:events` as a consumer of `group`, under a random name.
    pub fn new(group: &str) -> Self {
        Self {
            stream: "tenantcache:events".to_owned(),
            group: group.to_owned(),
            consumer: random_incarnation().to_string(),
            block: Duration::from_secs(1),
            claim_after: Duration::from_secs(5),
            claim_interval: Duration::from_secs(5),
            forget_after: Duration::from_secs(60 * 60),
            batch_max: 16,
            length_max: 100_000,
            observer: None,
        }
    }

    /// The stream's key. Default `tenantcache:events`.
    pub fn with_stream(mut self, key: &str) -> Self {
        key.clone_into(&mut self.stream);
        self
    }

    /// This node's name within the group, which no other node may have at the same time. Default: a random one.
    pub fn with_consumer(mut self, name: &str) -> Self {
        name.clone_into(&mut self.consumer);
        self
    }

    /// How long one wait for new entries may take, from 1 ms; also how soon a deleted stream is noticed. Default 1 s.
    pub fn with_block(mut self, block: Duration) -> Self {
        self.block = block.max(Duration::from_millis(1));
        self
    }

    /// How long an entry must have been with one node, unacknowledged, before another may claim it. Default 5 s.
    pub fn with_claim_after(mut self, idle: Duration) -> Self {
        self.claim_after = idle;
        self
    }

    /// How often this node looks for entries to claim, and keeps the stream in order, from 1 ms. Default 5 s.
    pub fn with_claim_interval(mut self, interval: Duration) -> Self {
        self.claim_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// How long a consumer without unacknowledged entries must be idle before its name is forgotten. Default 1 h.
    pub fn with_forget_after(mut self, idle: Duration) -> Self {
        self.forget_after = idle;
        self
    }

    /// How many entries are taken at a time, from 1. Default 16, since an entry may be as large as 1 MB.
    pub fn with_batch_max(mut self, count: usize) -> Self {
        self.batch_max = count.max(1);
        self
    }

    /// How many entries the stream keeps, roughly: Redis drops whole nodes of its tree. Entries that are dropped unread
    /// are a gap. Default 100,000.
    pub fn with_length_max(mut self, count: u64) -> Self {
        self.length_max = count;
        self
    }

    /// A function that is told of each event once it is handled, whether or not there was a rule for it. It runs on the
    /// reader's task and must not block. Default: none.
    pub fn with_observer(
        mut self,
        observer: impl Fn(&Event, &Published) + Send + Sync + 'static,
    ) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The key that says that the group was made, so that its absence is known to be a loss.
    pub(super) fn marker(&self) -> String {
        format!("{}:{}", self.stream, self.group)
    }
}

impl fmt::Debug for StreamOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamOptions")
            .field("stream", &self.stream)
            .field("group", &self.group)
            .field("consumer", &self.consumer)
            .field("block", &self.block)
            .field("claim_after", &self.claim_after)
            .field("claim_interval", &self.claim_interval)
            .field("forget_after", &self.forget_after)
            .field("batch_max", &self.batch_max)
            .field("length_max", &self.length_max)
            .finish_non_exhaustive()
    }
}
