//! Where events go.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::Url;

use super::signature::Signer;
use crate::error::Error;

/// [`Webhook::with_timeout`] by default.
const TIMEOUT: Duration = Duration::from_secs(5);

/// [`Webhook::with_backoff`] by default.
const BACKOFF: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(5);

/// What Standard Webhooks asks of a key.
const KEY_BYTES_MIN: usize = 24;

/// A receiver of events, and the key that they are signed with.
#[derive(Clone)]
pub struct Webhook {
    pub(super) url: Url,
    pub(super) signer: Signer,
    pub(super) timeout: Duration,
    pub(super) backoff: RangeInclusive<Duration>,
}

impl Webhook {
    /// A receiver at `url`, which is `http://…` or `https://…`. `key` is the secret's bytes, decoded
    /// from its base64: at least 24.
    ///
    /// # Errors
    ///
    /// [`Error::WebhookUrl`] or [`Error::WebhookKey`] for others.
    pub fn new(url: &str, key: &[u8]) -> Result<Self, Error> {
        let url = Url::parse(url)
            .ok()
            .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
            .ok_or(Error::WebhookUrl)?;
        if key.len() < KEY_BYTES_MIN {
            return Err(Error::WebhookKey);
        }
        Ok(Self {
            url,
            signer: Signer::new(key),
            timeout: TIMEOUT,
            backoff: BACKOFF,
        })
    }

    /// Sets how long one attempt may take, from connecting to the end of the answer. Default: 5 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long a tenant waits after a failed attempt: the least at first, then twice as long
    /// each time up to the most, less a random part. Default: 100 ms to 5 s.
    #[must_use]
    pub fn with_backoff(mut self, backoff: RangeInclusive<Duration>) -> Self {
        self.backoff = backoff;
        self
    }

    /// The receiver without what may be secret in its URL.
    pub(super) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether the receiver is on this machine, where no proxy leads.
    pub(super) fn is_local(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the key nor a password or token in the URL.
        f.debug_struct("Webhook")
            .field("receiver", &self.origin())
            .field("timeout", &self.timeout)
            .field("backoff", &self.backoff)
            .finish_non_exhaustive()
    }
}
