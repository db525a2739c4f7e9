//! The header of a token (RFC 7515 §4), of which nothing is taken on trust.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::claims::UniqueObject;
use super::error::AuthError;

/// Headers that bring a key along or say where to fetch one (RFC 8725 §3.10), or demand what we do not do (RFC 7515
/// §4.1.11, RFC 7797).
const REFUSED: [&str; 6] = ["jku", "jwk", "x5u", "x5c", "crit", "b64"];
/// What a token may say it is, in any case and with or without `application/` before it: a token of ours, or an access
/// token of RFC 9068. Whatever else an issuer signs is no key to our door (RFC 8725 §3.11).
const TYPES: [&str; 2] = ["jwt", "at+jwt"];

/// Refuses a header that is no object of unique names, that holds one of [`REFUSED`], or that is of another type.
pub(super) fn check(token: &str) -> Result<(), AuthError> {
    let encoded = token.split('.').next().unwrap_or_default();
    let json = URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| AuthError::Unreadable)?;
    let header: UniqueObject = serde_json::from_slice(&json).map_err(|_| AuthError::Unreadable)?;
    if REFUSED.iter().any(|name| header.get(name).is_some()) {
        return Err(AuthError::Header);
    }
    match header.get("typ") {
        None => Ok(()),
        Some(Value::String(kind)) if is_ours(kind) => Ok(()),
        Some(_) => Err(AuthError::Type),
    }
}

fn is_ours(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    let kind = kind.strip_prefix("application/").unwrap_or(&kind);
    TYPES.contains(&kind)
}
