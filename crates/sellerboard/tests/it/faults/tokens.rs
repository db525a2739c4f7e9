//! F39 and F80 to F84: tokens that are forged, odd, swapped, heavy or no longer good, and key sets that are ill.

mod claims;
mod forged;
mod keys;
mod permissions;
mod weight;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::node::Node;
use crate::reply::Reply;
use crate::tokens::{SECRET, claims};

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of any header and payload, whatever signs it.
fn signed(header: &str, payload: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", text(header), text(payload));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", text(signature))
}

fn hmac_with(secret: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> + use<> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    move |message| hmac::sign(&key, message).as_ref().to_vec()
}

/// A token that is signed as it should be, with any payload.
fn well_signed(payload: &str) -> String {
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    signed(header, payload, hmac_with(SECRET.as_bytes()))
}

/// Good claims with one changed.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims("tenant-001");
    claims[name] = value;
    claims
}

/// Seconds since 1970, moved by `by`.
fn seconds(by: i64) -> i64 {
    let in_an_hour = claims("t")["exp"].as_i64().unwrap();
    in_an_hour - 3_600 + by
}

/// A private key whose public half a key set may hold.
struct RsaKey(RsaKeyPair);

impl RsaKey {
    fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        let signed = self
            .0
            .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
        signed.unwrap();
        signature
    }

    fn token(&self, kid: &str, claims: &Value) -> String {
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": kid}).to_string();
        signed(&header, &claims.to_string(), |message| self.sign(message))
    }

    fn jwk(&self, kid: &str) -> Value {
        let public = self.0.public_key();
        let modulus = public.modulus().big_endian_without_leading_zero();
        let exponent = public.exponent().big_endian_without_leading_zero();
        json!({"kty": "RSA", "kid": kid, "alg": "RS256", "use": "sig",
            "n": text(modulus), "e": text(exponent)})
    }

    /// Every form in which somebody may have the public key and take it for a secret.
    fn public_forms(&self) -> Vec<Vec<u8>> {
        let public = self.0.public_key();
        let der = public.as_ref().to_vec();
        let modulus = public.modulus().big_endian_without_leading_zero().to_vec();
        let lines: Vec<String> = base64::engine::general_purpose::STANDARD
            .encode(&der)
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();
        let pem = format!(
            "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
            lines.join("\n")
        );
        vec![der, modulus, pem.into_bytes()]
    }
}

async fn kpis(node: &Node, token: &str) -> Reply {
    node.get_as(token, "/dashboard/kpis").await
}

/// Checks that a token is refused as the contract says.
async fn refused(node: &Node, token: &str, what: &str) {
    let reply = kpis(node, token).await;
    assert_eq!(reply.status, 401, "{what}: {reply:?}");
    reply.problem(401, "unauthenticated");
    let challenge = reply.header("www-authenticate");
    assert!(
        challenge.starts_with("Bearer ") && challenge.contains("error="),
        "{what}: {challenge}"
    );
}
