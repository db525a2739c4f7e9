use std::time::Duration;

use crate::http::Problem;

/// Why a source has no answer. Its text is for the log; [`SourceError::problem`] is what the client sees.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("the source answered with status {status}")]
    Status { status: u16 },
    #[error("the source cannot take the request now")]
    Busy { retry_after: Option<Duration> },
    #[error("the source refused the parameter {name}")]
    Parameter { name: String },
    #[error("the source did not answer in time")]
    TimedOut,
    #[error("the source cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the source's answer cannot be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the source's answer is larger than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
}

impl SourceError {
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::Busy { retry_after } => {
                let seconds = retry_after.map_or(1, |wait| wait.as_secs().clamp(1, 3_600));
                Problem::unavailable("the source of the data is busy")
                    .with_header(axum::http::header::RETRY_AFTER, seconds.into())
            }
            Self::Parameter { name } => Problem::invalid_parameter(name, "a value the shop knows"),
            Self::TimedOut => Problem::origin_timeout(),
            Self::Status { .. }
            | Self::Unreachable(_)
            | Self::Unreadable(_)
            | Self::TooLarge { .. } => Problem::origin_failed(),
        }
    }
}
