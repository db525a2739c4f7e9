use std::borrow::Cow;

use super::Event;
use super::error::{AttributeFault, EventError};

/// The attributes that mean something here. All others are skipped unread.
const NAMES: [&str; 6] = ["specversion", "id", "source", "type", "tenantid", "subject"];
/// What the names of attributes start with when they are headers.
const HEADER_PREFIX: &str = "ce-";

/// What was found of each attribute, in the order of [`NAMES`].
#[derive(Debug, Default)]
pub(super) struct Attributes([Option<Result<String, AttributeFault>>; NAMES.len()]);

impl Attributes {
    /// The place of an attribute, if it is one that means something.
    pub(super) fn place(name: &str) -> Option<usize> {
        NAMES.iter().position(|known| *known == name)
    }

    /// Notes a value. A second one is a fault whatever it is: two readers could take two different ones for the truth.
    pub(super) fn put(&mut self, place: usize, value: Result<String, AttributeFault>) {
        let slot = &mut self.0[place];
        *slot = Some(match slot {
            Some(_) => Err(AttributeFault::Repeated),
            None => value,
        });
    }

    pub(super) fn required(&mut self, name: &'static str) -> Result<String, EventError> {
        let found = self.optional(name)?;
        found.ok_or_else(|| EventError::of_attribute(name, AttributeFault::Absent))
    }

    pub(super) fn optional(&mut self, name: &'static str) -> Result<Option<String>, EventError> {
        let place = Self::place(name).expect("only listed attributes are asked for");
        let found = self.0[place].take().transpose();
        found.map_err(|fault| EventError::of_attribute(name, fault))
    }
}

/// A text that may be the value of an attribute.
pub(super) fn check(text: &str) -> Result<(), AttributeFault> {
    if text.is_empty() {
        Err(AttributeFault::Empty)
    } else if text.len() > Event::ATTRIBUTE_BYTES_MAX {
        Err(AttributeFault::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(AttributeFault::Control)
    } else {
        Ok(())
    }
}

pub(super) fn of_headers<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Attributes {
    let mut found = Attributes::default();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        let place = name.strip_prefix(HEADER_PREFIX).and_then(Attributes::place);
        if let Some(place) = place {
            found.put(place, of_header(value));
        }
    }
    found
}

/// Decodes a header's value: quotes first, then percent signs, once.
fn of_header(value: &[u8]) -> Result<String, AttributeFault> {
    // Decoding only shortens, by two thirds at most: what is longer than this cannot come within the limit.
    if value.len() > Event::ATTRIBUTE_BYTES_MAX * 3 + 2 {
        return Err(AttributeFault::TooLong);
    }
    let bytes = percent_decoded(&unquoted(value.trim_ascii()))?;
    let text = String::from_utf8(bytes).map_err(|_| AttributeFault::Encoding)?;
    check(&text)?;
    Ok(text)
}

/// A quoted string (RFC 9110 §5.6.4) without its quotes; anything else as it is.
fn unquoted(value: &[u8]) -> Cow<'_, [u8]> {
    let inner = value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    let Some(inner) = inner else {
        return Cow::Borrowed(value);
    };
    let mut bytes = inner.iter().copied();
    let mut plain = Vec::with_capacity(inner.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => bytes.next().unwrap_or(b'\\'),
            byte => byte,
        });
    }
    Cow::Owned(plain)
}

fn percent_decoded(value: &[u8]) -> Result<Vec<u8>, AttributeFault> {
    let digit = |byte: Option<u8>| {
        let digit = char::from(byte?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    let mut bytes = value.iter().copied();
    let mut decoded = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        match (digit(bytes.next()), digit(bytes.next())) {
            (Some(high), Some(low)) => decoded.push(high << 4 | low),
            _ => return Err(AttributeFault::Encoding),
        }
    }
    Ok(decoded)
}
