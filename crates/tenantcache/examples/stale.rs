//! A stale value is served at once while it is refreshed in the background, and stands in while the origin is down.
//!
//! Run with `cargo run -p tenantcache --example stale`. Time is moved by hand, so it ends at once. It prints:
//!
//! ```text
//!   0 s: answer 1 (miss)
//!  30 s: answer 1 (hit)
//!  70 s: answer 1 (stale_hit)
//!  70 s: answer 2 (hit)
//! the origin goes down
//! 135 s: answer 2 (stale_hit)
//! 195 s: error: the load failed
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tenantcache::clock::ManualClock;
use tenantcache::{BoxError, Cache, Endpoint, Loaded, Policy, PolicyTable, Tenant, TenantId};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let clock = ManualClock::new();
    let minute = Duration::from_secs(60);
    let policy = Policy::new(minute)
        .with_grace(minute)
        .with_jitter_percent(0);
    let cache = Cache::builder()
        .with_clock(clock.clone())
        .with_policies(PolicyTable::uniform(policy))
        .build()?;
    let tenant = cache.tenant(&TenantId::new("tenant-001")?);
    let origin = Arc::new(Origin::default());
    let mut now = 0;
    for at in [0, 30, 70, 70, 135, 195] {
        clock.advance(Duration::from_secs(at - now));
        now = at;
        if at == 135 {
            println!("the origin goes down");
            origin.is_down.store(true, Ordering::SeqCst);
        }
        println!("{at:>3} s: {}", read(&tenant, &origin).await?);
        // Lets the refresh in the background end.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

#[derive(Default)]
struct Origin {
    calls: AtomicU32,
    is_down: AtomicBool,
}

async fn read(tenant: &Tenant, origin: &Arc<Origin>) -> Result<String, BoxError> {
    let entry = tenant.entry(&Endpoint::new("dashboard_kpis")?);
    let origin = Arc::clone(origin);
    let answer = entry.get_or_load(async move |_| {
        if origin.is_down.load(Ordering::SeqCst) {
            return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
        }
        let call = origin.calls.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Loaded::new(format!("answer {call}")))
    });
    Ok(match answer.await {
        Ok(answer) => {
            let text = String::from_utf8_lossy(answer.body());
            format!("{text} ({})", answer.outcome().status.name())
        }
        Err(error) => format!("error: {error}"),
    })
}
