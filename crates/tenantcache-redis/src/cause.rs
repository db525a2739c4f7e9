//! What an error of the client says about the server.

use redis::{ErrorKind, RedisError};
use tenantcache::remote::HealthCause;

/// Why a server whose command or connection ended so is not well.
pub(crate) fn of(error: &RedisError) -> HealthCause {
    match error.kind() {
        ErrorKind::AuthenticationFailed => HealthCause::AccessDenied,
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType | ErrorKind::RESP3NotSupported => {
            HealthCause::Garbled
        }
        _ if error.is_timeout() => HealthCause::Silent,
        ErrorKind::Io => HealthCause::Unreachable,
        _ => of_reply(error),
    }
}

/// Whether the connection cannot be used any more.
pub(crate) fn is_broken(error: &RedisError) -> bool {
    error.is_connection_dropped() || error.is_io_error() || matches!(error.kind(), ErrorKind::Parse)
}

fn of_reply(error: &RedisError) -> HealthCause {
    match error.code() {
        Some("NOAUTH" | "WRONGPASS") => HealthCause::AccessDenied,
        Some("BUSY" | "CLUSTERDOWN" | "LOADING" | "MASTERDOWN" | "TRYAGAIN") => {
            HealthCause::NotReady
        }
        Some("READONLY") => HealthCause::Unfit,
        Some("MISCONF" | "NOREPLICAS" | "OOM") => HealthCause::WritesRefused,
        Some("ERR") if is_crowded(error) => HealthCause::Crowded,
        _ => HealthCause::Refusing,
    }
}

fn is_crowded(error: &RedisError) -> bool {
    error
        .detail()
        .is_some_and(|detail| detail.contains("max number of clients"))
}
