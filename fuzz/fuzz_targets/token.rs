//! Any `Authorization` header, and any token that is rightly signed, is refused or speaks for the one tenant that stands in it.

#![no_main]

use std::sync::{Arc, LazyLock};

use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use libfuzzer_sys::fuzz_target;
use sellerboard::auth::{Claims, Verifier, bearer_token};
use sellerboard::config::{AuthSettings, Secret};

const SECRET: &str = "a secret of the fuzzer, long enough for HS256";
/// `{"alg":"HS256"}`
const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9";

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let mut settings = AuthSettings::default();
    settings.secret = Some(Secret::new(SECRET));
    Verifier::new(&settings).expect("the secret is long enough")
});

fn verify(token: &str) -> Option<Arc<Claims>> {
    let verified = VERIFIER.verify(token).now_or_never();
    verified.expect("a secret needs no look-up").ok()
}

/// As base64url without padding, which is what a token is made of.
fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let padded = [
            chunk[0],
            *chunk.get(1).unwrap_or(&0),
            *chunk.get(2).unwrap_or(&0),
        ];
        let word = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        for digit in 0..=chunk.len() {
            let value = word >> (18 - 6 * digit) & 63;
            text.push(char::from(
                DIGITS[usize::try_from(value).expect("it is small")],
            ));
        }
    }
    text
}

fn signed(header: &str, claims: &[u8]) -> String {
    let message = format!("{header}.{}", encode(claims));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
    format!("{message}.{}", signature.expect("anything can be signed"))
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    match kind % 4 {
        // Nobody without the secret is anybody.
        0 => {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(rest) {
                headers.append(AUTHORIZATION, value);
            }
            if let Ok(token) = bearer_token(&headers) {
                assert!(verify(token).is_none());
            }
        }
        1 => {
            if let Ok(token) = std::str::from_utf8(rest) {
                assert!(verify(token).is_none());
            }
        }
        // Any header, and sound claims.
        2 => {
            let claims = br#"{"sub":"u","tenant_id":"t","email":"a@b","exp":4102444800}"#;
            if let Some(claims) = verify(&signed(&encode(rest), claims)) {
                assert_eq!(claims.tenant.as_str(), "t");
            }
        }
        // Any claims.
        _ => {
            let Some(claims) = verify(&signed(HEADER, rest)) else {
                return;
            };
            let document: serde_json::Value =
                serde_json::from_slice(rest).expect("what was verified is JSON");
            assert_eq!(document["tenant_id"], claims.tenant.as_str());
            let quoted = format!("\"tenant_id\"");
            let named = std::str::from_utf8(rest).expect("JSON is text");
            assert!(named.matches(&quoted).count() <= 1 || named.contains("\\"));
        }
    }
});
