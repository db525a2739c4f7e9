use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tenantcache_core::{Key, Tag, Tags};

use crate::error::BoxError;
use crate::{Error, ErrorKind};

/// What a loader found, and how it wants it kept.
///
/// ```
/// use std::time::Duration;
/// use tenantcache::{Loaded, Tag};
/// let loaded = Loaded::new("{\"price\":\"9.99\"}")
///     .with_content_type("application/json")
///     .with_tags([Tag::new("product:123")?])
///     .with_ttl(Duration::from_secs(30));
/// # let _ = loaded; Ok::<(), tenantcache::NameError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Loaded {
    pub(crate) body: Bytes,
    pub(crate) content_type: String,
    pub(crate) tags: Tags,
    pub(crate) ttl: Option<Duration>,
    pub(crate) negative: bool,
    pub(crate) store: bool,
}

impl Loaded {
    /// A value, of type `application/octet-stream`, without tags, kept as the endpoint's policy says.
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            content_type: "application/octet-stream".to_owned(),
            tags: Tags::none(),
            ttl: None,
            negative: false,
            store: true,
        }
    }

    /// A value serialised as JSON, of type `application/json`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LoadFailed`] if the value cannot be serialised.
    pub fn json(value: &impl serde::Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(value)
            .map_err(|error| Error::with_source(ErrorKind::LoadFailed, error))?;
        Ok(Self::new(body).with_content_type("application/json"))
    }

    /// "There is no such thing": a negative entry, kept for the policy's negative TTL.
    pub fn missing() -> Self {
        Self {
            negative: true,
            ..Self::new(Bytes::new())
        }
    }

    /// The value's media type, at most 255 bytes.
    pub fn with_content_type(mut self, content_type: &str) -> Self {
        content_type.clone_into(&mut self.content_type);
        self
    }

    /// Tags that the value shows to belong to it, beside those of the request. More than 255 in all count as unknown
    /// tags: then any invalidation of the tenant covers the entry.
    pub fn with_tags(mut self, tags: impl IntoIterator<Item = Tag>) -> Self {
        self.tags = match self.tags {
            Tags::Known(known) => known.iter().cloned().chain(tags).collect(),
            Tags::Unknown => Tags::Unknown,
        };
        self
    }

    /// Says that not all tags of this value are known: any invalidation of the tenant covers it.
    pub fn with_unknown_tags(mut self) -> Self {
        self.tags = Tags::Unknown;
        self
    }

    /// The soft TTL of this value, instead of the policy's. At most 30 days.
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Hands the value out, but stores it in no tier.
    pub fn do_not_store(mut self) -> Self {
        self.store = false;
        self
    }
}

/// What a loader is told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadContext {
    /// The key that is loaded.
    pub key: Key,
}

/// A loader without its type: what a flight holds.
pub(crate) type BoxLoader =
    Box<dyn FnOnce(LoadContext) -> BoxFuture<'static, Result<Loaded, BoxError>> + Send>;

pub(crate) fn box_loader<L, F, E>(loader: L) -> BoxLoader
where
    L: FnOnce(LoadContext) -> F + Send + 'static,
    F: Future<Output = Result<Loaded, E>> + Send + 'static,
    E: Into<BoxError>,
{
    Box::new(move |context| {
        let load = loader(context);
        Box::pin(async move { load.await.map_err(Into::into) })
    })
}
