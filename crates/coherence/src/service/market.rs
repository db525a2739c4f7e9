use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::{MARK, ServiceNode};
use crate::keys::Keys;
use crate::origin::{Found, Origin};
use crate::plan::Plan;

/// A marketplace whose answers say their key, version and load. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Market {
    shelf: Shelf,
    url: String,
    serving: AbortHandle,
}

#[derive(Clone, Debug)]
struct Shelf {
    keys: Arc<Keys>,
    origin: Arc<Origin>,
}

impl Market {
    pub(crate) async fn start(keys: &Arc<Keys>, origin: &Arc<Origin>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shelf = Shelf {
            keys: Arc::clone(keys),
            origin: Arc::clone(origin),
        };
        let router = Router::new().fallback(answer).with_state(shelf.clone());
        let serve = async move { axum::serve(listener, router).await };
        Ok(Self {
            shelf,
            url,
            serving: tokio::spawn(serve).abort_handle(),
        })
    }

    /// Starts a service that loads from here.
    pub(crate) async fn node(
        &self,
        number: u8,
        redis_url: &str,
        plan: &Plan,
    ) -> anyhow::Result<ServiceNode> {
        let Shelf { keys, origin } = &self.shelf;
        ServiceNode::start(number, redis_url, plan, &self.url, keys, origin).await
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// `/NODE/api/v1/PATH` for the tenant of `X-Tenant-Id`.
async fn answer(State(shelf): State<Shelf>, request: Request) -> Response {
    let Some((node, key)) = asked(&shelf.keys, &request) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let found = Arc::clone(&shelf.origin).load(node, key).await;
    if !found.exists {
        return StatusCode::NOT_FOUND.into_response();
    }
    Json(payload(&shelf.keys, key, found)).into_response()
}

fn asked(keys: &Keys, request: &Request) -> Option<(u8, u32)> {
    let tenant = request.headers().get("x-tenant-id")?.to_str().ok()?;
    let (node, path) = request.uri().path().strip_prefix('/')?.split_once('/')?;
    let path = path.strip_prefix("api/v1")?;
    let count = u32::try_from(keys.facts.len()).ok()?;
    let key =
        (0..count).find(|key| keys.tenant(*key) == tenant && keys.entry(*key).path == path)?;
    Some((node.parse().ok()?, key))
}

/// An answer of the shape that the path has, with what it is in a text of it.
fn payload(keys: &Keys, key: u32, Found { version, nonce, .. }: Found) -> Value {
    let text = &keys.facts[key as usize].text;
    let name = format!("{MARK}{text} {version} {nonce} {MARK}");
    let entry = keys.entry(key);
    let shown = entry.request_tag.or(entry.value_tag).unwrap_or_default();
    let id = shown.trim_start_matches("product:");
    let product = json!({
        "id": id, "sku": "sku", "name": name, "price": "1.00", "stock": 1, "units_30d": 1,
        "revenue_30d": "1.00", "rating": null, "reviews": 0, "category": "",
        "updated_at": "2026-01-01T00:00:00Z",
    });
    let mut payload = match entry.path {
        "/products" => json!({ "items": [product] }),
        "/pricing/trends" => json!({ "items": [{
            "id": id, "product_id": id, "name": name, "own": [], "competitors": [], "position": null,
        }] }),
        "/dashboard/alerts" => json!({ "items": [{
            "id": "a", "kind": "low_stock", "severity": "info", "title": name, "reason": "",
            "evidence": {}, "action": "", "product_id": id, "since": "2026-01-01",
        }] }),
        "/dashboard/insights" => json!({ "items": [{
            "id": "i", "text": name, "figures": {}, "score": 0.5,
        }] }),
        _ => product,
    };
    payload["as_of"] = "2026-01-01".into();
    payload["currency"] = "GBP".into();
    payload["timezone"] = "UTC".into();
    if payload.get("items").is_some() {
        payload["next_cursor"] = Value::Null;
    }
    payload
}
