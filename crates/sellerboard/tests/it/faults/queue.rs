//! F54: the queue of invalidations is full, its disk is full, its process is killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tempfile::TempDir;
use tenantcache::clock::{Clock, SystemClock};
use tenantcache::{Scope, Tag, TenantId};
use testkit::{RedisServer, TcpProxy};

use super::lab::{Lab, Origin, Settings};
use super::report::seen;
use crate::node::{client, eventually, send};
use crate::reply::Reply;
use crate::tokens::token;
use crate::world::World;

const TENANT: &str = "tenant-001";
const QUEUED: u32 = 2_000;
/// What a tenant's queue holds at most, and what it is widened to.
const WAITING_MAX: usize = 513;

/// A service process which a write to a full disk does not end, as it ends none whose disk is really full.
struct Sturdy {
    child: Child,
    origin: String,
}

impl Sturdy {
    async fn start(world: &World, redis: &RedisServer, state: &Path) -> Self {
        let addr = format!("127.0.0.1:{}", testkit::free_port());
        let (url, state) = (redis.url(), state.display().to_string());
        let variables = world.variables(&[
            ("SELLERBOARD_ADDR", &addr),
            ("REDIS_URL", &url),
            // What is measured is not how a busy machine makes Redis slow.
            ("REDIS_COMMAND_TIMEOUT", "1s"),
            ("SELLERBOARD_STATE_DIR", &state),
        ]);
        let child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" serve"])
            .arg(env!("CARGO_BIN_EXE_sellerboard"))
            .env_clear()
            .envs(variables)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let sturdy = Self {
            child: child.unwrap(),
            origin: format!("http://{addr}"),
        };
        eventually("the service has found Redis", async || {
            let ready = client().get(format!("{}/readyz", sturdy.origin));
            let ready = ready.send().await.ok()?;
            let ready = Reply::read(ready).await;
            (ready.status == 200 && ready.json()["redis"] == "up").then_some(())
        })
        .await;
        sturdy
    }

    /// Whether files may grow: the disk is full, as far as this process can tell.
    fn let_grow(&self, may: bool) {
        let current = (!may).then_some(0);
        let limit = Rlimit {
            current,
            maximum: None,
        };
        let _before = prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).unwrap();
    }

    async fn ask(&self, method: Method, path: &str) -> Reply {
        let request = client().request(method, format!("{}/api/v1{path}", self.origin));
        send(request.bearer_auth(token(TENANT))).await
    }

    async fn trends(&self, days: u32) -> Reply {
        let path = format!("/dashboard/trends?days={days}");
        self.ask(Method::GET, &path).await
    }

    async fn invalidate_trends(&self, days: u32) -> Reply {
        let path = format!("/cache?key=dashboard_trends:{TENANT}:days:{days}");
        self.ask(Method::DELETE, &path).await
    }
}

impl Drop for Sturdy {
    /// As `kill -9` does.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Thousands of invalidations wait as a few hundred, and none of them is forgotten.
async fn full_queue() -> usize {
    let redis = RedisServer::start().await;
    let proxy = TcpProxy::start(redis.port()).await;
    let cut_off = Lab::start(&proxy.url(), Settings::default()).await;
    let other = Lab::start(&redis.url(), Settings::default()).await;
    let origin = Origin::new();
    for tenant in [TENANT, "tenant-002"] {
        let _ = other.sees(tenant, &origin).await;
    }
    proxy.refuse(true);
    proxy.cut_all();
    let tenant = cut_off.cache.tenant(&TenantId::new(TENANT).unwrap());
    let mut most = 0;
    let now = origin.write();
    for number in 0..QUEUED {
        // None of them but the first is about what is stored.
        let tag = if number == 0 {
            "shown".to_owned()
        } else {
            format!("product:{number}")
        };
        let scope = Scope::Tag(Tag::new(&tag).unwrap());
        let _ = tenant.invalidate(&[scope]).await.unwrap();
        most = most.max(cut_off.cache.pending_invalidations());
    }
    assert!(0 < most && most <= WAITING_MAX, "{most}");
    proxy.heal();
    eventually("what was queued is applied", async || {
        (cut_off.cache.pending_invalidations() == 0).then_some(())
    })
    .await;
    eventually("the other node heeds it", async || {
        (other.sees(TENANT, &origin).await == now).then_some(())
    })
    .await;
    assert_eq!(
        other.sees("tenant-002", &origin).await,
        now - 1,
        "of another tenant nothing was invalidated"
    );
    most
}

/// When the process has synced files, by the wall clock: what `strace` says of it. `None` if it cannot be traced here.
struct Trace {
    child: Child,
    log: std::path::PathBuf,
}

impl Trace {
    async fn attach(service: &Sturdy, folder: &Path) -> Option<Self> {
        let log = folder.join("trace");
        let mut child = Command::new("strace")
            .args(["-f", "-ttt", "-e", "trace=fsync,fdatasync", "-p"])
            .arg(service.child.id().to_string())
            .arg("-o")
            .arg(&log)
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let status = format!("/proc/{}/status", service.child.id());
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let is_traced = std::fs::read_to_string(&status)
                .is_ok_and(|status| status.contains(&format!("TracerPid:\t{}\n", child.id())));
            if is_traced {
                return Some(Self { child, log });
            }
            if child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return None;
            }
        }
        let _ = child.kill();
        None
    }

    fn syncs(&self) -> Vec<f64> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let times = log
            .lines()
            .filter_map(|line| line.split_whitespace().nth(1)?.parse().ok());
        times.collect()
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wall() -> f64 {
    SystemClock::default().wall().as_secs_f64()
}

#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f54_the_queue_is_full_the_disk_is_full_the_process_is_killed() {
    let most = full_queue().await;

    let (world, redis) = (World::start().await, RedisServer::start().await);
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("state");
    let service = Sturdy::start(&world, &redis, &state).await;
    for days in 1..=4 {
        service.trends(days).await.assert_miss();
    }
    redis.freeze();

    // What is acknowledged is on the disk by then.
    let trace = Trace::attach(&service, folder.path()).await;
    let sent = wall();
    let reply = service.invalidate_trends(1).await;
    let answered = wall();
    assert_eq!(reply.json()["status"], "queued", "{reply:?}");
    let synced = match &trace {
        Some(trace) => {
            eventually("the trace is written", async || {
                trace
                    .syncs()
                    .last()
                    .is_some_and(|at| *at > sent)
                    .then_some(())
            })
            .await;
            let syncs = trace.syncs();
            assert!(
                syncs.iter().any(|at| (sent..answered).contains(at)),
                "{sent} {answered} {syncs:?}"
            );
            "synced before the answer"
        }
        None => "sync not traced (no strace)",
    };
    drop(trace);

    // What cannot be put there is not said to be, and holds all the same.
    service.let_grow(false);
    let reply = service.invalidate_trends(2).await;
    assert_eq!(reply.status, 503, "{reply:?}");
    service.trends(2).await.assert_miss();
    service.let_grow(true);
    let reply = service.invalidate_trends(3).await;
    assert_eq!(reply.json()["status"], "queued", "{reply:?}");

    // Killed with all of that queued: the next process heeds it before it answers anything.
    drop(service);
    redis.thaw();
    let service = Sturdy::start(&world, &redis, &state).await;
    for days in 1..=3 {
        service.trends(days).await.assert_miss();
    }
    service.trends(4).await.assert_hit("redis");
    seen(
        "F54",
        format!(
            "{QUEUED} wait as {most}, 0 lost; disk full (RLIMIT_FSIZE): 503 and in force here; {synced}; after kill -9 applied before the first hit"
        ),
    );
}
