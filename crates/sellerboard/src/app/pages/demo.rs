use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::routing::get;
use axum::{Json, Router};
use seller_data::demo::TENANTS;
use serde_json::{Value, json};
use tenantcache::clock::{Clock, SystemClock};

use crate::app::caller::SCOPE_ADMIN;
use crate::app::state::AppState;
use crate::auth::{KeyError, NewToken, sign};
use crate::config::AuthSettings;
use crate::http::Problem;

/// How long the demo's tokens are valid.
pub(crate) const DEMO_TOKEN_TTL: Duration = Duration::from_hours(24);
/// What the demo's shops sell, in the order of [`TENANTS`].
const TRADES: [&str; 3] = ["Home and garden", "Phone accessories", "Coffee and tea"];

/// Lets whoever is at this machine sign in to the demo's shops by a click. Only the demo has it, and only while it listens
/// on the loopback address.
#[derive(Clone, Debug)]
pub struct DemoSignIn {
    auth: Arc<AuthSettings>,
}

impl DemoSignIn {
    /// Signs tokens with these settings.
    #[must_use]
    pub fn new(auth: AuthSettings) -> Self {
        Self {
            auth: Arc::new(auth),
        }
    }

    pub(super) fn router(self) -> Router<AppState> {
        let tokens = async |State(demo): State<Self>, uri: Uri, head: HeaderMap| {
            // Another site may give its own name our address; the name is what tells.
            if !is_loopback(&uri, &head) {
                return Err(Problem::forbidden("the demo signs in on this machine only"));
            }
            let tokens = demo.tokens();
            tokens.map(Json).map_err(|_| Problem::internal())
        };
        Router::new()
            .route("/demo/tokens", get(tokens))
            .with_state(self)
    }

    /// New tokens: of each shop's seller, and of an operator.
    fn tokens(&self) -> Result<Value, KeyError> {
        let now = UNIX_EPOCH + SystemClock::default().wall();
        let sign = |token: NewToken| sign(&self.auth, &token.with_ttl(DEMO_TOKEN_TTL), now);
        let shops: Vec<Value> = TENANTS
            .iter()
            .zip(TRADES)
            .map(|(tenant, trade)| {
                let token = NewToken::new(*tenant, format!("demo@{tenant}.example"));
                Ok(json!({"tenant": tenant, "trade": trade, "token": sign(token)?}))
            })
            .collect::<Result<_, KeyError>>()?;
        let operator = NewToken::new(TENANTS[0], "operator@demo.example")
            .with_scopes(vec![SCOPE_ADMIN.to_owned()]);
        Ok(json!({"shops": shops, "operator": {"token": sign(operator)?}}))
    }
}

/// Whether the request was addressed to this machine by a name that nobody else can have.
fn is_loopback(uri: &Uri, head: &HeaderMap) -> bool {
    let host = head.get(axum::http::header::HOST);
    let host = host.and_then(|host| host.to_str().ok()?.parse().ok());
    let Some(authority) = uri.authority().cloned().or(host) else {
        return false;
    };
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
