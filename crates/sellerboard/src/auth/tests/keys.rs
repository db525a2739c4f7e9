//! Key pairs of the tests, made anew in each run, and what a key set makes of documents.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};

use super::super::keys::{BadKeySet, KeySet};
use super::*;

/// A key pair that signs tokens with a `kid`.
pub(super) enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl Pair {
    pub(super) fn ec() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(super) fn ed() -> Self {
        Self::Ed(Ed25519KeyPair::generate().unwrap())
    }

    pub(super) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn alg(&self) -> &'static str {
        match self {
            Self::Ec(_) => "ES256",
            Self::Ed(_) => "EdDSA",
            Self::Rsa(_) => "RS256",
        }
    }

    pub(super) fn jwk(&self, kid: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ec(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig",
                    "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            Self::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "kid": kid,
                "x": text(pair.public_key().as_ref())}),
            Self::Rsa(pair) => {
                let public = pair.public_key();
                let modulus = public.modulus().big_endian_without_leading_zero();
                let exponent = public.exponent().big_endian_without_leading_zero();
                json!({"kty": "RSA", "kid": kid, "alg": "RS256", "n": text(modulus), "e": text(exponent)})
            }
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    pub(super) fn token(&self, kid: &str) -> String {
        let header = json!({"alg": self.alg(), "kid": kid}).to_string();
        token(&header, &claims().to_string(), |message| self.sign(message))
    }
}

fn parse(keys: &Value) -> Result<usize, BadKeySet> {
    KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).map(|set| set.len())
}

#[test]
fn keys_of_the_three_kinds_are_taken_and_others_skipped() {
    let mut other_use = Pair::ed().jwk("enc");
    other_use["use"] = json!("enc");
    let mut other_algorithm = Pair::rsa().jwk("ps");
    other_algorithm["alg"] = json!("PS256");
    let mut other_operations = Pair::ec().jwk("sign");
    other_operations["key_ops"] = json!(["sign"]);
    let symmetric = json!({"kty": "oct", "kid": "oct", "alg": "HS256", "k": encode(SECRET)});
    let short = json!({"kty": "RSA", "kid": "short", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode([0xff; 128])});
    let curve = json!({"kty": "EC", "crv": "P-384", "kid": "p384", "x": "AA", "y": "AA"});
    let keys = json!([
        Pair::ec().jwk("a"),
        Pair::ed().jwk("b"),
        Pair::rsa().jwk("c"),
        other_use,
        other_algorithm,
        other_operations,
        symmetric,
        short,
        curve,
        {"kty": "unheard-of"},
        "text"
    ]);
    assert_eq!(parse(&keys), Ok(3));
}

#[test]
fn a_document_without_usable_keys_is_refused() {
    assert_eq!(parse(&json!([])), Err(BadKeySet::Unusable));
    let symmetric = json!([{"kty": "oct", "kid": "a", "k": encode(SECRET)}]);
    assert_eq!(parse(&symmetric), Err(BadKeySet::Unusable));
    let twice = json!([Pair::ed().jwk("a"), Pair::ed().jwk("a")]);
    assert_eq!(parse(&twice), Err(BadKeySet::Unusable));
    for text in ["", "null", "{}", "[]", "<html>"] {
        assert_eq!(
            KeySet::parse(text.as_bytes()).err(),
            Some(BadKeySet::Unreadable)
        );
    }
}
