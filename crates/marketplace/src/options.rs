//! How the marketplace runs.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::webhooks::Webhook;

/// The port of [`Options::addr`] by default.
const PORT: u16 = 8001;

/// [`Options::latency`] by default: what a call over the network to a real marketplace takes.
const LATENCY: Duration = Duration::from_millis(500);

/// What [`run`](crate::run) is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Where [`listen`](crate::listen) listens. Port 0 takes a free one. Default: `127.0.0.1:8001`.
    pub addr: SocketAddr,
    /// What every business read takes before it is answered. Default: 500 ms.
    pub latency: Duration,
    /// Who is told of every write. Default: nobody.
    pub webhook: Option<Webhook>,
}

impl Options {
    /// Sets where [`listen`](crate::listen) listens. Default: `127.0.0.1:8001`.
    #[must_use]
    pub fn with_addr(mut self, addr: SocketAddr) -> Self {
        self.addr = addr;
        self
    }

    /// Sets what every business read takes before it is answered. Default: 500 ms.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Sets who is told of every write. Default: nobody.
    #[must_use]
    pub fn with_webhook(mut self, webhook: Webhook) -> Self {
        self.webhook = Some(webhook);
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)),
            latency: LATENCY,
            webhook: None,
        }
    }
}
