//! The one place that reads the clock: what is written is written now.

use jiff::Timestamp;

/// The present instant.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
