//! F72 and F73: clients that behave badly, and the end of the service.

mod guests;
mod http2;
mod stop;

use std::time::Duration;

use tokio::time::Instant;

use self::guests::{drips_body, drips_head, idles, reads_nothing, sends_large_head};
use crate::faults::report::seen;
use crate::node::{client, send};
use crate::serve::serve;
use crate::tokens::token;
use crate::world::World;

/// Between two requests of the tenant who does nothing wrong.
const INTERVAL: Duration = Duration::from_millis(20);
/// Above this, the others are in its way; far above what a busy machine adds.
const P99_MAX: Duration = Duration::from_secs(1);
/// Clients that send their head a byte at a time.
const DRIPPING: usize = 300;
/// As many as there are seats, and some.
const IDLE: usize = 10_100;

/// How a tenant is served while others do what they do: the 99th percentile of so many requests.
#[derive(Clone, Copy, Debug)]
struct Served {
    p99: Duration,
    count: usize,
}

/// Asks as another tenant, each time on a new connection, for as long as `others` takes.
async fn beside<T>(origin: &str, others: impl Future<Output = T>) -> (T, Served) {
    let client = reqwest::Client::builder().no_proxy();
    let client = client.pool_max_idle_per_host(0).build().unwrap();
    let url = format!("{origin}/api/v1/dashboard/kpis");
    let token = token("tenant-002");
    let mut times = Vec::new();
    let ask = async {
        loop {
            let begun = Instant::now();
            let request = client.get(&url).bearer_auth(&token);
            let reply = tokio::time::timeout(Duration::from_secs(10), send(request)).await;
            let reply = reply.expect("another tenant is answered");
            assert_eq!(reply.status, 200, "{reply:?}");
            times.push(begun.elapsed());
            tokio::time::sleep(INTERVAL).await;
        }
    };
    let done = tokio::select! {
        done = others => done,
        () = ask => unreachable!("it asks for ever"),
    };
    times.sort_unstable();
    let p99 = times[(times.len() * 99 / 100).min(times.len() - 1)];
    let count = times.len();
    assert!(p99 < P99_MAX, "{p99:?} of {count}");
    (done, Served { p99, count })
}

/// The figure stands for what 10,100 connections of one machine allow: the process has 20,000 files at least.
fn room_for_connections() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let files = limit.maximum.unwrap_or(u64::MAX);
    assert!(files > IDLE as u64 + 500, "only {files} open files");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f72_clients_that_are_slow_large_idle_or_hasty_are_in_nobodys_way() {
    room_for_connections();
    let world = World::start().await;
    let (mut service, origin) = serve(&world, &[("RUST_LOG", "warn")]).await;
    let addr = origin.trim_start_matches("http://").to_owned();
    let request = client().get(format!("{origin}/api/v1/dashboard/kpis"));
    send(request.bearer_auth(token("tenant-002"))).await.ok();
    let quiet = tokio::time::sleep(Duration::from_secs(2));
    let ((), alone) = beside(&origin, quiet).await;

    let bad = async {
        tokio::join!(
            drips_head(&addr, DRIPPING),
            drips_body(&addr),
            reads_nothing(&addr),
            http2::takes_nothing(&addr),
            sends_large_head(&origin, &addr),
            http2::resets_rapidly(&addr),
        )
    };
    let ((late_head, late_body, unread, unread_2, (), resets), slow) = beside(&origin, bad).await;
    let (displaced, idle) = beside(&origin, idles(&addr, IDLE)).await;
    assert!(service.is_running());
    let log = service.stop().stderr;
    assert!(log.contains("closed for want of room"), "{log}");
    seen(
        "F72",
        format!(
            "{DRIPPING} heads dripping 408 in {late_head:.0?}, body {late_body:.0?}; unread cut {unread:.0?}, h2 {unread_2:.0?}; 100 KB 431; {resets} resets; {IDLE} idle: {displaced} closed; p99 {:.0?}: {:.0?}, {:.0?}",
            alone.p99, slow.p99, idle.p99
        ),
    );
    assert!(slow.count > 100 && idle.count > 10, "{slow:?} {idle:?}");
}
