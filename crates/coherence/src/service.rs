//! Nodes that are services in this process, spoken to over HTTP as any client would.

mod client;
mod market;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use sellerboard::app::Service;
use sellerboard::auth::{NewToken, Verifier, sign};
use sellerboard::config::{Loaded, Sources};
use testkit::history::{Said, Scope, Status, Totals};

use crate::clock::nanos;
use crate::keys::{Catalogue, Entry, Keys};
use crate::node::{Answered, Node, NodeState, read_body};
use crate::origin::Origin;
use crate::plan::Plan;
use client::{Client, Response};
pub(crate) use market::Market;

/// What stands before and after what an answer says of itself.
const MARK: &str = "@@";

/// `pricing_trends` and `dashboard_alerts` are refreshed all the time, the others stay.
pub(crate) const CATALOGUE: Catalogue = Catalogue {
    entries: &[
        Entry {
            params: &[("id", "1")],
            path: "/products/1",
            request_tag: Some("product:1"),
            ..Entry::new("products")
        },
        Entry {
            params: &[("id", "2")],
            path: "/products/2",
            request_tag: Some("product:2"),
            ..Entry::new("products")
        },
        Entry {
            params: &[("limit", "20")],
            path: "/products",
            value_tag: Some("product:1"),
            ..Entry::new("products")
        },
        Entry {
            params: &[("days", "30")],
            path: "/pricing/trends",
            value_tag: Some("product:2"),
            stirs: true,
            ..Entry::new("pricing_trends")
        },
        Entry {
            path: "/dashboard/alerts",
            value_tag: Some("product:1"),
            stirs: true,
            ..Entry::new("dashboard_alerts")
        },
        Entry {
            path: "/dashboard/insights",
            ..Entry::new("dashboard_insights")
        },
        Entry {
            params: &[("id", "9")],
            path: "/products/9",
            request_tag: Some("product:9"),
            comes_and_goes: true,
            ..Entry::new("products")
        },
    ],
    tags: &[
        "product:1",
        "product:1",
        "product:2",
        "product:9",
        "product:9",
    ],
    endpoints: &["products", "pricing_trends", "dashboard_insights"],
    prefix: "dashboard",
};

/// One service.
#[derive(Debug)]
pub(crate) struct ServiceNode {
    number: u8,
    client: Client,
    keys: Arc<Keys>,
    origin: Arc<Origin>,
    /// The request of each key.
    reads: Vec<String>,
    /// The request of each scope.
    invalidations: Vec<String>,
    own_metrics: String,
    all_metrics: String,
    life: String,
    /// Holds the service's queue on disk.
    _state: tempfile::TempDir,
}

impl ServiceNode {
    async fn start(
        number: u8,
        redis_url: &str,
        plan: &Plan,
        market_url: &str,
        keys: &Arc<Keys>,
        origin: &Arc<Origin>,
    ) -> anyhow::Result<Self> {
        let state = tempfile::tempdir()?;
        let folder = state.path().display().to_string();
        let millis = |duration: Duration| format!("{}ms", duration.as_millis());
        let upstream = format!("{market_url}/{number}");
        let (bound, outage) = (millis(plan.coherence_bound), millis(plan.outage_ttl()));
        let variables = [
            ("CACHE_COHERENCE_BOUND", bound.as_str()),
            ("CACHE_GRACE", "60s"),
            ("CACHE_OUTAGE_TTL", &outage),
            ("CACHE_TTL_DASHBOARD_ALERTS", "150ms"),
            ("CACHE_TTL_DASHBOARD_INSIGHTS", "90s"),
            ("CACHE_TTL_PRICING_TRENDS", "300ms"),
            ("CACHE_TTL_PRODUCTS", "90s"),
            ("HOME", &folder),
            ("JWT_SECRET", "the secret of a run, long enough for HS256"),
            ("REDIS_URL", redis_url),
            ("SELLERBOARD_ADDR", "127.0.0.1:0"),
            ("SELLERBOARD_STATE_DIR", &folder),
            ("UPSTREAM_URL", &upstream),
        ];
        let sources = variables
            .iter()
            .fold(Sources::none(), |sources, (name, value)| {
                sources.with_environment(name, value)
            });
        let config = Loaded::from_sources(&sources)
            .context("the settings are refused")?
            .config;
        let verifier = Verifier::new(&config.auth)?;
        let service = Service::start(&config, verifier).await?;
        let client = Client::new(service.addr()?);
        tokio::spawn(service.run(std::future::pending()));
        let token = |tenant: &str| {
            let token = NewToken::new(tenant, "reader@shop.example");
            sign(&config.auth, &token.with_ttl(DAY), now()).context("a token is refused")
        };
        let request = |method: &str, target: &str, tenant: &str| -> anyhow::Result<String> {
            let token = token(tenant)?;
            Ok(format!(
                "{method} /api/v1{target} HTTP/1.1\r\nhost: node\r\nauthorization: Bearer {token}\r\n\r\n"
            ))
        };
        let count = u32::try_from(keys.facts.len()).context("too many keys")?;
        let reads: anyhow::Result<_> = (0..count)
            .map(|key| request("GET", keys.entry(key).path, keys.tenant(key)))
            .collect();
        let invalidations: anyhow::Result<_> = keys
            .scopes
            .iter()
            .map(|scope| {
                let (tenant, query) = selector(keys, scope)?;
                request("DELETE", &format!("/cache{query}"), tenant)
            })
            .collect();
        Ok(Self {
            number,
            client,
            keys: Arc::clone(keys),
            origin: Arc::clone(origin),
            reads: reads?,
            invalidations: invalidations?,
            own_metrics: request("GET", "/cache/metrics", "operator")?,
            all_metrics: "GET /metrics HTTP/1.1\r\nhost: node\r\n\r\n".to_owned(),
            life: "GET /healthz HTTP/1.1\r\nhost: node\r\n\r\n".to_owned(),
            _state: state,
        })
    }

    /// Whether it answers what needs neither cache nor Redis.
    pub(crate) async fn is_alive(&self) -> bool {
        let response = self.client.send(&self.life).await;
        response.is_some_and(|response| response.status == 200)
    }

    async fn metrics(&self) -> Option<serde_json::Value> {
        let response = self.client.send(&self.own_metrics).await?;
        serde_json::from_slice(&response.body).ok()
    }

    /// The sum of a counter over its labels.
    async fn counter(&self, name: &str) -> Option<u64> {
        let response = self.client.send(&self.all_metrics).await?;
        let text = String::from_utf8(response.body).ok()?;
        let samples = text.lines().filter(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        samples
            .map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    }

    fn said(&self, response: &Response, key: u32) -> Said {
        if response.status == 404 {
            return Said {
                key: key_of(&self.keys, response, key),
                version: self.origin.missing_version(key),
                nonce: None,
            };
        }
        let text = std::str::from_utf8(&response.body).unwrap_or_default();
        let marked = text.split(MARK).nth(1).unwrap_or_default();
        read_body(&self.keys, marked.as_bytes(), key)
    }
}

const DAY: Duration = Duration::from_secs(86_400);

#[expect(
    clippy::disallowed_methods,
    reason = "tokens are dated by the wall clock, and no test moves it"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

impl Node for ServiceNode {
    async fn read(&self, key: u32) -> Answered {
        let response = self.client.send(&self.reads[key as usize]).await;
        let answer = response.filter(|response| matches!(response.status, 200 | 404));
        let Some(response) = answer else {
            return Answered {
                status: Status::Error,
                degraded: false,
                collapsed: false,
                age: 0,
                said: None,
            };
        };
        let did = response.cache_status.as_str();
        let is_hit = did.contains("; hit");
        Answered {
            status: match is_hit {
                true if did.contains("; ttl=-") => Status::Stale,
                true if did.contains("detail=redis") => Status::HitRemote,
                true => Status::HitLocal,
                false => Status::Miss,
            },
            degraded: did.contains("detail=redis-down"),
            collapsed: did.contains("; collapsed"),
            // Whole seconds, rounded down.
            age: nanos(Duration::from_secs(response.age + 1)),
            said: Some(self.said(&response, key)),
        }
    }

    async fn invalidate(&self, scope: u32) -> Option<bool> {
        let request = &self.invalidations[scope as usize];
        let response = self.client.send(request).await?;
        let document: serde_json::Value = serde_json::from_slice(&response.body).ok()?;
        match document["status"].as_str()? {
            "applied" => Some(true),
            "queued" => Some(false),
            _ => None,
        }
    }

    async fn state(&self) -> Option<NodeState> {
        let metrics = self.metrics().await?;
        let redis = &metrics["redis"];
        Some(NodeState {
            is_up: redis["state"] == "up",
            is_down: redis["state"] == "down",
            is_settled: redis["pending_invalidations"] == 0,
            failures: self.counter("tenantcache_remote_errors_total").await?,
        })
    }

    async fn totals(&self) -> Option<Totals> {
        let metrics = self.metrics().await?;
        Some(Totals {
            node: self.number,
            hits: metrics["hits"].as_u64()?,
            misses: metrics["misses"].as_u64()?,
            loads: self.counter("tenantcache_origin_loads_total").await?,
        })
    }
}

/// The key that the answer's `Cache-Status` names.
fn key_of(keys: &Keys, response: &Response, likely: u32) -> Option<u32> {
    let text = response.cache_status.split("key=\"").nth(1)?;
    keys.position(text.split('"').next()?, likely)
}

/// Whose scope it is, and the query that selects it.
fn selector<'a>(keys: &'a Keys, scope: &'a Scope) -> anyhow::Result<(&'a str, String)> {
    Ok(match scope {
        Scope::Endpoint { tenant, endpoint } => (tenant, format!("?endpoint={endpoint}")),
        Scope::Key { text } => {
            let key = keys.position(text, 0).context("a key that is not listed")?;
            return Ok((keys.tenant(key), format!("?key={text}")));
        }
        Scope::Prefix { tenant, prefix } => (tenant, format!("?prefix={prefix}")),
        Scope::Tag { tenant, tag } => (tenant, format!("?tag={tag}")),
        Scope::Tenant { tenant } => (tenant, String::new()),
    })
}
