//! The one error of the crate.

use std::{io, net::SocketAddr};

/// Why the marketplace cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be listened on: taken, not ours, or not permitted.
    #[error("failed to listen on {addr}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Accepting connections failed.
    #[error("failed to serve")]
    Serve(#[source] io::Error),
}
