use std::fmt;
use std::str::FromStr;

use tenantcache_core::Tag;

use super::Event;
use super::rules::RuleError;

/// What stands for the event's subject.
const SUBJECT: &str = "{subject}";

/// A tag, or one that an event's subject completes, such as `product:{subject}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagTemplate(String);

impl TagTemplate {
    /// Parses a template: the text of a [`Tag`], in which `{subject}` stands for the event's subject. Other braces are
    /// refused, so that nothing is mistaken for a placeholder that is none.
    ///
    /// # Errors
    ///
    /// [`RuleError`] if it can never become a tag, or has other braces.
    pub fn new(template: &str) -> Result<Self, RuleError> {
        let literal = template.replace(SUBJECT, "");
        if literal.contains(['{', '}']) {
            return Err(RuleError::Placeholder(template.to_owned()));
        }
        // The shortest subject has one byte.
        Tag::new(&template.replace(SUBJECT, "s")).map_err(RuleError::Tag)?;
        Ok(Self(template.to_owned()))
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag that `event` makes of it; `None` if the subject is missing or too long for a tag.
    #[must_use]
    pub fn tag(&self, event: &Event) -> Option<Tag> {
        if !self.0.contains(SUBJECT) {
            return Tag::new(&self.0).ok();
        }
        Tag::new(&self.0.replace(SUBJECT, event.subject()?)).ok()
    }
}

impl FromStr for TagTemplate {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        Self::new(text)
    }
}

impl fmt::Display for TagTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
