use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tenantcache::clock::ManualClock;
use tenantcache::{
    Answer, Cache, CacheBuilder, Endpoint, EntryRef, Error, LoadContext, Loaded, Outcome, Policy,
    PolicyTable, Scope, Source, Status, Tag, Tenant, TenantId,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) type LoadResult = Result<Loaded, &'static str>;

pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Soft TTL 60 s, grace 60 s, no jitter.
pub(crate) fn policy() -> Policy {
    Policy::new(seconds(60)).with_jitter_percent(0)
}

/// A cache on a clock that stands still.
pub(crate) struct Bench {
    pub(crate) cache: Cache,
    pub(crate) clock: ManualClock,
}

impl Bench {
    pub(crate) fn new(policy: Policy) -> Self {
        Self::with(|builder| builder.with_policies(PolicyTable::uniform(policy)))
    }

    pub(crate) fn with(settings: impl FnOnce(CacheBuilder) -> CacheBuilder) -> Self {
        let clock = ManualClock::new();
        let builder = Cache::builder()
            .with_clock(clock.clone())
            .with_policies(PolicyTable::uniform(policy()));
        let cache = settings(builder).build().unwrap();
        Self { cache, clock }
    }

    pub(crate) fn tenant(&self, id: &str) -> Tenant {
        tenant(&self.cache, id)
    }

    /// The entry that most tests are about.
    pub(crate) fn entry(&self) -> EntryRef {
        self.tenant("a").entry(&endpoint("products"))
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self::new(policy())
    }
}

pub(crate) fn tenant(cache: &Cache, id: &str) -> Tenant {
    cache.tenant(&TenantId::new(id).unwrap())
}

pub(crate) fn endpoint(name: &str) -> Endpoint {
    Endpoint::new(name).unwrap()
}

pub(crate) fn tag(text: &str) -> Tag {
    Tag::new(text).unwrap()
}

/// An origin that counts its calls, and whose answers are numbered.
#[derive(Clone, Default)]
pub(crate) struct Origin {
    calls: Arc<AtomicUsize>,
}

impl Origin {
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn load(&self) -> Loaded {
        Loaded::new(format!(
            "answer {}",
            self.calls.fetch_add(1, Ordering::SeqCst) + 1
        ))
    }

    pub(crate) async fn read(&self, entry: EntryRef) -> Answer {
        let origin = self.clone();
        entry
            .get_or_load(async move |_| LoadResult::Ok(origin.load()))
            .await
            .unwrap()
    }

    /// Reads with a load that fails.
    pub(crate) async fn fail(&self, entry: EntryRef) -> Result<Answer, Error> {
        let origin = self.clone();
        entry
            .get_or_load(async move |_| {
                let _ = origin.load();
                LoadResult::Err("the origin is down")
            })
            .await
    }
}

/// A load under the test's control: it says when it has begun, and ends when it is told how.
pub(crate) struct Held {
    began: oneshot::Receiver<()>,
    end: oneshot::Sender<LoadResult>,
}

impl Held {
    pub(crate) async fn begun(&mut self) {
        (&mut self.began)
            .await
            .expect("the load was dropped before it began");
    }

    pub(crate) fn has_begun(&mut self) -> bool {
        self.began.try_recv().is_ok()
    }

    pub(crate) fn give(self, body: &'static str) {
        self.end(Ok(Loaded::new(body)));
    }

    pub(crate) fn end(self, result: LoadResult) {
        // A load that timed out is gone.
        let _ = self.end.send(result);
    }
}

/// Reads in a task of its own, with a load under control.
pub(crate) fn read_held(entry: EntryRef) -> (JoinHandle<Result<Answer, Error>>, Held) {
    let (loader, held) = held();
    (tokio::spawn(entry.get_or_load(loader)), held)
}

pub(crate) fn held() -> (
    impl FnOnce(LoadContext) -> BoxFuture<'static, LoadResult> + Send + 'static,
    Held,
) {
    let (has_begun, began) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let loader = move |_| {
        let _ = has_begun.send(());
        let load: BoxFuture<'static, LoadResult> =
            Box::pin(async move { ended.await.unwrap_or(Err("the test let go of the load")) });
        load
    };
    (loader, Held { began, end })
}

/// Lets every task do what it can without time passing.
pub(crate) async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

pub(crate) fn text(answer: &Answer) -> &str {
    std::str::from_utf8(answer.body()).unwrap()
}

pub(crate) fn status(answer: &Answer) -> Status {
    answer.outcome().status
}

pub(crate) fn came(outcome: Outcome) -> (Status, Source) {
    (outcome.status, outcome.source)
}

/// One scope of each kind, all of which cover `products` of tenant `a` if it carries the tag `product:123`.
pub(crate) fn scopes(bench: &Bench) -> Vec<Scope> {
    let prefix = "prod".parse().unwrap();
    vec![
        Scope::Endpoint(endpoint("products")),
        Scope::Key(bench.entry().key().unwrap()),
        Scope::Prefix(prefix),
        Scope::Tag(tag("product:123")),
        Scope::Tenant,
    ]
}
