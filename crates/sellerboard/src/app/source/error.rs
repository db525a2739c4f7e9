use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use tenantcache::Unavailable;

use crate::http::Problem;

/// Why a source has no answer. Its text is for the log; [`SourceError::problem`] is what the client sees.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("the source wants no request of this tenant yet")]
    Backoff(#[source] Unavailable),
    #[error("the source's answer broke off")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the source cannot take the request now")]
    Busy {
        status: u16,
        #[source]
        retry: Option<Unavailable>,
    },
    #[error("too many large answers are being read")]
    Crowded,
    #[error("the source's answer is another tenant's")]
    Foreign,
    #[error("the source refused the parameter {name}")]
    Parameter { name: String },
    #[error("the source answered with status {status}")]
    Status { status: u16 },
    #[error("the source did not answer in time")]
    TimedOut,
    #[error("the source's answer is larger than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
    #[error("the source cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the source's answer cannot be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the source fails, and is not asked")]
    Withheld(#[source] Unavailable),
}

impl SourceError {
    /// Whether the source is at fault as a whole. An answer that is wrong is the fault of one request, so that one
    /// tenant's data cannot cut off the others.
    pub(super) fn is_failure(&self) -> bool {
        match self {
            Self::Broken(_) | Self::TimedOut | Self::Unreachable(_) => true,
            Self::Busy { status, .. } | Self::Status { status } => *status >= 500,
            Self::Backoff(_)
            | Self::Crowded
            | Self::Foreign
            | Self::Parameter { .. }
            | Self::TooLarge { .. }
            | Self::Unreadable(_)
            | Self::Withheld(_) => false,
        }
    }

    /// Whether the source has not answered at all, or what stands before it could not reach it, so that asking once more
    /// may help.
    pub(super) fn is_without_answer(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Status { status } => *status == StatusCode::BAD_GATEWAY,
            _ => false,
        }
    }

    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::Backoff(retry) => busy(Some(retry)),
            Self::Busy { retry, .. } => busy(retry.as_ref()),
            Self::Crowded => Problem::unavailable("too many large answers are being read"),
            Self::Withheld(retry) => {
                let detail = "the source of the data is failing; it is asked again in a moment";
                unavailable(detail, retry.retry_after())
            }
            Self::Parameter { name } => Problem::invalid_parameter(name, "a value the shop knows"),
            Self::TimedOut => Problem::origin_timeout(),
            Self::Broken(_)
            | Self::Foreign
            | Self::Status { .. }
            | Self::TooLarge { .. }
            | Self::Unreachable(_)
            | Self::Unreadable(_) => Problem::origin_failed(),
        }
    }
}

/// 503, with the whole seconds after which to come again.
pub(in super::super) fn unavailable(detail: &str, retry_after: Duration) -> Problem {
    let whole = u64::from(retry_after.subsec_nanos() > 0);
    let seconds = (retry_after.as_secs() + whole).clamp(1, 3_600);
    Problem::unavailable(detail).with_header(RETRY_AFTER, seconds.into())
}

fn busy(retry: Option<&Unavailable>) -> Problem {
    let wait = retry.map_or(Duration::ZERO, Unavailable::retry_after);
    unavailable("the source of the data is busy", wait)
}
