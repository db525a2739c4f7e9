//! F66: clients that leave at a random byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use testkit::RedisServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::callers::{BUDGET, KPIS, TENANTS};
use super::report::seen;
use crate::node::{client, eventually, send};
use crate::serve::serve;
use crate::tokens::token;
use crate::world::World;

/// What each tenant's answers show, and the other's never do.
const CURRENCIES: [&str; 2] = ["GBP", "EUR"];

/// A request of one tenant, and how much of the exchange its client stays for.
struct Visit {
    tenant: usize,
    request: String,
    /// Bytes of the request that are sent.
    sent: usize,
    /// Bytes of the answer that are read, if all of the request is sent.
    read: usize,
}

/// What the clients saw.
#[derive(Default)]
struct Visits {
    cut_requests: AtomicU64,
    cut_answers: AtomicU64,
    whole_answers: AtomicU64,
}

impl Visit {
    fn random(tokens: &[String; 2], number: usize) -> Self {
        let tenant = number % 2;
        let path = match fastrand::u32(..4) {
            0 => KPIS.to_owned(),
            1 => "/products/101".to_owned(),
            // Half of them cold for long.
            _ => format!("/pricing/trends?days={}", fastrand::u32(1..=365)),
        };
        let reload = if fastrand::u32(..50) == 0 {
            "Cache-Control: no-cache\r\n"
        } else {
            ""
        };
        let request = format!(
            "GET /api/v1{path} HTTP/1.1\r\nHost: x\r\n{reload}Authorization: Bearer {}\r\nConnection: close\r\n\r\n",
            tokens[tenant]
        );
        let whole = fastrand::u32(..4) > 0;
        Self {
            tenant,
            sent: if whole {
                request.len()
            } else {
                fastrand::usize(..request.len())
            },
            read: if fastrand::u32(..2) == 0 {
                0
            } else {
                fastrand::usize(..4_096)
            },
            request,
        }
    }

    async fn make(self, addr: &str, visits: &Visits) {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        if fastrand::bool() {
            // Its end is a reset. No port waits for late packets, of which there are too few for so many visits.
            stream.set_zero_linger().unwrap();
        }
        stream
            .write_all(&self.request.as_bytes()[..self.sent])
            .await
            .unwrap();
        if self.sent < self.request.len() {
            visits.cut_requests.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut answer = Vec::with_capacity(self.read);
        let mut limited = (&mut stream).take(self.read.try_into().unwrap());
        let read = tokio::time::timeout(Duration::from_secs(30), limited.read_to_end(&mut answer));
        read.await.expect("nobody is left waiting").unwrap();
        let count = if answer.len() < self.read {
            assert!(
                answer.starts_with(b"HTTP/1.1 200"),
                "{}",
                String::from_utf8_lossy(&answer)
            );
            &visits.whole_answers
        } else {
            &visits.cut_answers
        };
        count.fetch_add(1, Ordering::Relaxed);
        let foreign = CURRENCIES[1 - self.tenant].as_bytes();
        let shown = answer
            .windows(foreign.len())
            .any(|window| window == foreign);
        assert!(!shown, "{}", String::from_utf8_lossy(&answer));
    }
}

fn open_files(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .count()
}

/// So many requests, each of which ends at a random byte of the request or of the answer, and what is left of them.
async fn clients_leave(count: usize) -> String {
    let world = World::with_latency(Duration::from_millis(3)).await;
    let redis = RedisServer::start().await;
    let url = redis.url();
    let variables = [("REDIS_URL", url.as_str()), BUDGET];
    let (service, origin) = serve(&world, &variables).await;
    let addr = origin.trim_start_matches("http://").to_owned();
    let client = client();
    let figure = async |series: &str| {
        let reply = send(client.get(format!("{origin}/metrics"))).await;
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        let value = text.lines().find_map(|line| {
            let rest = line.strip_prefix(series)?;
            rest.strip_prefix("{}").unwrap_or(rest).strip_prefix(' ')
        });
        value.map_or(0.0, |value| value.parse::<f64>().unwrap())
    };
    let tokens = TENANTS.map(token);
    let read = async |tenant: usize, path: &str| {
        let request = client.get(format!("{origin}/api/v1{path}"));
        let reply = tokio::time::timeout(
            Duration::from_secs(10),
            send(request.bearer_auth(&tokens[tenant])),
        );
        let reply = reply.await.expect("nobody waits for what will not come");
        reply.ok();
        let text = std::str::from_utf8(&reply.body).unwrap();
        assert!(text.contains(CURRENCIES[tenant]), "{text}");
        assert!(!text.contains(CURRENCIES[1 - tenant]), "{text}");
    };
    eventually("Redis is up", async || {
        (figure("tenantcache_redis_up").await > 0.0).then_some(())
    })
    .await;
    for tenant in 0..2 {
        read(tenant, KPIS).await;
    }
    let files = open_files(service.id());
    let clients_of_redis = redis.cli(&["client", "list"]).lines().count();

    let begun = Instant::now();
    let (visits, gate) = (Arc::<Visits>::default(), Arc::new(Semaphore::new(64)));
    let mut running = JoinSet::new();
    for number in 0..count {
        let permit = Arc::clone(&gate).acquire_owned().await.unwrap();
        let (visit, addr, visits) = (
            Visit::random(&tokens, number),
            addr.clone(),
            Arc::clone(&visits),
        );
        running.spawn(async move {
            visit.make(&addr, &visits).await;
            drop(permit);
        });
        while let Some(visit) = running.try_join_next() {
            visit.unwrap();
        }
    }
    running.join_all().await;
    let took = begun.elapsed();

    // Whoever comes after them is served, and every byte is one's own.
    for days in (1..=365).step_by(9) {
        for tenant in 0..2 {
            read(tenant, &format!("/pricing/trends?days={days}")).await;
        }
    }
    for gauge in [
        "tenantcache_pending_invalidations",
        "tenantcache_loads_under_way",
        "tenantcache_loads_waiting",
    ] {
        eventually(&format!("{gauge} is 0"), async || {
            (figure(gauge).await == 0.0).then_some(())
        })
        .await;
    }
    assert_eq!(figure("tenantcache_misdirected_replies_total").await, 0.0);
    assert_eq!(figure("tenantcache_redis_up").await, 1.0);
    let clients_after = redis.cli(&["client", "list"]).lines().count();
    assert_eq!(
        clients_after, clients_of_redis,
        "no connection was lost or left behind"
    );
    // Beside those of before, the connections to the marketplace that are kept for the next request.
    eventually("every client's connection is closed", async || {
        (open_files(service.id()) <= files + 64).then_some(())
    })
    .await;
    let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
    format!(
        "{count} visits in {} s ({} cut in the request, {} in the answer, {} whole): 0 foreign bytes, 0 stranded, gauges 0, fds {files} to {}",
        took.as_secs(),
        get(&visits.cut_requests),
        get(&visits.cut_answers),
        get(&visits.whole_answers),
        open_files(service.id()),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f66_two_thousand_clients_leave_at_any_byte() {
    clients_leave(2_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f66_a_hundred_thousand_clients_leave_at_any_byte() {
    seen("F66", clients_leave(100_000).await);
}
