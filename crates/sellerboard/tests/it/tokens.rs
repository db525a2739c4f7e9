//! Tokens of the tests' services, good and bad.

use std::time::{Duration, SystemTime};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sellerboard::auth::{NewToken, sign};
use sellerboard::config::{AuthSettings, Secret};
use serde_json::{Value, json};

/// The secret of every service that a test starts.
pub(crate) const SECRET: &str = "a secret of the tests, long enough for HS256";

/// A token of a seller.
pub(crate) fn token(tenant: &str) -> String {
    signed(NewToken::new(tenant, "ann@shop.example"))
}

/// A token that opens every tenant's cache.
pub(crate) fn admin(tenant: &str) -> String {
    scoped(tenant, &["cache:admin"])
}

/// A token with these scopes.
pub(crate) fn scoped(tenant: &str, scopes: &[&str]) -> String {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    signed(NewToken::new(tenant, "op@shop.example").with_scopes(scopes))
}

/// Good claims, for a test to spoil.
pub(crate) fn claims(tenant: &str) -> Value {
    let expires = now() + Duration::from_secs(3_600);
    let expires = expires.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    json!({
        "sub": "u-1", "tenant_id": tenant, "email": "ann@shop.example", "exp": expires.as_secs(),
    })
}

/// Signs any claims with any secret.
pub(crate) fn encode(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

fn signed(token: NewToken) -> String {
    let mut settings = AuthSettings::default();
    settings.secret = Some(Secret::new(SECRET));
    sign(&settings, &token, now()).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the service under test judges tokens by the time of day"
)]
fn now() -> SystemTime {
    SystemTime::now()
}
