use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use tenantcache_core::TenantId;

use super::error::KeyError;
use super::verifier::{TOKEN_BYTES_MAX, checked_secret};
use crate::config::AuthSettings;

/// What a token to be signed shall say.
#[derive(Clone, Debug)]
#[must_use]
pub struct NewToken {
    tenant: String,
    email: String,
    scopes: Vec<String>,
    ttl: Duration,
}

impl NewToken {
    /// A token of one tenant's person, without scopes, for one hour.
    pub fn new(tenant: impl Into<String>, email: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            email: email.into(),
            scopes: Vec::new(),
            ttl: Duration::from_secs(3600),
        }
    }

    /// What the bearer may do besides reading. Default: nothing.
    pub fn with_scopes(mut self, scopes: Vec<String>) -> Self {
        self.scopes = scopes;
        self
    }

    /// How long the token is valid, from now, in whole seconds. Default: 1 hour.
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }
}

/// Signs a token at the time `now` with the HS256 secret of `settings`, with their issuer and audience, so that a
/// [`Verifier`](super::Verifier) of the same settings accepts it. The e-mail address is the subject too.
///
/// # Errors
///
/// If there is no secret or it has fewer than 32 bytes, the tenant id or the e-mail address is not valid, or the token
/// would be too large.
pub fn sign(
    settings: &AuthSettings,
    token: &NewToken,
    now: SystemTime,
) -> Result<String, KeyError> {
    let secret = settings.secret.as_ref().ok_or(KeyError::NoSecret)?;
    let secret = checked_secret(secret)?;
    TenantId::new(&token.tenant).map_err(|_| KeyError::Tenant)?;
    if token.email.is_empty() {
        return Err(KeyError::Email);
    }
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let claims = SignedClaims {
        sub: &token.email,
        tenant_id: &token.tenant,
        email: &token.email,
        iat: now.as_secs(),
        exp: (now + token.ttl).as_secs(),
        scope: (!token.scopes.is_empty()).then(|| token.scopes.join(" ")),
        iss: settings.issuer.as_deref(),
        aud: settings.audience.as_deref(),
    };
    let header = Header::new(Algorithm::HS256);
    let signed = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret))
        .map_err(KeyError::Sign)?;
    if signed.len() > TOKEN_BYTES_MAX {
        return Err(KeyError::TooLarge {
            bytes: signed.len(),
        });
    }
    Ok(signed)
}

#[derive(Serialize)]
struct SignedClaims<'a> {
    sub: &'a str,
    tenant_id: &'a str,
    email: &'a str,
    iat: u64,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
}
