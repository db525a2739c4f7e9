mod attacks;
mod bearer;
mod claims;
mod jwks;
mod keys;
mod remembered;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::config::{AuthSettings, Secret};

const SECRET: &str = "a secret of the tests, long enough for HS256";

fn settings() -> AuthSettings {
    AuthSettings {
        secret: Some(Secret::new(SECRET)),
        ..AuthSettings::default()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tokens are verified against the real time"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Seconds since 1970, moved by `by`.
fn seconds(by: i64) -> i64 {
    let now = now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap() + by
}

fn claims() -> Value {
    json!({
        "sub": "u-1",
        "tenant_id": "tenant-001",
        "email": "u@shop.example",
        "exp": seconds(600),
    })
}

/// The usual claims with one changed.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

/// The usual claims without one.
fn claims_without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn encode(part: &str) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

/// A token of any header and payload, signed by `sign`.
fn token(header: &str, payload: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn hmac_with(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    move |message| hmac::sign(&key, message).as_ref().to_vec()
}

fn hs256(payload: &str) -> String {
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    token(header, payload, hmac_with(SECRET.as_bytes()))
}

async fn verify_with(settings: &AuthSettings, token: &str) -> Result<Arc<Claims>, AuthError> {
    Verifier::new(settings).unwrap().verify(token).await
}

async fn verify(token: &str) -> Result<Arc<Claims>, AuthError> {
    verify_with(&settings(), token).await
}

async fn refuse(payload: &Value, expected: AuthError) {
    assert_eq!(
        verify(&hs256(&payload.to_string())).await,
        Err(expected),
        "{payload}"
    );
}

#[tokio::test]
async fn a_good_token_gives_its_claims() {
    let payload = claims_with("scope", json!("cache:admin  events:publish"));
    let claims = verify(&hs256(&payload.to_string())).await.unwrap();
    assert_eq!(claims.tenant.as_str(), "tenant-001");
    assert_eq!(claims.email, "u@shop.example");
    assert_eq!(claims.subject, "u-1");
    assert_eq!(claims.scopes, ["cache:admin", "events:publish"]);
    assert!(claims.has_scope("cache:admin") && !claims.has_scope("cache"));
    assert!(claims.expires_at > now());
}

#[tokio::test]
async fn a_signed_token_is_verified_by_the_same_settings() {
    let mut settings = settings();
    settings.issuer = Some("https://id.example".to_owned());
    settings.audience = Some("sellerboard".to_owned());
    let new = NewToken::new("shop-uk", "a@b.example")
        .with_scopes(vec!["cache:admin".to_owned()])
        .with_ttl(Duration::from_secs(60));
    let signed = sign(&settings, &new, now()).unwrap();
    let claims = verify_with(&settings, &signed).await.unwrap();
    assert_eq!(claims.tenant.as_str(), "shop-uk");
    assert_eq!(claims.subject, "a@b.example");
    assert!(claims.has_scope("cache:admin"));
}

#[test]
fn what_cannot_be_verified_is_not_signed() {
    let check = |settings: &AuthSettings, new: &NewToken, expected: &str| {
        let error = sign(settings, new, now()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let good = NewToken::new("t", "e");
    check(&AuthSettings::default(), &good, "JWT_SECRET is not set");
    let short = AuthSettings {
        secret: Some(Secret::new("short")),
        ..AuthSettings::default()
    };
    check(&short, &good, "JWT_SECRET has 5 bytes");
    check(
        &settings(),
        &NewToken::new("a:b", "e"),
        "tenant id is not valid",
    );
    check(
        &settings(),
        &NewToken::new("t", ""),
        "e-mail address is empty",
    );
    let large = NewToken::new("t", "e").with_scopes(vec!["s".repeat(9000)]);
    check(&settings(), &large, "fewer scopes");
}

#[test]
fn a_verifier_needs_exactly_one_kind_of_key() {
    let jwks = Some("https://id.example/keys".parse().unwrap());
    let check = |settings: AuthSettings, expected: &str| {
        let error = Verifier::new(&settings).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(AuthSettings::default(), "set JWT_SECRET");
    check(
        AuthSettings {
            jwks_url: jwks,
            ..settings()
        },
        "both set",
    );
    check(
        AuthSettings {
            secret: Some(Secret::new([b'x'; 31])),
            ..AuthSettings::default()
        },
        "has 31 bytes",
    );
}
