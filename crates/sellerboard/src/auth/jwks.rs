use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use reqwest::{Client, Url, redirect};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::error::{AuthError, KeyError};
use super::keys::{KeySet, VerifyingKey};
use super::remembered::KeysVersion;
use crate::config::is_loopback;

const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// The pause after a failed fetch while there are no keys at all, when every token waits for them.
const RETRY_MIN: Duration = Duration::from_secs(1);

/// How the key set is kept up to date.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct JwksOptions {
    refresh: Duration,
    refetch_min: Duration,
    keep: Duration,
    timeout: Duration,
}

impl Default for JwksOptions {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(600),
            refetch_min: Duration::from_secs(60),
            keep: Duration::from_secs(24 * 3600),
            timeout: Duration::from_secs(5),
        }
    }
}

impl JwksOptions {
    /// How often the set is fetched in the background. Default: 10 minutes.
    pub fn with_refresh(mut self, refresh: Duration) -> Self {
        self.refresh = refresh;
        self
    }

    /// The shortest time between two fetches that unknown keys cause. Default: 1 minute.
    pub fn with_refetch_min(mut self, refetch_min: Duration) -> Self {
        self.refetch_min = refetch_min;
        self
    }

    /// How long the last good set is trusted while no newer one can be fetched. Default: 24 hours.
    pub fn with_keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// The longest time of one fetch. Default: 5 s.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// The background task that refreshes a key set; dropping it ends the task.
#[derive(Debug)]
#[must_use = "the key set is refreshed only while this lives"]
pub struct JwksRefresh(JoinHandle<()>);

impl Drop for JwksRefresh {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The keys behind one URL: fetched, bounded, and kept while the URL does not answer.
#[derive(Debug)]
pub(super) struct Jwks {
    url: Url,
    client: Client,
    options: JwksOptions,
    current: RwLock<Option<Fetched>>,
    /// When the last fetch ended, or began if it was cut off. Held during a fetch, so that requests with an unknown key
    /// wait for the one that is under way instead of each starting one.
    attempted: Mutex<Option<Instant>>,
}

#[derive(Clone, Debug)]
struct Fetched {
    keys: Arc<KeySet>,
    at: Instant,
    /// Another one for each set that was fetched.
    version: KeysVersion,
}

impl Jwks {
    pub(super) fn new(url: Url, options: JwksOptions) -> Result<Self, KeyError> {
        let mut client = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(options.timeout)
            .timeout(options.timeout);
        if is_loopback(&url) {
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build().map_err(KeyError::Client)?,
            url,
            options,
            current: RwLock::new(None),
            attempted: Mutex::new(None),
        })
    }

    /// The key of that id; an unknown one has the set fetched again, unless that was done lately.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
    ) -> Result<(VerifyingKey, KeysVersion), AuthError> {
        if let Some(key) = self.known(id) {
            return Ok(key);
        }
        let mut attempted = self.attempted.lock().await;
        // Another request may have fetched the key while this one waited.
        if let Some(key) = self.known(id) {
            return Ok(key);
        }
        let pause = if self.version().is_some() {
            self.options.refetch_min
        } else {
            self.options.refetch_min.min(RETRY_MIN)
        };
        if attempted.is_some_and(|at| at.elapsed() < pause) {
            return Err(AuthError::UnknownKey);
        }
        self.fetch(&mut attempted).await;
        self.known(id).ok_or(AuthError::UnknownKey)
    }

    /// Fetches at once, then at each interval, for as long as the future is polled.
    pub(super) async fn keep_fresh(&self) {
        loop {
            let fetched = self.fetch(&mut *self.attempted.lock().await).await;
            let pause = if fetched {
                self.options.refresh
            } else {
                self.options.refresh.min(self.options.refetch_min)
            };
            tokio::time::sleep(pause.max(RETRY_MIN)).await;
        }
    }

    pub(super) fn spawn_refresh(self: &Arc<Self>) -> JwksRefresh {
        let jwks = Arc::clone(self);
        JwksRefresh(tokio::spawn(async move { jwks.keep_fresh().await }))
    }

    /// The version of the keys that are trusted now, if there are any.
    pub(super) fn version(&self) -> Option<KeysVersion> {
        let current = self.current.read();
        let fetched = current.as_ref()?;
        (fetched.at.elapsed() <= self.options.keep).then_some(fetched.version)
    }

    fn known(&self, id: Option<&str>) -> Option<(VerifyingKey, KeysVersion)> {
        let current = self.current.read().clone()?;
        if current.at.elapsed() > self.options.keep {
            return None;
        }
        Some((current.keys.find(id)?.clone(), current.version))
    }

    /// Whether a good set came.
    async fn fetch(&self, attempted: &mut Option<Instant>) -> bool {
        let began = Instant::now();
        *attempted = Some(began);
        let downloaded = self.download().await;
        *attempted = Some(Instant::now());
        match downloaded {
            Ok(keys) => {
                tracing::debug!(keys = keys.len(), "token keys fetched");
                let mut current = self.current.write();
                let before = current.as_ref().map_or(0, |fetched| fetched.version);
                *current = Some(Fetched {
                    keys: Arc::new(keys),
                    at: began,
                    version: before + 1,
                });
                true
            }
            Err(reason) => {
                // The host alone: a URL may carry a password or a token.
                let host = self.url.host_str().unwrap_or_default();
                tracing::warn!(
                    host,
                    reason,
                    "token keys not fetched, the last ones are kept"
                );
                false
            }
        }
    }

    async fn download(&self) -> Result<KeySet, String> {
        let answer = self.client.get(self.url.clone()).send().await;
        let mut answer = answer.map_err(|error| error.without_url().to_string())?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("status {}", answer.status().as_u16()));
        }
        let mut document = Vec::new();
        loop {
            let chunk = answer.chunk().await;
            let Some(chunk) = chunk.map_err(|error| error.without_url().to_string())? else {
                break;
            };
            if document.len() + chunk.len() > DOCUMENT_BYTES_MAX {
                return Err("larger than 1 MiB".to_owned());
            }
            document.extend_from_slice(&chunk);
        }
        KeySet::parse(&document).map_err(|bad| format!("{bad:?}").to_ascii_lowercase())
    }
}
