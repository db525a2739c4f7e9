use std::fmt;

use tenantcache_core::NameError;

use super::Event;

/// Why something is not an event: which attribute is wrong, and of which event of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventError {
    fault: Fault,
    index: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fault {
    /// One attribute, and what is wrong with it.
    Attribute(&'static str, AttributeFault),
    NotAnArray,
    NotAnObject,
    NotJson {
        line: usize,
        column: usize,
    },
    TooMany,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttributeFault {
    Absent,
    Control,
    Empty,
    Encoding,
    NotText,
    Repeated,
    TenantId(NameError),
    TooLong,
    Version,
}

impl EventError {
    /// The attribute at fault, by its CloudEvents name; `None` if the whole is no event at all.
    #[must_use]
    pub fn attribute(&self) -> Option<&'static str> {
        match self.fault {
            Fault::Attribute(name, _) => Some(name),
            _ => None,
        }
    }

    /// The place in its batch of the event at fault, counted from 0.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    pub(super) fn of_attribute(name: &'static str, fault: AttributeFault) -> Self {
        Self::new(Fault::Attribute(name, fault))
    }

    pub(super) fn not_an_array() -> Self {
        Self::new(Fault::NotAnArray)
    }

    pub(super) fn not_an_object() -> Self {
        Self::new(Fault::NotAnObject)
    }

    pub(super) fn too_many() -> Self {
        Self::new(Fault::TooMany)
    }

    pub(super) fn at(self, index: usize) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    fn new(fault: Fault) -> Self {
        Self { fault, index: None }
    }
}

/// The parser's own words may repeat what was sent, so only the place is kept.
impl From<serde_json::Error> for EventError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(Fault::NotJson {
            line: error.line(),
            column: error.column(),
        })
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.index {
            write!(f, "event {index} of the batch: ")?;
        }
        match &self.fault {
            Fault::Attribute(name, fault) => write!(f, "the attribute `{name}` {fault}"),
            Fault::NotAnArray => f.write_str("a batch must be a JSON array"),
            Fault::NotAnObject => f.write_str("an event must be a JSON object"),
            Fault::NotJson { line, column } => {
                write!(f, "not valid JSON at line {line}, column {column}")
            }
            Fault::TooMany => {
                write!(
                    f,
                    "a batch must not have more than {} events",
                    Event::BATCH_MAX
                )
            }
        }
    }
}

impl std::error::Error for EventError {}

impl fmt::Display for AttributeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("is missing"),
            Self::Control => f.write_str("must not contain control characters"),
            Self::Empty => f.write_str("must not be empty"),
            Self::Encoding => f.write_str("must be percent-encoded UTF-8"),
            Self::NotText => f.write_str("must be a text"),
            Self::Repeated => f.write_str("stands there twice"),
            Self::TenantId(error) => write!(f, "is not valid: {error}"),
            Self::TooLong => write!(
                f,
                "must not be longer than {} bytes",
                Event::ATTRIBUTE_BYTES_MAX
            ),
            Self::Version => f.write_str("must be `1.0`"),
        }
    }
}
