use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Any error a loader may give.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A loader asked for the key that it is loading, and would have waited for itself.
    Deadlock,
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
    /// Too many loads are under way, or too many callers wait for this key. [`Error::retry_after`] says when to try again.
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
    retry_after: Option<Duration>,
}

/// A loader's way to say that its origin cannot be asked now, and when it can: the loader's error, or any cause of it.
///
/// Until then no stale value of the key is refreshed (but for 5 min at most), and [`Error::retry_after`] hands it on.
///
/// ```
/// use std::time::Duration;
/// # use tenantcache::{Cache, Endpoint, Loaded, TenantId, Unavailable};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = Cache::builder().build()?;
/// # let tenant = cache.tenant(&TenantId::new("tenant-001")?);
/// let answer = tenant
///     .entry(&Endpoint::new("products")?)
///     .get_or_load(async |_| Err::<Loaded, _>(Unavailable::new(Duration::from_secs(7))))
///     .await;
/// assert_eq!(answer.unwrap_err().retry_after(), Some(Duration::from_secs(7)));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable {
    retry_after: Duration,
}

impl Unavailable {
    /// The origin cannot be asked for that long from now on.
    #[must_use]
    pub fn new(retry_after: Duration) -> Self {
        Self { retry_after }
    }

    /// For how long the origin cannot be asked.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.retry_after
    }

    /// What an error or one of its causes says.
    fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(unavailable) = error.downcast_ref() {
                return Some(unavailable);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not available for {:?}", self.retry_after)
    }
}

impl StdError for Unavailable {}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self {
            kind,
            source: None,
            retry_after: None,
        }
    }

    pub(crate) fn with_source(kind: ErrorKind, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        Self {
            kind,
            retry_after: Unavailable::find(&*source).map(Unavailable::retry_after),
            source: Some(Arc::from(source)),
        }
    }

    /// Too much is under way: whoever comes again should do so after that long.
    pub(crate) fn overloaded(retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(ErrorKind::Overloaded)
        }
    }

    /// When to try again, if that is known: always for [`ErrorKind::Overloaded`], and where the loader said so with
    /// [`Unavailable`].
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
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
            ErrorKind::Deadlock => "the load waits for itself",
            ErrorKind::ForeignKey => "the key belongs to another tenant",
            ErrorKind::InvalidKey => "the key is not valid",
            ErrorKind::LoadFailed => "the load failed",
            ErrorKind::LoadPanicked => "the load panicked",
            ErrorKind::LoadTimedOut => "the load timed out",
            ErrorKind::NotApplied => "the remote tier has not confirmed the invalidation",
            ErrorKind::NotDurable => "the queue of invalidations could not be kept on disk",
            ErrorKind::Overloaded => "too many loads or callers wait",
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
