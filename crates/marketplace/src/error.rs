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
    /// The client that sends webhooks could not be set up.
    #[error("failed to set up the client for webhooks")]
    WebhookClient(#[source] reqwest::Error),
    /// The key of the webhooks' signatures is too short.
    #[error("failed to use the key of the webhooks: it has fewer than 24 bytes")]
    WebhookKey,
    /// The receiver's URL is not one of HTTP.
    #[error("failed to use the URL of the webhooks: expected http:// or https:// and a host")]
    WebhookUrl,
}
