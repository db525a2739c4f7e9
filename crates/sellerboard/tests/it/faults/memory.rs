//! What memory is used for, measured in processes of their own: F71, and a part of F90.

use std::env;
use std::fs;
use std::io;
use std::ops::Range;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tenantcache::remote::Remote;
use tenantcache::{Cache, Endpoint, Loaded, TenantId};
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::RedisServer;
use tokio::task::JoinSet;

use super::report::{is_long, seen};
use crate::node::eventually;

/// What [`a_part_idle_tenants`] is to do: how many tenants, and on which Redis.
const TENANTS: &str = "FAULTS_IDLE_TENANTS";
const REDIS: &str = "FAULTS_IDLE_TENANTS_REDIS";
/// The bound, in bytes, that [`a_part_full_tier`] is to fill.
const BOUND: &str = "FAULTS_FULL_TIER";
/// Before the figures of a part, on a line of their own.
const FIGURES: &str = "figures:";

/// Memory of this process, in bytes.
fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.unwrap().trim().trim_end_matches(" kB");
    kibibytes.parse::<u64>().unwrap() * 1024
}

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

async fn flights_over() {
    eventually("the flights are over", async || {
        (tasks() < 20).then_some(())
    })
    .await;
}

/// Runs a part, a test of this file, in a process of its own; gives its figures.
fn figures<const N: usize>(part: &str, variables: &[(&str, String)]) -> [u64; N] {
    let mut command = Command::new(env::current_exe().unwrap());
    let name = format!("faults::memory::{part}");
    command.args(["--exact", &name, "--ignored", "--nocapture"]);
    let output = command.envs(variables.iter().cloned()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.split_once(FIGURES));
    let (_, figures) = line.unwrap_or_else(|| panic!("{output:?}"));
    let figures: Vec<u64> = figures
        .split_whitespace()
        .map(|figure| figure.parse().unwrap())
        .collect();
    figures.try_into().unwrap()
}

/// One read of each of `count` tenants, 64 at a time.
async fn read_once(cache: &Cache, prefix: &'static str, count: usize) {
    const AT_ONCE: usize = 64;
    let mut readers = JoinSet::new();
    for first in 0..AT_ONCE {
        let cache = cache.clone();
        readers.spawn(async move {
            let endpoint = Endpoint::new("dashboard_kpis").unwrap();
            for number in (first..count).step_by(AT_ONCE) {
                // As long as a UUID.
                let id = TenantId::new(&format!("{prefix}-{number:031}")).unwrap();
                let entry = cache.tenant(&id).entry(&endpoint);
                let load = async |_| Ok::<_, io::Error>(Loaded::new("1"));
                let _answer = entry.get_or_load(load).await.unwrap();
            }
        });
    }
    readers.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a part of f71, in a process of its own"]
async fn a_part_idle_tenants() {
    let Ok(count) = env::var(TENANTS) else {
        return;
    };
    let count: usize = count.parse().unwrap();
    let mut builder = Cache::builder().with_local_bytes_max(4 << 20);
    if let Ok(url) = env::var(REDIS) {
        let options = RedisOptions::new(&url).unwrap();
        let tier = RedisTier::start(options.with_command_timeout(Duration::from_secs(20)));
        tier.ready().await;
        builder = builder.with_remote(Arc::new(tier) as Arc<dyn Remote>);
    }
    let cache = builder.build().unwrap();
    // The local tier is full, and what connections and tasks need is there, before anything is measured.
    read_once(&cache, "warm", 15_000).await;
    flights_over().await;
    let (warm, before) = (cache.tenants().len(), resident_bytes());
    read_once(&cache, "idle", count).await;
    flights_over().await;
    let after = resident_bytes();
    let known = cache.tenants().len() - warm;
    let bytes = after.saturating_sub(before) / u64::try_from(known).unwrap();
    println!("{FIGURES} {bytes} {known} {}", tasks());
}

#[tokio::test]
#[ignore = "a part of f90, in a process of its own"]
async fn a_part_full_tier() {
    const BODY_BYTES: usize = 4_000;
    let Ok(bound) = env::var(BOUND) else {
        return;
    };
    let bytes: u64 = bound.parse().unwrap();
    let cache = |bytes| {
        Cache::builder()
            .with_local_bytes_max(bytes)
            .build()
            .unwrap()
    };
    let fill = async |cache: &Cache, numbers: Range<u64>| {
        let tenant = cache.tenant(&TenantId::new("tenant-001").unwrap());
        let endpoint = Endpoint::new("products").unwrap();
        for number in numbers {
            let entry = tenant.entry(&endpoint).param("n", number);
            let load = async |_| Ok::<_, io::Error>(Loaded::new(vec![b'1'; BODY_BYTES]));
            let _answer = entry.get_or_load(load).await.unwrap();
        }
    };
    // The program's own pages are there before anything is measured.
    fill(&cache(1 << 20), 0..1_000).await;
    let cache = cache(bytes);
    let before = resident_bytes();
    // Nearly full, with nothing evicted yet; then full, and everything replaced twice.
    let fits = bytes * 9 / 10 / (BODY_BYTES as u64 + 300);
    fill(&cache, 0..fits).await;
    let (said, grown) = (cache.local_usage().used_bytes, resident_bytes() - before);
    fill(&cache, fits..3 * fits).await;
    let (full, replaced) = (cache.local_usage().used_bytes, resident_bytes() - before);
    println!("{FIGURES} {said} {grown} {full} {replaced}");
}

/// What the local tier says it uses and by how much the process has grown, nearly full; the same again when it is full
/// and everything was replaced twice.
pub(super) fn full_tier(bound: u64) -> [u64; 4] {
    figures("a_part_full_tier", &[(BOUND, bound.to_string())])
}

fn idle_tenants(count: usize, redis: Option<&RedisServer>) -> [u64; 3] {
    let mut variables = vec![(TENANTS, count.to_string())];
    variables.extend(redis.map(|redis| (REDIS, redis.url())));
    figures("a_part_idle_tenants", &variables)
}

fn used_memory(redis: &RedisServer) -> u64 {
    let info = redis.cli(&["INFO", "memory"]);
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    used.unwrap().trim().parse().unwrap()
}

#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f71_a_million_tenants_with_one_request_each() {
    const LIMIT: u64 = 512;
    let redis = RedisServer::start().await;
    let empty = used_memory(&redis);
    let count = if is_long() { 1_000_000 } else { 25_000 };
    let (connected, alone) = std::thread::scope(|scope| {
        let connected = scope.spawn(|| idle_tenants(count, Some(&redis)));
        let alone = scope.spawn(|| idle_tenants(1_000_000, None));
        (connected.join().unwrap(), alone.join().unwrap())
    });
    let ([with_redis, known, _], [bytes, kept, tasks]) = (connected, alone);
    assert!(
        bytes <= LIMIT && with_redis <= LIMIT,
        "{bytes} {with_redis}"
    );
    // What came before is forgotten to make room; that bound holds, too.
    assert!((950_000..=1_000_000).contains(&kept), "{kept}");
    assert!(tasks < 20, "{tasks}");

    let table = redis.cli(&["RANDOMKEY"]);
    let tenant = table
        .split(':')
        .find(|part| part.contains("-0000"))
        .unwrap();
    let key = format!("tenantcache:table:{tenant}");
    let candidates = [key.clone(), format!("tenantcache:table:{{{tenant}}}")];
    let sizes = candidates.map(|key| redis.cli(&["MEMORY", "USAGE", &key]));
    let size: u64 = sizes
        .iter()
        .find_map(|size| size.trim().parse().ok())
        .unwrap();
    let all = (used_memory(&redis) - empty) / (known + 15_000);
    // A million tables, with all that stands beside them: what a small server has.
    assert!(
        size * 1_000_000 < 1 << 30 && all * 1_000_000 < 2 << 30,
        "{size} {all}"
    );
    seen(
        "F71",
        format!(
            "{bytes} B per tenant ({kept} alone), {with_redis} B ({known} with Redis); {tasks} tasks; in Redis {size} B a table, {all} B with entry and index"
        ),
    );
}
