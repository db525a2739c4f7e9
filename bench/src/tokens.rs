//! Tenants and their tokens.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

/// The HS256 secret of every token here, and of the service that is measured.
pub const SECRET: &str = "a secret of the benchmark, at least 32 bytes";
/// The year 2100: no run outlives its tokens.
const EXPIRES: u64 = 4_102_444_800;

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    tenant_id: &'a str,
    email: &'a str,
    exp: u64,
    scope: &'a str,
}

/// The name of the tenant with that number.
#[must_use]
pub fn tenant(number: usize) -> String {
    format!("tenant-{number:06}")
}

/// A token of a tenant's seller, signed with `secret`.
///
/// # Errors
///
/// If it cannot be signed.
pub fn token(tenant: &str, secret: &str) -> anyhow::Result<String> {
    let claims = Claims {
        sub: "seller@example.org",
        tenant_id: tenant,
        email: "seller@example.org",
        exp: EXPIRES,
        scope: "",
    };
    let key = EncodingKey::from_secret(secret.as_bytes());
    Ok(jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &claims,
        &key,
    )?)
}
