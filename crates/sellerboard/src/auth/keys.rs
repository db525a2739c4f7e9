use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

/// RSA keys below 2048 bits are not trusted (RFC 7518 §3.3).
const RSA_MODULUS_BYTES_MIN: usize = 256;
/// A larger modulus than 8192 bits would make each verification expensive.
const RSA_MODULUS_BYTES_MAX: usize = 1024;
const KEYS_COUNT_MAX: usize = 64;

/// A public key and the one algorithm that it may be used with.
#[derive(Clone)]
pub(super) struct VerifyingKey {
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// The usable keys of one key set.
#[derive(Clone, Debug, Default)]
pub(super) struct KeySet {
    keys: Vec<VerifyingKey>,
}

/// Why a fetched document is no key set that can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BadKeySet {
    /// Not the JSON of a key set.
    Unreadable,
    /// It holds no public key of a kind we take, or two of one id.
    Unusable,
}

impl KeySet {
    /// Takes the RSA, P-256 and Ed25519 signature keys of a document and skips all others, symmetric keys above all:
    /// in a public document they are known to everybody.
    pub(super) fn parse(document: &[u8]) -> Result<Self, BadKeySet> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<serde_json::Value>,
        }

        let document: Document =
            serde_json::from_slice(document).map_err(|_| BadKeySet::Unreadable)?;
        let keys: Vec<VerifyingKey> = document
            .keys
            .into_iter()
            .take(KEYS_COUNT_MAX)
            .filter_map(|value| VerifyingKey::from_jwk(&serde_json::from_value(value).ok()?))
            .collect();
        let repeated = keys.iter().enumerate().any(|(index, key)| {
            let earlier = &keys[..index];
            earlier.iter().any(|other| other.id == key.id)
        });
        if keys.is_empty() || repeated {
            return Err(BadKeySet::Unusable);
        }
        Ok(Self { keys })
    }

    /// The key of that id; a token without an id fits only a set of one key.
    pub(super) fn find(&self, id: Option<&str>) -> Option<&VerifyingKey> {
        match id {
            Some(id) => self.keys.iter().find(|key| key.id.as_deref() == Some(id)),
            None if self.keys.len() == 1 => self.keys.first(),
            None => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

impl VerifyingKey {
    fn from_jwk(jwk: &Jwk) -> Option<Self> {
        if !matches!(
            jwk.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        ) {
            return None;
        }
        let operations = jwk.common.key_operations.as_ref();
        if operations.is_some_and(|allowed| !allowed.contains(&KeyOperations::Verify)) {
            return None;
        }
        let (algorithm, declared) = match &jwk.algorithm {
            AlgorithmParameters::RSA(parameters) => {
                let modulus = URL_SAFE_NO_PAD.decode(&parameters.n).ok()?;
                let bytes = modulus.iter().skip_while(|byte| **byte == 0).count();
                if !(RSA_MODULUS_BYTES_MIN..=RSA_MODULUS_BYTES_MAX).contains(&bytes) {
                    return None;
                }
                (Algorithm::RS256, KeyAlgorithm::RS256)
            }
            AlgorithmParameters::EllipticCurve(parameters)
                if parameters.curve == EllipticCurve::P256 =>
            {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(parameters)
                if parameters.curve == EllipticCurve::Ed25519 =>
            {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            _ => return None,
        };
        if jwk
            .common
            .key_algorithm
            .is_some_and(|stated| stated != declared)
        {
            return None;
        }
        Some(Self {
            id: jwk.common.key_id.clone(),
            algorithm,
            key: DecodingKey::from_jwk(jwk).ok()?,
        })
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
