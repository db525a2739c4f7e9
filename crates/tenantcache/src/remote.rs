//! The face of a remote tier, shared by all nodes.

use std::fmt::{self, Debug};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tenantcache_core::{Key, Scope, StoredEntry, Table, TenantId};
use tokio::sync::watch;

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

    /// Stores an entry until its hard TTL, unless its stamp is outdated by then.
    fn fill<'a>(&'a self, entry: &'a StoredEntry) -> BoxFuture<'a, Result<Fill, RemoteError>>;

    /// Invalidates the scopes at one new generation, atomically, and gives the table as it then is.
    fn invalidate<'a>(
        &'a self,
        tenant: &'a TenantId,
        scopes: &'a [Scope],
    ) -> BoxFuture<'a, Result<Table, RemoteError>>;

    /// Keys of the tenant that were filled lately, newest first: a bounded index, not a scan.
    fn recent<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<Vec<Key>, RemoteError>>;

    /// The tier's memory, as last seen. `None` before the first look.
    fn usage(&self) -> Option<RemoteUsage>;

    /// The tier's health, now and whenever it changes.
    fn health(&self) -> watch::Receiver<Health>;
}

/// What [`Remote::read`] found.
#[derive(Clone, Debug)]
pub struct RemoteRead {
    /// The tenant's table.
    pub table: Table,
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
    /// The stamp is outdated: something that covers the entry was invalidated since its load began.
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

/// Whether a remote tier can be used, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether operations are attempted at all.
    pub state: HealthState,
    /// Since when, by the wall clock, since 1970.
    pub since: Duration,
}

/// Whether a remote tier can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthState {
    /// Not usable: operations fail at once, at no cost.
    Down,
    /// Usable.
    Up,
}

impl HealthState {
    /// The state as metrics and logs call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
        }
    }
}

/// Why a remote operation has no result. Its effect, if it had one, is unknown unless the kind says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct RemoteError {
    kind: RemoteErrorKind,
    #[source]
    source: Option<std::sync::Arc<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`RemoteError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoteErrorKind {
    /// Nothing was sent, since the tier is down.
    Down,
    /// The connection broke.
    Io,
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
        self.source = Some(std::sync::Arc::new(source));
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> RemoteErrorKind {
        self.kind
    }
}
