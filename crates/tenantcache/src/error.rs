use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Any error a loader may give.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A key or scope belongs to another tenant.
    ForeignKey,
    /// A parameter was refused, or the key is too long.
    InvalidKey,
    /// The loader gave an error, which is the source.
    LoadFailed,
    /// The loader panicked, or the runtime ended it.
    LoadPanicked,
    /// The loader did not finish within the policy's load time-out.
    LoadTimedOut,
    /// The remote tier has not confirmed an invalidation of everything. It holds on this node.
    NotApplied,
    /// What waits for the remote tier could not be kept on disk. An invalidation that fails so holds on this node, and is
    /// sent again as long as the process lives; but it would not outlive it.
    NotDurable,
    /// Too many callers already wait for this key.
    Overloaded,
    /// The local tier's settings are unusable.
    Settings,
}

/// A failed cache operation. Cloning is cheap: one failure may serve many waiters.
///
/// Faults of the remote tier are no errors of a read: the cache goes on without it.
///
/// ```
/// use tenantcache::{Cache, Endpoint, ErrorKind, Loaded, TenantId};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::builder().build()?;
/// let tenant = cache.tenant(&TenantId::new("tenant-001")?);
/// let answer = tenant
///     .entry(&Endpoint::new("products")?)
///     .get_or_load(async |_| Err::<Loaded, _>("the origin is down"))
///     .await;
/// assert_eq!(answer.unwrap_err().kind(), ErrorKind::LoadFailed);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn with_source(kind: ErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            source: Some(Arc::from(source.into())),
        }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ErrorKind::ForeignKey => "the key belongs to another tenant",
            ErrorKind::InvalidKey => "the key is not valid",
            ErrorKind::LoadFailed => "the load failed",
            ErrorKind::LoadPanicked => "the load panicked",
            ErrorKind::LoadTimedOut => "the load timed out",
            ErrorKind::NotApplied => "the remote tier has not confirmed the invalidation",
            ErrorKind::NotDurable => "the queue of invalidations could not be kept on disk",
            ErrorKind::Overloaded => "too many callers wait for this key",
            ErrorKind::Settings => "the settings of the cache are not usable",
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
