use thiserror::Error;

/// Why a request is not authenticated. The texts are safe to show to the caller.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum AuthError {
    /// No `Authorization` header.
    #[error("a bearer token is required")]
    Missing,
    /// Another scheme than `Bearer`, several headers, or no token in it.
    #[error("the Authorization header is not a bearer token")]
    Malformed,
    /// Above 8 KiB.
    #[error("the token is too large")]
    TooLarge,
    /// Not three parts, not base64, not JSON, or a name that stands twice.
    #[error("the token is not well formed")]
    Unreadable,
    /// A header that brings a key, says where to fetch one, or demands what we do not do.
    #[error("the token's header holds what is not accepted")]
    Header,
    /// A `typ` of something else than an access token.
    #[error("the token is not an access token")]
    Type,
    /// Another algorithm than the keys', or none.
    #[error("the token's algorithm is not accepted")]
    Algorithm,
    /// No trusted key of that `kid`.
    #[error("the token's key is not known")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the token's signature is not valid")]
    Signature,
    /// `exp` is past.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Missing or other issuer.
    #[error("the token's issuer is not accepted")]
    Issuer,
    /// Missing, other or several audiences, or one where none is configured.
    #[error("the token's audience is not accepted")]
    Audience,
    /// A claim is missing, of the wrong type or out of its range.
    #[error("the token's claim {0} is missing or not valid")]
    Claim(&'static str),
}

impl AuthError {
    /// The value of `WWW-Authenticate` (RFC 6750 §3): without an error code if no token was sent.
    #[must_use]
    pub fn www_authenticate(self) -> String {
        match self {
            Self::Missing => "Bearer realm=\"sellerboard\"".to_owned(),
            Self::Malformed => challenge("invalid_request", self),
            _ => challenge("invalid_token", self),
        }
    }
}

fn challenge(code: &str, error: AuthError) -> String {
    format!("Bearer realm=\"sellerboard\", error=\"{code}\", error_description=\"{error}\"")
}

/// Why no [`Verifier`](super::Verifier) or token can be made from the configuration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Neither a secret nor a key set.
    #[error(
        "no key to verify tokens with; set JWT_SECRET (at least 32 random bytes, as from `openssl rand -base64 48`) or JWT_JWKS_URL"
    )]
    NoKey,
    /// Both a secret and a key set: which one a token is for must not be the token's choice.
    #[error("JWT_SECRET and JWT_JWKS_URL are both set; remove one of them")]
    TwoKeys,
    /// The secret is short enough to be guessed.
    #[error(
        "JWT_SECRET has {bytes} bytes, fewer than 32; use a longer one, as from `openssl rand -base64 48`"
    )]
    ShortSecret {
        /// The secret's length.
        bytes: usize,
    },
    /// A token cannot be signed without the secret.
    #[error(
        "JWT_SECRET is not set; set it to the secret of the service that shall accept the token"
    )]
    NoSecret,
    /// The client of the key set cannot be made.
    #[error("failed to set up the client of JWT_JWKS_URL")]
    Client(#[source] reqwest::Error),
    /// The token cannot be signed.
    #[error("failed to sign the token")]
    Sign(#[source] jsonwebtoken::errors::Error),
    /// The tenant is not one that a verifier accepts.
    #[error(
        "the tenant id is not valid; use 1 to 128 characters out of letters, digits and - _ . @ +"
    )]
    Tenant,
    /// The e-mail address is empty.
    #[error("the e-mail address is empty; give one with --email")]
    Email,
    /// The token would be refused for its size.
    #[error("the token has {bytes} bytes, more than the 8192 that are accepted; give fewer scopes")]
    TooLarge {
        /// The token's length.
        bytes: usize,
    },
}
