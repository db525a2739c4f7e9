//! Events from the Redis Stream that all nodes read as one.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use tenantcache::Cache;
use tenantcache_redis::{EventStream, RedisOptions, StreamOptions, StreamState};

use super::events::record;
use super::metrics::{counter, gauge};
use super::operate::InvalidationLog;

/// The consumer group of all nodes.
const GROUP: &str = "sellerboard";
/// Who made an invalidation, as operators see it.
const BY: &str = "redis stream";

/// What is exposed of the stream at `/metrics`.
#[derive(Debug)]
pub(super) struct StreamCollector {
    stream: Arc<EventStream>,
}

/// Reads until the result is dropped; what is invalidated is written down in `log`.
pub(super) fn start(
    redis: RedisOptions,
    cache: &Cache,
    log: &Arc<InvalidationLog>,
) -> Arc<EventStream> {
    let log = Arc::clone(log);
    let options = StreamOptions::new(GROUP).with_observer(move |event, published| {
        if let Some(outcome) = published.outcome {
            let _status = record(&log, event, published, outcome, BY);
        }
    });
    Arc::new(EventStream::start(redis, cache.clone(), options))
}

impl StreamCollector {
    pub(super) fn new(stream: Arc<EventStream>) -> Self {
        Self { stream }
    }
}

impl Collector for StreamCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let now = self.stream.snapshot();
        let outcomes = [
            ("applied", now.applied),
            ("failed", now.failed),
            ("malformed", now.malformed),
            ("queued", now.queued),
            ("unmatched", now.unmatched),
        ];
        let outcomes =
            outcomes.map(|(outcome, count)| (vec![("outcome", outcome.to_owned())], count));
        let none = Vec::new;
        counter(
            &mut encoder,
            "tenantcache_stream_events",
            "Entries of the Redis Stream handled on this node; failed: attempts, which are repeated",
            outcomes,
        )?;
        counter(
            &mut encoder,
            "tenantcache_stream_claimed",
            "Entries of the Redis Stream taken over because no node acknowledged them in time",
            [(none(), now.claimed)],
        )?;
        counter(
            &mut encoder,
            "tenantcache_stream_gaps",
            "Times that entries of the Redis Stream may have been lost, and everything was invalidated",
            [(none(), now.gaps)],
        )?;
        gauge(
            &mut encoder,
            "tenantcache_stream_pending",
            "Entries of the Redis Stream that a node has taken and not acknowledged",
            None,
            [(none(), now.pending)],
        )?;
        gauge(
            &mut encoder,
            "tenantcache_stream_lag",
            "Entries of the Redis Stream that no node has taken, where Redis can tell",
            None,
            now.lag.map(|lag| (none(), lag)),
        )?;
        gauge(
            &mut encoder,
            "tenantcache_stream_up",
            "Whether the Redis Stream is being read",
            None,
            [(none(), u64::from(now.state == StreamState::Reading))],
        )
    }
}
