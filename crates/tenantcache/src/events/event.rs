use serde::Serialize;
use tenantcache_core::TenantId;

use super::attributes::{self, Attributes};
use super::error::{AttributeFault, EventError};
use super::json;

/// The only version of CloudEvents that is read and written.
const VERSION: &str = "1.0";

/// Something that happened to one tenant's data (CloudEvents 1.0, with the extension `tenantid`).
///
/// Every attribute is a text of 1 to [`Event::ATTRIBUTE_BYTES_MAX`] bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    id: String,
    source: String,
    kind: String,
    tenant: TenantId,
    subject: Option<String>,
}

/// The event as structured-mode JSON, in the order in which people read it.
#[derive(Serialize)]
struct Written<'a> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    tenantid: &'a str,
}

impl Event {
    /// The longest value of one attribute, in bytes.
    pub const ATTRIBUTE_BYTES_MAX: usize = 1_024;
    /// The most events of one batch.
    pub const BATCH_MAX: usize = 1_000;

    /// An event of `kind` (the CloudEvents `type`, such as `product.updated`) without a subject.
    ///
    /// # Errors
    ///
    /// [`EventError`] if a text is empty, too long or has a control character.
    pub fn new(id: &str, source: &str, kind: &str, tenant: &TenantId) -> Result<Self, EventError> {
        Ok(Self {
            id: checked("id", id)?,
            source: checked("source", source)?,
            kind: checked("type", kind)?,
            tenant: tenant.clone(),
            subject: None,
        })
    }

    /// Says which thing the event is about, such as the id of a product.
    ///
    /// # Errors
    ///
    /// [`EventError`] if the subject is empty, too long or has a control character.
    pub fn with_subject(self, subject: &str) -> Result<Self, EventError> {
        Ok(Self {
            subject: Some(checked("subject", subject)?),
            ..self
        })
    }

    /// Parses structured-mode JSON (`application/cloudevents+json`). Unknown attributes and `data` are ignored; an
    /// attribute that is `null` counts as absent. Nothing larger than the input is ever held.
    ///
    /// # Errors
    ///
    /// [`EventError`] if it is not a JSON object, or if `specversion`, `id`, `source`, `type`, `tenantid` or `subject` is
    /// missing (the last may be), repeated or not valid.
    pub fn from_json(json: &[u8]) -> Result<Self, EventError> {
        Self::from_parts(json::object(json)?)
    }

    /// Parses a batch (`application/cloudevents-batch+json`): all of its events, at most [`Event::BATCH_MAX`], or none.
    ///
    /// # Errors
    ///
    /// As [`Event::from_json`], with the place of the first event at fault; or if it is not an array, or too long.
    pub fn batch_from_json(json: &[u8]) -> Result<Vec<Self>, EventError> {
        let events = json::array(json)?.into_iter().enumerate();
        events
            .map(|(index, parts)| {
                parts
                    .and_then(Self::from_parts)
                    .map_err(|error| error.at(index))
            })
            .collect()
    }

    /// Reads the headers of a binary-mode message. Only names that start with `ce-` count, in any case; their values may be
    /// quoted, and are percent-decoded once, as the HTTP binding of CloudEvents says.
    ///
    /// # Errors
    ///
    /// As [`Event::from_json`]; besides, if a value is not percent-encoded UTF-8.
    pub fn from_attributes<'a>(
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, EventError> {
        Self::from_parts(attributes::of_headers(headers))
    }

    /// The event as structured-mode JSON, which [`Event::from_json`] reads.
    #[must_use]
    pub fn to_json(&self) -> String {
        let written = Written {
            specversion: VERSION,
            id: &self.id,
            source: &self.source,
            r#type: &self.kind,
            subject: self.subject.as_deref(),
            tenantid: self.tenant.as_str(),
        };
        serde_json::to_string(&written).expect("texts can always be written as JSON")
    }

    /// What tells this event from others of its source (`id`).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it happened (`source`).
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What kind of event it is (`type`).
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Whose data it concerns (`tenantid`).
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Which thing it is about (`subject`).
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    fn from_parts(mut parts: Attributes) -> Result<Self, EventError> {
        if parts.required("specversion")? != VERSION {
            let fault = AttributeFault::Version;
            return Err(EventError::of_attribute("specversion", fault));
        }
        let tenant = TenantId::new(&parts.required("tenantid")?).map_err(|error| {
            EventError::of_attribute("tenantid", AttributeFault::TenantId(error))
        })?;
        Ok(Self {
            id: parts.required("id")?,
            source: parts.required("source")?,
            kind: parts.required("type")?,
            tenant,
            subject: parts.optional("subject")?,
        })
    }
}

fn checked(name: &'static str, text: &str) -> Result<String, EventError> {
    attributes::check(text).map_err(|fault| EventError::of_attribute(name, fault))?;
    Ok(text.to_owned())
}
