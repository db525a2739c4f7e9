use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::value::StrDeserializer;

use crate::http::Problem;

/// The longest text a parameter may have, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 128;

/// The query parameters of a request. Unknown ones are ignored; a known one that stands twice is refused.
#[derive(Debug)]
pub(super) struct Params<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

impl<'q> Params<'q> {
    pub(super) fn of(uri: &'q Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).collect())
    }

    /// A whole number within `range`, or `default` when it is absent.
    pub(super) fn number(
        &self,
        name: &str,
        range: RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, Problem> {
        let Some(text) = self.one(name)? else {
            return Ok(default);
        };
        let number = if text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse().ok()
        } else {
            None
        };
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                Problem::invalid_parameter(name, &expected)
            })
    }

    /// One of a few words, or the default when it is absent; `expected` names them to people.
    pub(super) fn choice<'p, T: Default + Deserialize<'p>>(
        &'p self,
        name: &str,
        expected: &str,
    ) -> Result<T, Problem> {
        let Some(text) = self.one(name)? else {
            return Ok(T::default());
        };
        let word = StrDeserializer::<serde::de::value::Error>::new(text);
        T::deserialize(word).map_err(|_| Problem::invalid_parameter(name, expected))
    }

    /// A text of 1 to `bytes_max` bytes without control characters, if there is one.
    pub(super) fn text(&self, name: &str, bytes_max: usize) -> Result<Option<&str>, Problem> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        if text.is_empty() || text.len() > bytes_max || text.chars().any(char::is_control) {
            let expected = format!("1 to {bytes_max} bytes without control characters");
            return Err(Problem::invalid_parameter(name, &expected));
        }
        Ok(Some(text))
    }

    fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self
            .0
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value);
        let first = values.next();
        if values.next().is_some() {
            return Err(Problem::invalid_parameter(name, "this parameter once"));
        }
        Ok(first.map(|value| &**value))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params<'static> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let pairs = Params::of(&parts.uri).0.into_iter();
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Ok(Self(
            pairs
                .map(|(name, value)| (owned(name), owned(value)))
                .collect(),
        ))
    }
}
