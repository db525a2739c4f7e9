use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use tenantcache::{Tenant, TenantId};

use super::state::AppState;
use crate::auth::{Claims, bearer_token, plain_bearer_token};
use crate::http::Problem;

/// The scope that opens other tenants' caches to an operator.
pub(super) const SCOPE_ADMIN: &str = "cache:admin";

/// Who sent the request, by a verified token and by nothing else.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    claims: Arc<Claims>,
}

impl Caller {
    /// The caller's tenant.
    pub(super) fn tenant(&self) -> &TenantId {
        &self.claims.tenant
    }

    /// The caller's part of the cache.
    pub(super) fn cache(&self, app: &AppState) -> Tenant {
        app.cache.tenant(self.tenant())
    }

    /// The person or machine, for the record of what was done.
    pub(super) fn subject(&self) -> &str {
        &self.claims.subject
    }

    /// When the token ends, since 1970.
    pub(super) fn expires_at(&self) -> Duration {
        let since_epoch = self.claims.expires_at.duration_since(UNIX_EPOCH);
        since_epoch.unwrap_or_default()
    }

    /// Whether the token grants `scope`.
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.claims.has_scope(scope)
    }

    /// Whether the caller may look into every tenant's cache.
    pub(super) fn is_admin(&self) -> bool {
        self.has_scope(SCOPE_ADMIN)
    }

    /// The tenant that the parameter `tenant` names, which must be the caller's own but for an operator.
    pub(super) fn tenant_named(&self, named: Option<&str>) -> Result<TenantId, Problem> {
        let Some(named) = named else {
            return Ok(self.tenant().clone());
        };
        if named != self.tenant().as_str() && !self.is_admin() {
            tracing::warn!(
                tenant = %self.tenant(), subject = self.subject(),
                "Refused: another tenant's cache was asked for without cache:admin"
            );
            return Err(Problem::forbidden(format!(
                "another tenant's cache needs the scope {SCOPE_ADMIN}"
            )));
        }
        TenantId::new(named)
            .map_err(|error| Problem::invalid_parameter("tenant", &error.to_string()))
    }
}

impl Caller {
    /// The caller by a token that was verified before, if the tenant's rate allows the request. Without waiting, and
    /// without a word on what is wrong: whoever gets `None` asks the extractor.
    pub(super) fn recalled(app: &AppState, headers: &HeaderMap) -> Option<Self> {
        let claims = app.verifier.recall(plain_bearer_token(headers)?)?;
        app.limits.admit(&claims.tenant).ok()?;
        Some(Self { claims })
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let verified = match bearer_token(&parts.headers) {
            Ok(token) => app.verifier.verify(token).await,
            Err(error) => Err(error),
        };
        let claims = verified.inspect_err(|error| app.limits.note_refusal(*error))?;
        app.limits.admit(&claims.tenant)?;
        Ok(Self { claims })
    }
}
