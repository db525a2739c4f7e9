//! Who is calling: JSON Web Tokens, verified before anything else looks at a request.
//!
//! The tenant and the e-mail address come from a verified token and from nowhere else. A [`Verifier`] is made from
//! the configuration and trusts exactly one kind of key: the HS256 secret, or the RS256, ES256 and EdDSA keys of one
//! key set. Which algorithm a key may be used with follows from the key; the token's header only says which of the
//! trusted keys to try.
//!
//! What is refused, besides a bad signature:
//!
//! - tokens above 8 KiB, before they are read; JSON with a name that stands twice or more than 64 names;
//! - a header that brings a key or says where to fetch one (`jwk`, `x5c`, `jku`, `x5u`), or demands something (`crit`), and
//!   a `typ` other than `JWT` and `at+jwt`;
//! - no `exp`, or an `exp` or `nbf` that is no number or is past or ahead by more than the configured leeway;
//! - with an issuer configured, any other or no `iss`;
//! - with an audience configured, any other or no `aud`; an array of audiences always, for a token that several
//!   services accept can be replayed between them; and without one configured, any `aud` at all, because RFC 7519
//!   §4.1.3 has us refuse a token that names an audience in which we do not recognise ourselves;
//! - a `tenant_id` that is not a text in the tenants' alphabet; no `email` or `sub`.
//!
//! A token that was verified is remembered ([`Verifier::recall`]), in bounded memory, until it ends or the keys change.

mod bearer;
mod claims;
mod error;
mod header;
mod jwks;
mod keys;
mod remembered;
mod sign;
mod verifier;

pub use bearer::{bearer_token, plain_bearer_token};
pub use claims::Claims;
pub use error::{AuthError, KeyError};
pub use jwks::{JwksOptions, JwksRefresh};
pub use sign::{NewToken, sign};
pub use verifier::Verifier;

#[cfg(test)]
mod tests;
