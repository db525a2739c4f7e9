//! Caches that read one stream, and what tests put into it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tenantcache::clock::{Clock, SystemClock};
use tenantcache::events::{Rule, Rules};
use tenantcache::{Cache, CacheBuilder, Endpoint, EntryRef, Status, TenantId};
use tenantcache_redis::{EventStream, RedisOptions, StreamOptions, StreamSnapshot};
use testkit::RedisServer;
use tokio::time::Instant;

use crate::support::Origin;

pub(crate) const STREAM: &str = "tenantcache:events";
pub(crate) const GROUP: &str = "sellerboard";
/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3_600);
const PATIENCE: Duration = Duration::from_secs(20);

/// A cache of its own that reads the stream.
pub(crate) struct Reader {
    pub(crate) cache: Cache,
    pub(crate) stream: EventStream,
    origin: Origin,
}

impl Reader {
    /// Reads, and claims nothing but at its start.
    pub(crate) fn start(server: &RedisServer) -> Self {
        Self::start_with(server, |options| options, |builder| builder)
    }

    /// Reads, and claims at once whatever is not acknowledged.
    pub(crate) fn start_eager(server: &RedisServer) -> Self {
        Self::start_with(server, eager, |builder| builder)
    }

    pub(crate) fn start_with(
        server: &RedisServer,
        options: impl FnOnce(StreamOptions) -> StreamOptions,
        settings: impl FnOnce(CacheBuilder) -> CacheBuilder,
    ) -> Self {
        let rule = Rule::new().with_endpoint(Endpoint::new("products").unwrap());
        let rules = Rules::new().with("product.*", rule).unwrap();
        let cache = settings(Cache::builder().with_event_rules(rules))
            .build()
            .unwrap();
        let stream = StreamOptions::new(GROUP)
            .with_block(Duration::from_millis(20))
            .with_claim_after(Duration::from_millis(1))
            .with_claim_interval(NEVER);
        let redis = RedisOptions::new(&server.url()).unwrap();
        Self {
            stream: EventStream::start(redis, cache.clone(), options(stream)),
            cache,
            origin: Origin::default(),
        }
    }

    pub(crate) fn snapshot(&self) -> StreamSnapshot {
        self.stream.snapshot()
    }

    /// Waits until the reader has done this.
    pub(crate) async fn until(&self, what: &str, done: impl Fn(StreamSnapshot) -> bool) {
        eventually(what, || done(self.snapshot())).await;
    }

    /// Waits until so many events were applied, and nothing is left to do.
    pub(crate) async fn until_applied(&self, server: &RedisServer, count: u64) {
        let what = format!("{count} events are applied");
        self.until(&what, |snapshot| snapshot.applied >= count)
            .await;
        assert_eq!(self.snapshot().applied, count, "{:?}", self.snapshot());
        until_acknowledged(server).await;
    }

    fn entry(&self, tenant: &str) -> EntryRef {
        let tenant = TenantId::new(tenant).unwrap();
        let endpoint = Endpoint::new("products").unwrap();
        self.cache.tenant(&tenant).entry(&endpoint)
    }

    /// What a read of the tenant's products is.
    pub(crate) async fn read(&self, tenant: &str) -> Status {
        self.origin.read(self.entry(tenant)).await.outcome().status
    }
}

/// Claims often.
pub(crate) fn eager(options: StreamOptions) -> StreamOptions {
    options.with_claim_interval(Duration::from_millis(5))
}

pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "still not so: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until no entry is unread or unacknowledged.
pub(crate) async fn until_acknowledged(server: &RedisServer) {
    eventually("everything is acknowledged", || {
        pending(server) == "0"
            && server
                .cli(&["xread", "streams", STREAM, &delivered(server)])
                .is_empty()
    })
    .await;
}

/// How many entries are not acknowledged.
pub(crate) fn pending(server: &RedisServer) -> String {
    let reply = server.cli(&["xpending", STREAM, GROUP]);
    reply.lines().next().unwrap_or_default().to_owned()
}

/// The last id that the group was given.
fn delivered(server: &RedisServer) -> String {
    let reply = server.cli(&["xinfo", "groups", STREAM]);
    let mut lines = reply
        .lines()
        .skip_while(|line| *line != "last-delivered-id");
    lines.nth(1).unwrap_or("0").to_owned()
}

/// Adds so many events of a product of `tenant-001`, as one.
pub(crate) fn publish(server: &RedisServer, count: usize) {
    let script = "for i = 1, ARGV[2] do redis.call('XADD', KEYS[1], '*', 'event', ARGV[1]) end";
    let count = count.to_string();
    let event = event("product.updated");
    let _ = server.cli(&["eval", script, "1", STREAM, &event, &count]);
}

/// Adds an entry under an id, `*` for the next one.
pub(crate) fn add(server: &RedisServer, id: &str, field: &str, value: &str) -> String {
    server.cli(&["xadd", STREAM, id, field, value])
}

pub(crate) fn event(kind: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"1","source":"/shop","type":"{kind}","subject":"7","tenantid":"tenant-001"}}"#
    )
}

/// Takes entries as a node would that is then killed.
pub(crate) fn take(server: &RedisServer, count: usize) {
    let count = count.to_string();
    let _ = server.cli(&[
        "xreadgroup",
        "group",
        GROUP,
        "killed",
        "count",
        &count,
        "streams",
        STREAM,
        ">",
    ]);
}

/// A clock that panics on demand, and the invalidation with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FailingClock {
    is_failing: Arc<AtomicBool>,
}

impl FailingClock {
    pub(crate) fn fail(&self, is_failing: bool) {
        self.is_failing.store(is_failing, Ordering::SeqCst);
    }
}

impl Clock for FailingClock {
    fn monotonic(&self) -> Duration {
        assert!(!self.is_failing.load(Ordering::SeqCst), "the clock fails");
        SystemClock::default().monotonic()
    }

    fn wall(&self) -> Duration {
        SystemClock::default().wall()
    }
}
