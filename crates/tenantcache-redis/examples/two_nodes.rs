//! Two nodes on one Redis: what one loads, the other hits; what one invalidates, neither serves.
//!
//! Run with `cargo run -p tenantcache-redis --example two_nodes`. It takes the server from `REDIS_URL`, by default
//! `redis://localhost:6379/0`, and says so if none answers. It prints:
//!
//! ```text
//! node 1: answer 1 (miss from origin)
//! node 2: answer 1 (hit from remote)
//! node 1 invalidates the tenant
//! node 1: answer 2 (miss from origin)
//! node 2: answer 2 (hit from remote)
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tenantcache::remote::{HealthState, Remote};
use tenantcache::{BoxError, Cache, Endpoint, Loaded, Scope, Source, TenantId};
use tenantcache_redis::{RedisOptions, RedisTier};

const COHERENCE_BOUND: Duration = Duration::from_millis(200);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://localhost:6379/0".to_owned());
    let (one, two) = (node(&url).await?, node(&url).await?);
    // An id of its own each time, so that nothing is left from the last run.
    let id = format!("example-{:032x}", tenantcache::random_incarnation().get());
    let id = TenantId::new(&id)?;
    let calls = Arc::new(AtomicU32::new(0));

    read("node 1", &one, &id, &calls).await?;
    read("node 2", &two, &id, &calls).await?;
    println!("node 1 invalidates the tenant");
    let _applied = one.tenant(&id).invalidate(&[Scope::Tenant]).await?;
    read("node 1", &one, &id, &calls).await?;
    // By now the other node knows at the latest.
    tokio::time::sleep(COHERENCE_BOUND).await;
    read("node 2", &two, &id, &calls).await
}

/// What one service process would set up.
async fn node(url: &str) -> Result<Cache, BoxError> {
    let tier = RedisTier::start(RedisOptions::new(url)?);
    tier.ready().await;
    if tier.health().borrow().state == HealthState::Down {
        return Err("no Redis answers there: start one, or set REDIS_URL".into());
    }
    let builder = Cache::builder().with_coherence_bound(COHERENCE_BOUND);
    Ok(builder.with_remote(Arc::new(tier)).build()?)
}

async fn read(
    name: &str,
    node: &Cache,
    tenant: &TenantId,
    calls: &Arc<AtomicU32>,
) -> Result<(), BoxError> {
    let entry = node.tenant(tenant).entry(&Endpoint::new("dashboard_kpis")?);
    let calls = Arc::clone(calls);
    let load = async move |_| {
        let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
        io::Result::Ok(Loaded::new(format!("answer {call}")))
    };
    let answer = entry.get_or_load(load).await?;
    let source = match answer.outcome().source {
        Source::Local => "local",
        Source::Remote => "remote",
        _ => "origin",
    };
    let (text, status) = (
        String::from_utf8_lossy(answer.body()),
        answer.outcome().status.name(),
    );
    println!("{name}: {text} ({status} from {source})");
    Ok(())
}
