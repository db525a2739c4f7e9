//! Nodes that are caches in this process.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tenantcache::remote::{HealthState, Remote};
use tenantcache::{
    Answer, Cache, Consistency, Endpoint, EndpointPrefix, EntryRef, Invalidation, Loaded, Policy,
    PolicyTable, Scope, Source, Status, Tag, TenantId,
};
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::history::{self, Said, Totals};

use crate::clock::nanos;
use crate::keys::{Catalogue, Entry, HARD_TTL_MAX, Keys};
use crate::node::{Answered, Node, NodeState, read_body};
use crate::origin::{Found, Origin};
use crate::plan::Plan;

/// The tenant whose table is made to trim.
const CROWDED: &str = "hot-1";
/// Beside what it says, each body has so many bytes.
const PADDING: usize = 100;

/// `products`, `prices` and `stats` are refreshed all the time, the others stay.
pub(crate) const CATALOGUE: Catalogue = Catalogue {
    entries: &[
        Entry {
            params: &[("id", "1")],
            request_tag: Some("product.1"),
            stirs: true,
            ..Entry::new("products")
        },
        Entry {
            params: &[("id", "2")],
            request_tag: Some("product.2"),
            stirs: true,
            ..Entry::new("products")
        },
        Entry {
            value_tag: Some("shown"),
            ..Entry::new("products_more")
        },
        Entry::new("orders"),
        Entry {
            value_tag: Some("shown"),
            stirs: true,
            ..Entry::new("prices")
        },
        Entry {
            stirs: true,
            ..Entry::new("stats")
        },
        Entry {
            strict: true,
            stirs: true,
            ..Entry::new("ledger")
        },
        Entry {
            params: &[("id", "1")],
            request_tag: Some("ghost"),
            comes_and_goes: true,
            ..Entry::new("ghosts")
        },
    ],
    tags: &["product.1", "product.2", "shown", "shown", "ghost", "ghost"],
    endpoints: &["products", "orders", "stats"],
    prefix: "pr",
};

/// One cache with its connection to Redis.
#[derive(Debug)]
pub(crate) struct LibraryNode {
    number: u8,
    cache: Cache,
    keys: Arc<Keys>,
    origin: Arc<Origin>,
    entries: Vec<EntryRef>,
    scopes: Vec<(TenantId, Vec<Scope>)>,
}

impl LibraryNode {
    /// Starts a node that reaches Redis at `url`.
    pub(crate) async fn start(
        number: u8,
        url: &str,
        plan: &Plan,
        keys: &Arc<Keys>,
        origin: &Arc<Origin>,
    ) -> anyhow::Result<Self> {
        let policies = policies();
        let options = RedisOptions::new(url)?.with_hard_ttl_max(policies.hard_ttl_max());
        let tier = RedisTier::start(options);
        tier.ready().await;
        let cache = Cache::builder()
            .with_coherence_bound(plan.coherence_bound)
            .with_outage_ttl(plan.outage_ttl())
            .with_policies(policies)
            .with_remote(Arc::new(tier) as Arc<dyn Remote>)
            .build()?;
        let count = u32::try_from(keys.facts.len()).context("too many keys")?;
        let entries: Result<_, _> = (0..count)
            .map(|key| entry(&cache, keys.tenant(key), keys.entry(key)))
            .collect();
        let scopes: Result<_, _> = keys
            .scopes
            .iter()
            .map(|scope| to_scopes(keys, scope))
            .collect();
        Ok(Self {
            number,
            cache,
            keys: Arc::clone(keys),
            origin: Arc::clone(origin),
            entries: entries?,
            scopes: scopes?,
        })
    }

    fn is_connected(&self) -> bool {
        let health = self.cache.remote_health();
        health.is_some_and(|health| health.state.is_usable())
    }

    fn is_in(&self, state: HealthState) -> bool {
        let health = self.cache.remote_health();
        health.is_some_and(|health| health.state == state)
    }

    fn said(&self, answer: &Answer, key: u32) -> Said {
        if answer.is_missing() {
            return Said {
                key: self.keys.position(answer.key().as_str(), key),
                version: self.origin.missing_version(key),
                nonce: None,
            };
        }
        read_body(&self.keys, answer.body(), key)
    }
}

impl Node for LibraryNode {
    async fn read(&self, key: u32) -> Answered {
        let connected = self.is_connected();
        let (origin, keys) = (Arc::clone(&self.origin), Arc::clone(&self.keys));
        let number = self.number;
        let loader = async move |_| {
            let found = origin.load(number, key).await;
            Ok::<_, Infallible>(loaded(&keys, key, found))
        };
        let answer = self.entries[key as usize].clone().get_or_load(loader).await;
        let degraded = !connected || !self.is_connected();
        let Ok(answer) = answer else {
            return Answered {
                status: history::Status::Error,
                degraded,
                collapsed: false,
                age: 0,
                said: None,
            };
        };
        let outcome = answer.outcome();
        Answered {
            status: match (outcome.status, outcome.source) {
                (Status::Hit, Source::Remote) => history::Status::HitRemote,
                (Status::Hit, _) => history::Status::HitLocal,
                (Status::StaleHit, _) => history::Status::Stale,
                _ => history::Status::Miss,
            },
            degraded: degraded || outcome.remote_down,
            collapsed: outcome.collapsed,
            age: nanos(answer.age()),
            said: Some(self.said(&answer, key)),
        }
    }

    async fn invalidate(&self, scope: u32) -> Option<bool> {
        let (tenant, scopes) = &self.scopes[scope as usize];
        let outcome = self.cache.tenant(tenant).invalidate(scopes).await.ok()?;
        Some(matches!(outcome, Invalidation::Applied { .. }))
    }

    async fn state(&self) -> Option<NodeState> {
        Some(NodeState {
            is_up: self.is_connected(),
            is_down: self.is_in(HealthState::Down),
            is_settled: self.cache.pending_invalidations() == 0,
            failures: self.cache.counters().remote_errors,
        })
    }

    async fn totals(&self) -> Option<Totals> {
        let counters = self.cache.counters();
        let loads = counters.endpoints.values().map(|one| one.loads).sum();
        Some(Totals {
            node: self.number,
            hits: counters.total.hits(),
            misses: counters.total.misses(),
            loads,
        })
    }
}

fn policies() -> PolicyTable {
    let seconds = Duration::from_secs;
    let refreshed = |millis| Policy::new(Duration::from_millis(millis)).with_grace(seconds(60));
    let lasting = Policy::new(HARD_TTL_MAX / 2).with_negative_ttl(HARD_TTL_MAX / 2);
    PolicyTable::uniform(lasting.clone())
        .with("products", refreshed(150))
        .with("prices", refreshed(300))
        .with("ledger", lasting.with_consistency(Consistency::Strict))
        .with(
            "stats",
            refreshed(200).with_load_timeout_soft(Duration::from_millis(5)),
        )
}

fn entry(cache: &Cache, tenant: &str, entry: &Entry) -> anyhow::Result<EntryRef> {
    let tenant = cache.tenant(&TenantId::new(tenant)?);
    let mut made = tenant.entry(&Endpoint::new(entry.endpoint)?);
    for (name, value) in entry.params {
        made = made.param(name, value);
    }
    if let Some(tag) = entry.request_tag {
        made = made.tag(Tag::new(tag)?);
    }
    Ok(made)
}

/// Whose scope it is, and the scope. That of a prefix of one tenant comes with as many prefixes as make the table trim.
fn to_scopes(keys: &Keys, scope: &history::Scope) -> anyhow::Result<(TenantId, Vec<Scope>)> {
    use history::Scope as Logged;
    let (tenant, scope) = match scope {
        Logged::Endpoint { tenant, endpoint } => {
            (tenant.as_str(), Scope::Endpoint(Endpoint::new(endpoint)?))
        }
        Logged::Key { text } => {
            let key = keys.position(text, 0).context("a key that is not listed")?;
            (keys.tenant(key), Scope::Key(text.parse()?))
        }
        Logged::Prefix { tenant, prefix } => {
            (tenant.as_str(), Scope::Prefix(EndpointPrefix::new(prefix)?))
        }
        Logged::Tag { tenant, tag } => (tenant.as_str(), Scope::Tag(Tag::new(tag)?)),
        Logged::Tenant { tenant } => (tenant.as_str(), Scope::Tenant),
    };
    let mut scopes = vec![scope];
    if let (CROWDED, Scope::Prefix(_)) = (tenant, &scopes[0]) {
        for number in 0..tenantcache::core::Records::PREFIXES_MAX {
            let prefix = EndpointPrefix::new(&format!("nothing_{number}"))?;
            scopes.push(Scope::Prefix(prefix));
        }
    }
    Ok((TenantId::new(tenant)?, scopes))
}

fn loaded(keys: &Keys, key: u32, found: Found) -> Loaded {
    if !found.exists {
        return Loaded::missing();
    }
    let text = &keys.facts[key as usize].text;
    let loaded = Loaded::new(format!(
        "{text} {} {} {:PADDING$}",
        found.version, found.nonce, ""
    ));
    let tag = keys.entry(key).value_tag.map(Tag::new);
    match tag {
        Some(Ok(tag)) => loaded.with_tags([tag]),
        Some(Err(_)) => loaded.with_unknown_tags(),
        None => loaded,
    }
}
