use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use tenantcache_core::TenantId;

use super::error::AuthError;

const NAMES_COUNT_MAX: usize = 64;
const EMAIL_BYTES_MAX: usize = 320;
const SUBJECT_BYTES_MAX: usize = 255;
const SCOPES_COUNT_MAX: usize = 256;

/// What a verified token says about its bearer.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Claims {
    /// Whose data may be seen (`tenant_id`).
    pub tenant: TenantId,
    /// The person's e-mail address (`email`), 1 to 320 bytes, not otherwise checked.
    pub email: String,
    /// The person or machine (`sub`), 1 to 255 bytes.
    pub subject: String,
    /// What else is allowed (`scope`, separated by spaces), at most 256.
    pub scopes: Vec<String>,
    /// When the token ends (`exp`).
    pub expires_at: SystemTime,
}

impl Claims {
    /// Whether the token grants `scope`.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    pub(super) fn from_verified(claims: &UniqueObject) -> Result<Self, AuthError> {
        let tenant = claims.text("tenant_id", usize::MAX)?;
        let tenant = TenantId::new(tenant).map_err(|_| AuthError::Claim("tenant_id"))?;
        Ok(Self {
            tenant,
            email: claims.text("email", EMAIL_BYTES_MAX)?.to_owned(),
            subject: claims.text("sub", SUBJECT_BYTES_MAX)?.to_owned(),
            scopes: claims.scopes()?,
            expires_at: claims.expires_at()?,
        })
    }
}

/// The claims or the header of a token by name. Reading fails if a name stands twice: two readers could see two different
/// tenants.
#[derive(Debug)]
pub(super) struct UniqueObject(BTreeMap<String, Value>);

impl UniqueObject {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    fn text(&self, name: &'static str, bytes_max: usize) -> Result<&str, AuthError> {
        match self.0.get(name) {
            Some(Value::String(text)) if !text.is_empty() && text.len() <= bytes_max => Ok(text),
            _ => Err(AuthError::Claim(name)),
        }
    }

    /// The single audience, if the token names one.
    pub(super) fn audience_is_single(&self) -> bool {
        matches!(self.0.get("aud"), None | Some(Value::String(_)))
    }

    /// Whether the issuer is absent or a text; an array of issuers is nothing that RFC 7519 knows.
    pub(super) fn issuer_is_single(&self) -> bool {
        matches!(self.0.get("iss"), None | Some(Value::String(_)))
    }

    /// `null` would pass for absent.
    pub(super) fn not_before_is_number(&self) -> bool {
        matches!(self.0.get("nbf"), None | Some(Value::Number(_)))
    }

    fn scopes(&self) -> Result<Vec<String>, AuthError> {
        let scopes = match self.0.get("scope") {
            None => return Ok(Vec::new()),
            Some(Value::String(text)) => text.split_ascii_whitespace(),
            Some(_) => return Err(AuthError::Claim("scope")),
        };
        let scopes: Vec<String> = scopes.map(str::to_owned).collect();
        if scopes.len() > SCOPES_COUNT_MAX {
            return Err(AuthError::Claim("scope"));
        }
        Ok(scopes)
    }

    /// RFC 7519 allows fractions of a second; they are cut off, which ends the token earlier, not later.
    fn expires_at(&self) -> Result<SystemTime, AuthError> {
        let number = self.0.get("exp").and_then(Value::as_number);
        let seconds = number.and_then(|number| {
            let whole = number.as_u64();
            whole.or_else(|| {
                let fraction = Duration::try_from_secs_f64(number.as_f64()?).ok()?;
                Some(fraction.as_secs())
            })
        });
        seconds
            .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
            .ok_or(AuthError::Claim("exp"))
    }
}

impl<'de> Deserialize<'de> for UniqueObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UniqueVisitor;

        impl<'de> Visitor<'de> for UniqueVisitor {
            type Value = UniqueObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object without repeated names")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<UniqueObject, M::Error> {
                let mut claims = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if claims.insert(name, value).is_some() {
                        return Err(M::Error::custom("repeated name"));
                    }
                    if claims.len() > NAMES_COUNT_MAX {
                        return Err(M::Error::custom("too many names"));
                    }
                }
                Ok(UniqueObject(claims))
            }
        }

        deserializer.deserialize_map(UniqueVisitor)
    }
}
