use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tenantcache_core::{Endpoint, Key, KeyDraft, KeyError, Scope, Tag, TenantId};

use crate::answer::{Answer, Source, Status};
use crate::cache::Inner;
use crate::changes::Changes;
use crate::error::BoxError;
use crate::inspect::{self, EntryDetails};
use crate::invalidate::Invalidation;
use crate::loaded::{BoxLoader, LoadContext, Loaded, box_loader};
use crate::mirror::TenantState;
use crate::patience::Patience;
use crate::read::{Look, Request};
use crate::remote::Durability;
use crate::value::LoadStamp;
use crate::{Error, ErrorKind, RequestSnapshot, TenantShare, load};

/// One tenant's part of a cache. Cloning is cheap, and cheaper than [`crate::Cache::tenant`]: keep one for each thread or
/// connection that reads much of a tenant.
#[derive(Clone, Debug)]
pub struct Tenant(Arc<Handle>);

/// Behind one pointer, so that a clone touches nothing that other handles of the cache touch, too.
#[derive(Debug)]
pub(crate) struct Handle {
    inner: Arc<Inner>,
    state: Arc<TenantState>,
}

impl Tenant {
    pub(crate) fn new(inner: Arc<Inner>, state: Arc<TenantState>) -> Self {
        Self(Arc::new(Handle { inner, state }))
    }

    /// The tenant's id.
    #[must_use]
    pub fn id(&self) -> &TenantId {
        &self.0.state.id
    }

    /// The entry of an endpoint that has no parameters; more can be said of it before it is read.
    pub fn entry(&self, endpoint: &Endpoint) -> EntryRef {
        EntryRef {
            tenant: self.clone(),
            key: Ok(KeyDraft::new(endpoint, &self.0.state.id)),
            tags: Vec::new(),
            reload: false,
        }
    }

    /// Reads entries without loading what is missing: from the local tier, and the rest from the remote tier in one
    /// round trip. The answers stand in the order of the keys. Each counts as a hit or a miss.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignKey`] if a key belongs to another tenant; then nothing is read.
    pub async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Answer>>, Error> {
        if keys
            .iter()
            .any(|key| key.tenant() != self.0.state.id.as_str())
        {
            return Err(Error::new(ErrorKind::ForeignKey));
        }
        let requests: Vec<_> = keys
            .iter()
            .map(|key| self.request(key, Vec::new(), false))
            .collect();
        let answers = self.read_many(&requests).await;
        for (request, answer) in requests.iter().zip(&answers) {
            match answer {
                Some(answer) => self.count(request, Ok(answer)),
                None => {
                    tracing::info!("Cache MISS: {}", request.key);
                    self.0.state.counters.record_absent();
                    request.endpoint.counters.record_absent();
                }
            }
        }
        Ok(answers)
    }

    /// Invalidates everything that any of the scopes covers. Once this returns, this node never serves a value of theirs
    /// whose load began before, whatever is still under way; the other nodes stop within the coherence bound. The cost
    /// does not depend on how many entries there are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignKey`] if a scope is a key of another tenant; then nothing is invalidated.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it completes even if the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tenantcache::{Cache, Invalidation, Scope, Tag, TenantId};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = Cache::builder().build()?;
    /// let tenant = cache.tenant(&TenantId::new("tenant-001")?);
    /// let outcome = tenant.invalidate(&[Scope::Tag(Tag::new("product:123")?)]).await?;
    /// assert!(matches!(outcome, Invalidation::Applied { .. }));
    /// # Ok(()) }
    /// ```
    pub async fn invalidate(&self, scopes: &[Scope]) -> Result<Invalidation, Error> {
        self.invalidate_durably(scopes, Durability::Applied).await
    }

    /// The same, with a choice of what the acknowledgement means. [`Durability::Replicated`] waits within the remote
    /// tier's budget for a replica to confirm.
    ///
    /// # Errors
    ///
    /// As [`Tenant::invalidate`].
    ///
    /// # Cancel safety
    ///
    /// Once polled, it completes even if the future is dropped.
    pub async fn invalidate_durably(
        &self,
        scopes: &[Scope],
        durability: Durability,
    ) -> Result<Invalidation, Error> {
        self.0
            .inner
            .invalidate(&self.0.state, scopes, durability)
            .await
    }

    /// Tells what is invalidated in this tenant from now on, on any node.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes::new(Arc::clone(&self.0.inner), Arc::clone(&self.0.state))
    }

    /// Counts of this tenant's requests on this node.
    #[must_use]
    pub fn counters(&self) -> RequestSnapshot {
        self.0.state.counters.snapshot()
    }

    /// This tenant's part of what this node does and holds.
    #[must_use]
    pub fn share(&self) -> TenantShare {
        TenantShare::new(&self.0.inner, &self.0.state)
    }

    /// Keys of this tenant's entries whose text starts with `prefix`, in order, after `after` if given, at most `limit`:
    /// all in this node's local tier, and those filled lately in the remote tier. For operators: the local tier is walked.
    pub async fn keys(&self, prefix: &str, after: Option<&str>, limit: usize) -> Vec<Key> {
        inspect::keys(&self.0.inner, &self.0.state, prefix, after, limit).await
    }

    /// What the tiers hold for a key, whether or not it may be served. Counts nothing and changes nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignKey`] if the key belongs to another tenant.
    pub async fn inspect(&self, key: &Key) -> Result<Vec<EntryDetails>, Error> {
        if key.tenant() != self.0.state.id.as_str() {
            return Err(Error::new(ErrorKind::ForeignKey));
        }
        Ok(inspect::entry(&self.0.inner, &self.0.state, key).await)
    }

    fn request(&self, key: &Key, tags: Vec<Tag>, reload: bool) -> Request {
        Request {
            endpoint: self.0.inner.endpoints.state(key.endpoint()),
            state: Arc::clone(&self.0.state),
            key: key.clone(),
            tags,
            reload,
        }
    }

    fn count(&self, request: &Request, answer: Result<&Answer, &Error>) {
        self.0.state.counters.record(answer);
        request.endpoint.counters.record(answer);
        // A flight says itself that it misses, before it asks the origin.
        match answer.map(Answer::outcome) {
            Ok(outcome) if outcome.status.is_hit() => tracing::info!("Cache HIT: {}", request.key),
            Ok(outcome) if outcome.collapsed || outcome.status == Status::Bypass => {
                tracing::info!("Cache MISS: {}", request.key)
            }
            _ => {}
        }
    }

    async fn read_many(&self, requests: &[Request]) -> Vec<Option<Answer>> {
        let inner = &self.0.inner;
        let look = |request: &Request| match inner.look(request, inner.trust()) {
            Look::Found(freshness, value) => {
                Some(inner.answer(value, Status::of_hit(freshness), Source::Local))
            }
            Look::Nothing | Look::Unproven => None,
        };
        if !inner.enabled {
            return requests.iter().map(|_| None).collect();
        }
        // What must be heeded at once is judged by a table that is read now.
        let look_now = |request: &Request| {
            if inner.is_strict(&request.endpoint) {
                None
            } else {
                look(request)
            }
        };
        let mut answers: Vec<_> = requests.iter().map(look_now).collect();
        let missing: Vec<_> = (0..requests.len())
            .filter(|at| answers[*at].is_none())
            .collect();
        let Some(remote) = inner.remote.as_ref().filter(|_| !missing.is_empty()) else {
            return answers;
        };
        let keys: Vec<_> = missing.iter().map(|at| requests[*at].key.clone()).collect();
        let mut patience = Patience::default();
        let read = load::read_remote(inner, remote.as_ref(), &self.0.state, &keys, &mut patience);
        let Ok(read) = read.await else {
            return answers;
        };
        for (at, stored) in missing.into_iter().zip(read.entries) {
            let promoted = stored.and_then(|stored| {
                load::promote(
                    inner,
                    &self.0.state,
                    &requests[at].key,
                    stored,
                    &read.table.table,
                )
            });
            let now = inner.clock.monotonic();
            answers[at] = match promoted {
                Some(value) => {
                    let status = Status::of_hit(value.freshness(now));
                    Some(inner.answer(value, status, Source::Remote))
                }
                // The local tier may have it, and the table that was just read proves it.
                None => look(&requests[at]),
            };
        }
        answers
    }
}

/// One entry of a tenant: a way to read, load, insert or invalidate it.
#[derive(Clone, Debug)]
#[must_use]
pub struct EntryRef {
    tenant: Tenant,
    key: Result<KeyDraft, KeyError>,
    tags: Vec<Tag>,
    reload: bool,
}

/// Notes when a read of the origin began, for [`EntryRef::insert`]. Take it *before* the origin is asked.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Ticket {
    stamp: LoadStamp,
    begun_at: Duration,
}

impl EntryRef {
    /// Adds a parameter. The order in which parameters are added does not matter.
    pub fn param(mut self, name: &str, value: impl Display) -> Self {
        if let Ok(key) = &mut self.key
            && let Err(refused) = key.param(name, value)
        {
            self.key = Err(refused);
        }
        self
    }

    /// Adds a tag that the request implies. It then also covers a negative entry, of whose value nothing is known.
    pub fn tag(mut self, tag: Tag) -> Self {
        self.tags.push(tag);
        self
    }

    /// Demands a value whose load begins from now on, whatever is cached.
    pub fn reload(mut self) -> Self {
        self.reload = true;
        self
    }

    /// The entry's key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidKey`] if a parameter was refused or the key is too long.
    pub fn key(&self) -> Result<Key, Error> {
        match &self.key {
            Ok(key) => Ok(key.to_key()),
            Err(error) => Err(Error::with_source(ErrorKind::InvalidKey, error.clone())),
        }
    }

    /// The soft TTL that the endpoint's policy gives.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        let endpoints = &self.tenant.0.inner.endpoints;
        match &self.key {
            Ok(key) => endpoints.policy(key.endpoint()).soft_ttl(),
            Err(_) => Duration::ZERO,
        }
    }

    /// Gives the entry's value, loading it if no tier has a usable one. Concurrent callers of one key share one load. A
    /// stale value is served at once and refreshed in the background, unless the policy says to wait; it also stands in
    /// for a load that fails.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidKey`] if a parameter was refused; [`ErrorKind::LoadFailed`], [`ErrorKind::LoadTimedOut`] or
    /// [`ErrorKind::LoadPanicked`] if the load failed and nothing may stand in; [`ErrorKind::Overloaded`] if too
    /// many loads are under way or 100,000 callers wait for the key, and nothing may stand in; [`ErrorKind::Deadlock`] if
    /// the caller is the key's own loader.
    ///
    /// # Cancel safety
    ///
    /// The load is detached: a caller that goes away ends nothing, and strands nobody.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tenantcache::{Cache, Endpoint, Loaded, Status, TenantId};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = Cache::builder().build()?;
    /// let tenant = cache.tenant(&TenantId::new("tenant-001")?);
    /// let trends = tenant.entry(&Endpoint::new("dashboard_trends")?).param("days", 30);
    ///
    /// let load = async |_| Ok::<_, std::io::Error>(Loaded::new("[1,2,3]"));
    /// assert_eq!(trends.clone().get_or_load(load).await?.outcome().status, Status::Miss);
    /// assert_eq!(trends.get_or_load(load).await?.outcome().status, Status::Hit);
    /// # Ok(()) }
    /// ```
    pub async fn get_or_load<L, F, E>(self, loader: L) -> Result<Answer, Error>
    where
        L: FnOnce(LoadContext) -> F + Send + 'static,
        F: Future<Output = Result<Loaded, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        if let Some(answer) = self.hit() {
            return Ok(answer);
        }
        // In a box, so that a hit need not make room for what it does not need.
        Box::pin(self.load(box_loader(loader))).await
    }

    async fn load(self, loader: BoxLoader) -> Result<Answer, Error> {
        let request = self.tenant.request(&self.key()?, self.tags, self.reload);
        let answer = self.tenant.0.inner.get_or_load(&request, loader).await;
        self.tenant.count(&request, answer.as_ref());
        answer
    }

    /// Gives a fresh value of the local tier at once, counted as a hit, as [`EntryRef::get_or_load`] would give it. `None`
    /// if anything else is needed, a stale value included; then nothing is counted, and `get_or_load` goes on.
    ///
    /// With a remote tier it must be called within a Tokio runtime, on which the tenant's table is read again in the
    /// background when that is due.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tenantcache::{Cache, Endpoint, Loaded, TenantId};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = Cache::builder().build()?;
    /// let trends = cache.tenant(&TenantId::new("tenant-001")?).entry(&Endpoint::new("dashboard_trends")?);
    /// assert!(trends.hit().is_none());
    /// let load = async |_| Ok::<_, std::io::Error>(Loaded::new("[1,2,3]"));
    /// let _loaded = trends.clone().get_or_load(load).await?;
    /// assert_eq!(trends.hit().expect("it was stored").body(), b"[1,2,3]");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn hit(&self) -> Option<Answer> {
        let key = self.key.as_ref().ok().filter(|_| !self.reload)?;
        let Handle { inner, state } = &*self.tenant.0;
        inner.hit(state, key.as_bytes())
    }

    /// Reads the entry without loading it. Counts as a hit or a miss.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidKey`] if a parameter was refused.
    pub async fn get(&self) -> Result<Option<Answer>, Error> {
        let answers = self.tenant.get_many(&[self.key()?]).await?;
        Ok(answers.into_iter().next().flatten())
    }

    /// Takes a ticket for [`EntryRef::insert`].
    pub async fn begin(&self) -> Ticket {
        let Handle { inner, state } = &*self.tenant.0;
        if !state.is_proven(inner.trust(), inner.clock.monotonic()) || !state.has_table() {
            load::read_table(inner, state, &mut Patience::default()).await;
        }
        let begun_at = inner.clock.monotonic();
        Ticket {
            stamp: state.stamp(inner.remote.is_none(), inner.sequence(), begun_at),
            begun_at,
        }
    }

    /// Inserts a value that the caller read from the origin after taking the ticket. Gives whether it is stored: it is
    /// not if something that covers it was invalidated since.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidKey`] if a parameter was refused.
    ///
    /// # Examples
    ///
    /// ```
    /// # use tenantcache::{Cache, Endpoint, Loaded, Scope, TenantId};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = Cache::builder().build()?;
    /// # let tenant = cache.tenant(&TenantId::new("tenant-001")?);
    /// # let endpoint = Endpoint::new("products")?;
    /// let entry = tenant.entry(&endpoint).param("id", 123);
    /// let ticket = entry.begin().await;
    /// let value = Loaded::new("read from the origin");
    /// tenant.invalidate(&[Scope::Endpoint(endpoint.clone())]).await?;
    /// assert!(!entry.insert(ticket, value).await?, "it may be outdated");
    /// # Ok(()) }
    /// ```
    pub async fn insert(&self, ticket: Ticket, value: Loaded) -> Result<bool, Error> {
        let request = self.tenant.request(&self.key()?, self.tags.clone(), false);
        let inner = &self.tenant.0.inner;
        if !inner.enabled || !value.store {
            return Ok(false);
        }
        let ttl = load::chosen_ttl(&request, &value);
        let value = load::to_value(inner, &request, value, ticket.stamp, ticket.begun_at);
        let mut patience = Patience::default();
        Ok(load::keep(inner, &request, &value, ttl, None, &mut patience).await)
    }

    /// Invalidates this one entry. See [`Tenant::invalidate`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidKey`] if a parameter was refused.
    pub async fn invalidate(&self) -> Result<Invalidation, Error> {
        self.tenant.invalidate(&[Scope::Key(self.key()?)]).await
    }
}
