//! The one error of the crate.

use std::{fmt, sync::Arc};

/// What kind of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The store or a file holds something that cannot be right, such as an unknown time zone.
    Corrupt,
    /// A file is not of the expected format; nothing was written.
    Format,
    /// A value given by the caller is outside its limits; [`Error::parameter`] names it.
    InvalidParameter,
    /// The shop has no such thing.
    NotFound,
    /// The database or a file cannot be reached or used now; trying again may help.
    Unavailable,
}

/// A failure of the store, the importer or the demo generator.
///
/// Cheap to clone. `Display` is a lowercase fragment without the source, which [`source`] gives.
///
/// [`source`]: std::error::Error::source
#[derive(Clone)]
pub struct Error {
    inner: Arc<Inner>,
}

struct Inner {
    kind: ErrorKind,
    parameter: Option<String>,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The name of the offending parameter or field, for [`ErrorKind::InvalidParameter`].
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        self.inner.parameter.as_deref()
    }

    /// Whether trying the same again may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind() == ErrorKind::Unavailable
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::build(kind, None, message.into(), None)
    }

    pub(crate) fn invalid(parameter: impl Into<String>, message: impl Into<String>) -> Self {
        Self::build(
            ErrorKind::InvalidParameter,
            Some(parameter.into()),
            message.into(),
            None,
        )
    }

    pub(crate) fn with_source(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::build(kind, None, message.into(), Some(source.into()))
    }

    fn build(
        kind: ErrorKind,
        parameter: Option<String>,
        message: String,
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                kind,
                parameter,
                message,
                source,
            }),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("parameter", &self.inner.parameter)
            .field("message", &self.inner.message)
            .field("source", &self.inner.source)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner.parameter {
            Some(parameter) => write!(f, "invalid {parameter}: {}", self.inner.message),
            None => f.write_str(&self.inner.message),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let kind = match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => ErrorKind::Corrupt,
            _ => ErrorKind::Unavailable,
        };
        Self::with_source(kind, "failed to use the database", error)
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::with_source(
            ErrorKind::Unavailable,
            "failed to finish a background task",
            error,
        )
    }
}
