//! The one place that reads the clock: a signature says when it was made.

use jiff::Timestamp;

/// The present instant.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
