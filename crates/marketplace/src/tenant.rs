//! Whose data a request is about.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::problem::Problem;

/// The header that names the tenant.
const HEADER: &str = "x-tenant-id";
const BYTES_MAX: usize = 128;

/// The tenant that the caller names: 1 to 128 bytes of `A–Z a–z 0–9 - _ . @ +`.
#[derive(Clone, Debug)]
pub(crate) struct Tenant(String);

impl Tenant {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte);
        let is_valid = (1..=BYTES_MAX).contains(&text.len()) && text.bytes().all(is_allowed);
        is_valid.then(|| Self(text.to_owned()))
    }
}

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(Problem::invalid("X-Tenant-Id", "expected this header once"));
        };
        value.to_str().ok().and_then(Self::parse).ok_or_else(|| {
            Problem::invalid("X-Tenant-Id", "expected 1 to 128 of A-Z a-z 0-9 - _ . @ +")
        })
    }
}
