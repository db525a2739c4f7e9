//! The face of a remote tier, shared by all nodes.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tenantcache_core::{Key, Scope, StoredEntry, Table, Tag, TenantId};
use tokio::sync::{broadcast, watch};

/// A tier that several nodes share, together with the tenants' generation tables.
///
/// Every operation ends within the tier's own budget, whatever happens to the other side, and may be dropped at any await
/// without harm to later operations.
pub trait Remote: Debug + Send + Sync + 'static {
    /// Reads the tenant's table, making it if it is missing, and entries of that tenant, as one. The entries are not
    /// newer than the table.
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<RemoteRead, RemoteError>>;

    /// Does the same for a caller who knows the table. If `known` is the table still, this may cost the tier much less, and the
    /// table in what is found is `known` itself.
    ///
    /// Provided: [`Remote::read`].
    fn read_known<'a>(
        &'a self,
        tenant: &'a TenantId,
        keys: &'a [Key],
        known: &'a Arc<Table>,
    ) -> BoxFuture<'a, Result<RemoteRead, RemoteError>> {
        let _tables_are_always_read_whole = known;
        self.read(tenant, keys)
    }

    /// Takes the key's lease, so that one load is under way over all nodes, unless the entry is another than the caller
    /// has seen, or somebody else holds the lease. Reads the table as [`Remote::read`] does, at the same moment.
    ///
    /// A lease ends by time, with a fill, or when it is released. One whose holder's table is outdated counts as free.
    fn claim<'a>(&'a self, claim: Claim<'a>) -> BoxFuture<'a, Result<Claimed, RemoteError>>;

    /// Stores an entry until its hard TTL, unless its stamp is outdated by then, and ends the lease. Without the key's
    /// lease it is stored only if nobody holds it and the stored entry is not newer.
    fn fill<'a>(
        &'a self,
        entry: &'a StoredEntry,
        lease: Option<LeaseToken>,
    ) -> BoxFuture<'a, Result<Fill, RemoteError>>;

    /// Gives a lease back that ends without a fill. Nothing happens if somebody else has it by now.
    fn release<'a>(
        &'a self,
        key: &'a Key,
        lease: LeaseToken,
    ) -> BoxFuture<'a, Result<(), RemoteError>>;

    /// Invalidates the scopes at one new generation, atomically, and gives the table as it then is.
    fn invalidate<'a>(
        &'a self,
        tenant: &'a TenantId,
        scopes: &'a [Scope],
        durability: Durability,
    ) -> BoxFuture<'a, Result<RemoteInvalidated, RemoteError>>;

    /// Makes the tables of all tenants count as lost, so that every entry is dead.
    fn invalidate_everything(&self) -> BoxFuture<'_, Result<(), RemoteError>>;

    /// Keys of the tenant that were filled lately, newest first: a bounded index, not a scan.
    fn recent<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<Vec<Key>, RemoteError>>;

    /// The tier's memory, as last seen. `None` before the first look.
    fn usage(&self) -> Option<RemoteUsage>;

    /// The tier's health, now and whenever it changes.
    ///
    /// The cache heeds it: while the state is [`HealthState::Down`] nothing is asked of the tier, local entries are served
    /// up to the outage TTL, and invalidations are queued.
    fn health(&self) -> watch::Receiver<Health>;

    /// Whether the tier is to be asked now, which is what its health says. Every hit wants to know, on every thread: a tier
    /// should answer without a lock.
    fn is_usable(&self) -> bool {
        self.health().borrow().state.is_usable()
    }

    /// What the tier tells of its own accord. A tier that cannot tell of changes tells nothing: then other nodes'
    /// invalidations are seen when tables are read again.
    fn notices(&self) -> broadcast::Receiver<Notice>;

    /// Whether the tier tells of changes at present.
    fn is_notifying(&self) -> bool;
}

/// What a remote tier tells of its own accord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// This tenant's table changed, or was renewed, or is gone.
    Changed(TenantId),
    /// Changes of any table may have been missed.
    Missed,
    /// The history that the tier now writes.
    History(History),
}

/// A hash that tells one history of a shared tier from another. It differs when the tier may have forgotten what it had
/// acknowledged: after a failover, or a restart from a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History(pub u64);

/// A tenant's table as the remote tier gave it.
#[derive(Clone, Debug)]
pub struct RemoteTable {
    /// The table.
    pub table: Arc<Table>,
    /// The history it belongs to.
    pub history: History,
    /// Why the table was made just now, if it was.
    pub made: Option<Made>,
    /// How long ago the table's latest invalidation was applied, by the remote tier's own clock.
    pub invalidated_ago: Option<Duration>,
}

/// Why a table was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// There was none: it is new, or was evicted, flushed or has expired.
    Missing,
    /// The one there was belongs to another history.
    OtherHistory,
    /// What was in its place is no table.
    Unreadable,
}

/// A wish to load a key.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The key.
    pub key: &'a Key,
    /// Tags that the request implies.
    pub tags: &'a [Tag],
    /// The head of the stored entry that the caller has seen and found wanting ([`StoredEntry::head`]); empty if none.
    pub seen: &'a [u8],
    /// The lease's name, a new one for each claim.
    pub lease: LeaseToken,
    /// After how long the lease ends by itself.
    pub lease_ttl: Duration,
    /// Whether to take the lease whatever is stored and whoever holds it.
    pub force: bool,
}

/// The name of a lease: the node that wants it, and a random number.
///
/// Whoever loads on one node agrees within the process, so a lease that the same node holds counts as free: it is left
/// over from a claim whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseToken {
    /// The node, random.
    pub node: u64,
    /// Tells the node's leases apart.
    pub number: u64,
}

/// What became of a claim.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The tenant's table.
    pub table: RemoteTable,
    /// Who loads.
    pub lease: Lease,
}

/// Who loads a key.
#[derive(Clone, Debug)]
pub enum Lease {
    /// Nobody yet: the stored entry is another than the caller has seen.
    Another(RemoteEntry),
    /// Somebody else, for at most so long.
    Held(Duration),
    /// The caller.
    Taken,
}

/// What an acknowledgement of an invalidation means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The remote tier has applied it.
    #[default]
    Applied,
    /// A replica has it too, if one confirms within the tier's budget.
    Replicated,
}

/// An invalidation that was applied.
#[derive(Clone, Debug)]
pub struct RemoteInvalidated {
    /// The table, the invalidation included.
    pub table: RemoteTable,
    /// Whether a replica has confirmed it; `false` if none was asked.
    pub replicated: bool,
}

/// What [`Remote::read`] found.
#[derive(Clone, Debug)]
pub struct RemoteRead {
    /// The tenant's table.
    pub table: RemoteTable,
    /// One for each key asked for, in their order.
    pub entries: Vec<Option<RemoteEntry>>,
}

/// A stored entry as it came, not yet believed.
#[derive(Clone, Debug)]
pub struct RemoteEntry {
    /// The stored bytes.
    pub bytes: Bytes,
    /// How long the tier will keep them yet; `None` if for ever.
    pub remaining: Option<Duration>,
}

/// What became of a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Something that covers the entry was invalidated since its load began, or somebody else loads or has loaded it.
    Refused,
    /// The entry is stored.
    Stored,
}

/// Memory of a remote tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemoteUsage {
    /// Bytes in use.
    pub used_bytes: u64,
    /// The limit in bytes, 0 if there is none.
    pub max_bytes: u64,
    /// Keys evicted since the server started.
    pub evicted_keys: u64,
}

/// Whether a remote tier can be used, since when, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether operations are attempted at all.
    pub state: HealthState,
    /// Since when, by the wall clock, since 1970.
    pub since: Duration,
    /// Why it is not up; `None` if it is, or nothing is known yet.
    pub cause: Option<HealthCause>,
}

/// Whether a remote tier can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthState {
    /// Not usable: operations fail at once, at no cost.
    Down,
    /// Usable, but it refuses some operations, such as fills when it is out of memory.
    Degraded,
    /// Usable.
    Up,
}

impl HealthState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Down, Self::Degraded, Self::Up];

    /// The state as metrics and logs call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Degraded => "degraded",
            Self::Up => "up",
        }
    }

    /// Whether operations are attempted.
    #[must_use]
    pub fn is_usable(self) -> bool {
        match self {
            Self::Down => false,
            Self::Degraded | Self::Up => true,
        }
    }
}

/// Why a remote tier is not up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HealthCause {
    /// It does not let us in: the password or the user is wrong, or one is needed.
    AccessDenied,
    /// It lets no further client in.
    Crowded,
    /// What it sends is not what such a tier sends.
    Garbled,
    /// It answers that it is not ready: loading its data, or busy with somebody's script.
    NotReady,
    /// It refuses what is asked of it, such as a command that the user may not run.
    Refusing,
    /// It does not answer in time.
    Silent,
    /// Too many of its answers come too late.
    Slow,
    /// It is reached and answers, but is not fit: a replica, or too old.
    Unfit,
    /// It cannot be reached, or the connection broke.
    Unreachable,
    /// It refuses to write: out of memory, without replicas, or its disk is full.
    WritesRefused,
}

impl HealthCause {
    /// The cause as metrics and logs call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "access-denied",
            Self::Crowded => "crowded",
            Self::Garbled => "garbled",
            Self::NotReady => "not-ready",
            Self::Refusing => "refusing",
            Self::Silent => "silent",
            Self::Slow => "slow",
            Self::Unfit => "unfit",
            Self::Unreachable => "unreachable",
            Self::WritesRefused => "writes-refused",
        }
    }
}

/// Why a remote operation has no result. Its effect, if it had one, is unknown unless the kind says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct RemoteError {
    kind: RemoteErrorKind,
    #[source]
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`RemoteError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoteErrorKind {
    /// Nothing was sent, since the tier is down.
    Down,
    /// The connection broke.
    Io,
    /// What came was meant for another request. The tier is to end the connection it came on.
    Misdirected,
    /// The tier refused the operation.
    Refused,
    /// No answer within the budget.
    TimedOut,
    /// The answer cannot be read.
    Unreadable,
}

impl fmt::Display for RemoteErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "the remote tier is down",
            Self::Io => "the connection to the remote tier broke",
            Self::Misdirected => "the remote tier's answer was meant for another request",
            Self::Refused => "the remote tier refused the operation",
            Self::TimedOut => "the remote tier did not answer in time",
            Self::Unreadable => "the remote tier's answer cannot be read",
        })
    }
}

impl RemoteError {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: RemoteErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// This error with what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> RemoteErrorKind {
        self.kind
    }
}
