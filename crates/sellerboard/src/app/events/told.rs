//! Changes as pages are told of them.

use serde::Serialize;
use tenantcache::Scope;
use utoipa::ToSchema;

use crate::app::read::{ENDPOINT_NAMES, ENDPOINTS_WITH_TAGS};

/// What changed.
#[derive(Debug, Eq, PartialEq, Serialize, ToSchema)]
pub(in crate::app) struct ChangeDocument {
    /// What was invalidated.
    scopes: Vec<ScopeDocument>,
    /// The endpoints of which something may have changed, in alphabetical order.
    endpoints: Vec<String>,
}

/// One scope: exactly one of these.
#[derive(Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::app) enum ScopeDocument {
    /// All of one endpoint.
    Endpoint(String),
    /// One answer, by its key.
    Key(String),
    /// The endpoints whose name starts so.
    Prefix(String),
    /// What shows the thing that the tag names.
    Tag(String),
    /// Everything; always true.
    Tenant(bool),
}

impl ChangeDocument {
    pub(super) fn of(scopes: &[Scope]) -> Self {
        let touched = |name: &&&str| scopes.iter().any(|scope| touches(scope, name));
        Self {
            endpoints: ENDPOINT_NAMES
                .iter()
                .filter(touched)
                .map(|name| (*name).to_owned())
                .collect(),
            scopes: scopes.iter().map(ScopeDocument::of).collect(),
        }
    }

    /// Anything may have changed.
    pub(super) fn everything() -> Self {
        Self::of(&[Scope::Tenant])
    }
}

impl ScopeDocument {
    fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Endpoint(endpoint) => Self::Endpoint(endpoint.to_string()),
            Scope::Key(key) => Self::Key(key.to_string()),
            Scope::Prefix(prefix) => Self::Prefix(prefix.to_string()),
            Scope::Tag(tag) => Self::Tag(tag.to_string()),
            // What is not known to us may cover anything.
            _ => Self::Tenant(true),
        }
    }
}

fn touches(scope: &Scope, endpoint: &str) -> bool {
    match scope {
        Scope::Endpoint(named) => named.as_str() == endpoint,
        Scope::Key(key) => key.endpoint() == endpoint,
        Scope::Prefix(prefix) => endpoint.starts_with(prefix.as_str()),
        Scope::Tag(_) => ENDPOINTS_WITH_TAGS.contains(&endpoint),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tenantcache::{Endpoint, Key, Tag, TenantId};

    use super::*;

    #[test]
    fn changes_name_their_scopes_and_what_they_touch() {
        let products = Endpoint::new("products").unwrap();
        let key = Key::new(&products, &TenantId::new("a").unwrap());
        let check = |scopes: &[Scope], expected: serde_json::Value| {
            let told = serde_json::to_value(ChangeDocument::of(scopes)).unwrap();
            assert_eq!(told, expected);
        };
        check(
            &[
                Scope::Endpoint(products),
                Scope::Key(key),
                Scope::Prefix("dashboard_s".parse().unwrap()),
            ],
            json!({
                "scopes": [{"endpoint": "products"}, {"key": "products:a"}, {"prefix": "dashboard_s"}],
                "endpoints": ["dashboard_stats", "products"],
            }),
        );
        check(
            &[Scope::Tag(Tag::new("product:1").unwrap())],
            json!({"scopes": [{"tag": "product:1"}], "endpoints": ENDPOINTS_WITH_TAGS}),
        );
        check(
            &[Scope::Tenant],
            json!({"scopes": [{"tenant": true}], "endpoints": ENDPOINT_NAMES}),
        );
        let everything = serde_json::to_value(ChangeDocument::everything()).unwrap();
        assert_eq!(everything["scopes"], json!([{"tenant": true}]));
    }
}
