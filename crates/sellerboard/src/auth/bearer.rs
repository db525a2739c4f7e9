use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::error::AuthError;

/// The token of the `Authorization: Bearer …` header (RFC 6750 §2.1; the scheme in any case).
///
/// # Errors
///
/// If the header is absent, there is more than one, its scheme is another, or it holds no token or white space in it.
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, AuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(AuthError::Missing)?;
    if values.next().is_some() {
        return Err(AuthError::Malformed);
    }
    let text = value.to_str().map_err(|_| AuthError::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(AuthError::Malformed)?;
    let token = token.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.contains([' ', ',']) {
        return Err(AuthError::Malformed);
    }
    Ok(token)
}

/// The token where it is sent in the usual way, in one header that starts with `Bearer `. Nothing else is looked at: it is
/// good for comparing it with tokens that are known.
#[must_use]
pub fn plain_bearer_token(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let token = values.next()?.as_bytes().strip_prefix(b"Bearer ")?;
    values.next().is_none().then_some(token)
}
