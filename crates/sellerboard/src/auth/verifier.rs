use std::sync::Arc;

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, get_current_timestamp};

use super::claims::{Claims, UniqueObject};
use super::error::{AuthError, KeyError};
use super::header;
use super::jwks::{Jwks, JwksOptions, JwksRefresh};
use super::remembered::{KeysVersion, Remembered};
use crate::config::{AuthSettings, Secret};

/// No token may be longer: ours have some 300 bytes, and a header of 8 KiB is what servers usually take.
pub(super) const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Shorter HS256 secrets can be guessed from one token (RFC 7518 §3.2).
const SECRET_BYTES_MIN: usize = 32;
/// However it is configured, a token is not prolonged by more.
const LEEWAY_SECONDS_MAX: u64 = 60;

/// The version of a secret, which never changes.
const SECRET_VERSION: KeysVersion = 0;

/// Verifies tokens with the keys of the configuration. Cheap to clone; clones share the key set and what is remembered.
#[derive(Clone, Debug)]
pub struct Verifier {
    remembered: Arc<Remembered>,
    trust: Trust,
    issuer: Option<String>,
    audience: Option<String>,
    leeway_seconds: u64,
}

#[derive(Clone, Debug)]
enum Trust {
    Secret(DecodingKey),
    KeySet(Arc<Jwks>),
}

impl Verifier {
    /// Makes a verifier. A key set is fetched with the first token, or by [`refresh`](Self::refresh).
    ///
    /// # Errors
    ///
    /// If neither or both of secret and key set are configured, or the secret has fewer than 32 bytes.
    pub fn new(settings: &AuthSettings) -> Result<Self, KeyError> {
        Self::with_options(settings, JwksOptions::default())
    }

    /// As [`new`](Self::new), with other times for the key set.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_options(settings: &AuthSettings, options: JwksOptions) -> Result<Self, KeyError> {
        let trust = match (&settings.secret, &settings.jwks_url) {
            (Some(_), Some(_)) => return Err(KeyError::TwoKeys),
            (None, None) => return Err(KeyError::NoKey),
            (Some(secret), None) => {
                let secret = checked_secret(secret)?;
                Trust::Secret(DecodingKey::from_secret(secret))
            }
            (None, Some(url)) => Trust::KeySet(Arc::new(Jwks::new(url.clone(), options)?)),
        };
        Ok(Self {
            remembered: Arc::new(Remembered::new()),
            trust,
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            leeway_seconds: settings.leeway.as_secs().min(LEEWAY_SECONDS_MAX),
        })
    }

    /// Starts the background refresh of the key set, on the current tokio runtime; `None` if a secret is used.
    #[must_use = "the key set is refreshed only while the returned value lives"]
    pub fn refresh(&self) -> Option<JwksRefresh> {
        match &self.trust {
            Trust::Secret(_) => None,
            Trust::KeySet(jwks) => Some(jwks.spawn_refresh()),
        }
    }

    /// The claims of a token that was verified before and would be verified again now, if it is remembered: up to 16 MiB
    /// are, tokens and claims together. It never waits.
    #[must_use]
    pub fn recall(&self, token: &[u8]) -> Option<Arc<Claims>> {
        let keys = match &self.trust {
            Trust::Secret(_) => SECRET_VERSION,
            Trust::KeySet(jwks) => jwks.version()?,
        };
        self.remembered.find(token, keys, get_current_timestamp())
    }

    /// Verifies a token and gives its claims.
    ///
    /// With a secret it never waits. With a key set it waits, at most 5 s and at most once a minute, if the token's
    /// key is unknown.
    ///
    /// # Errors
    ///
    /// If anything about the token is not as the [module](super) says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe; a fetch that is cut off is begun anew by a later token.
    pub async fn verify(&self, token: &str) -> Result<Arc<Claims>, AuthError> {
        if let Some(claims) = self.recall(token.as_bytes()) {
            return Ok(claims);
        }
        let (claims, keys) = self.verify_anew(token).await?;
        let claims = Arc::new(claims);
        let (now, leeway) = (get_current_timestamp(), self.leeway_seconds);
        self.remembered.insert(token, &claims, keys, now, leeway);
        Ok(claims)
    }

    async fn verify_anew(&self, token: &str) -> Result<(Claims, KeysVersion), AuthError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(AuthError::TooLarge);
        }
        header::check(token)?;
        let header = jsonwebtoken::decode_header(token).map_err(refused)?;
        match &self.trust {
            Trust::Secret(key) => {
                let claims = self.check(token, key, Algorithm::HS256)?;
                Ok((claims, SECRET_VERSION))
            }
            Trust::KeySet(jwks) => {
                // Before a look-up that may fetch: a symmetric or unknown algorithm can never succeed.
                if !is_public_key_algorithm(header.alg) {
                    return Err(AuthError::Algorithm);
                }
                let (key, keys) = jwks.find(header.kid.as_deref()).await?;
                let claims = self.check(token, &key.key, key.algorithm)?;
                Ok((claims, keys))
            }
        }
    }

    fn check(
        &self,
        token: &str,
        key: &DecodingKey,
        algorithm: Algorithm,
    ) -> Result<Claims, AuthError> {
        let validation = self.validation(algorithm);
        let verified = jsonwebtoken::decode::<UniqueObject>(token, key, &validation);
        let claims = verified.map_err(refused)?.claims;
        if !claims.issuer_is_single() {
            return Err(AuthError::Issuer);
        }
        if !claims.audience_is_single() {
            return Err(AuthError::Audience);
        }
        if !claims.not_before_is_number() {
            return Err(AuthError::Claim("nbf"));
        }
        Claims::from_verified(&claims)
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = self.leeway_seconds;
        validation.validate_nbf = true;
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            validation.required_spec_claims.insert("iss".to_owned());
        }
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".to_owned());
        }
        validation
    }
}

/// The secret's bytes, if there are enough of them.
pub(super) fn checked_secret(secret: &Secret) -> Result<&[u8], KeyError> {
    let secret = secret.expose();
    if secret.len() < SECRET_BYTES_MIN {
        return Err(KeyError::ShortSecret {
            bytes: secret.len(),
        });
    }
    Ok(secret)
}

fn is_public_key_algorithm(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA
    )
}

fn refused(error: Error) -> AuthError {
    match error.kind() {
        ErrorKind::InvalidSignature => AuthError::Signature,
        ErrorKind::ExpiredSignature => AuthError::Expired,
        ErrorKind::ImmatureSignature => AuthError::NotYetValid,
        ErrorKind::InvalidIssuer => AuthError::Issuer,
        ErrorKind::InvalidAudience => AuthError::Audience,
        ErrorKind::InvalidAlgorithm
        | ErrorKind::InvalidAlgorithmName
        | ErrorKind::UnsupportedAlgorithm
        | ErrorKind::MissingAlgorithm => AuthError::Algorithm,
        ErrorKind::MissingRequiredClaim(name) | ErrorKind::InvalidClaimFormat(name) => {
            match name.as_str() {
                "aud" => AuthError::Audience,
                "iss" => AuthError::Issuer,
                "nbf" => AuthError::Claim("nbf"),
                _ => AuthError::Claim("exp"),
            }
        }
        _ => AuthError::Unreadable,
    }
}
