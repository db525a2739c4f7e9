//! F69, F70: many readers of one key, and one reader of many.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tenantcache::{Cache, ErrorKind, Loaded, TenantId};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::report::seen;

/// The memory that this process takes, in KiB.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse().unwrap()
}

fn percentile(mut times: Vec<Duration>, percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f69_fifty_thousand_readers_of_a_cold_key_cost_one_load() {
    const READERS: usize = 50_000;
    let load_time = Duration::from_secs(2);
    let cache = Cache::builder().build().unwrap();
    let tenant = cache.tenant(&TenantId::new("tenant-001").unwrap());
    let entry = tenant.entry(&"products".parse().unwrap());
    let loads = Arc::new(AtomicUsize::new(0));
    let before = resident_kib();
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (entry, loads) = (entry.clone(), Arc::clone(&loads));
        readers.spawn(async move {
            let begun = Instant::now();
            let answer = entry.get_or_load(async move |_| {
                loads.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(load_time).await;
                Ok::<_, std::io::Error>(Loaded::new("value"))
            });
            assert_eq!(answer.await.unwrap().body(), b"value");
            begun.elapsed()
        });
    }
    let began = Instant::now();
    while began.elapsed() < load_time / 2 {
        tokio::time::sleep(load_time / 20).await;
    }
    let per_reader = (resident_kib().saturating_sub(before)) * 1_024 / READERS;
    let times = readers.join_all().await;
    assert_eq!((times.len(), loads.load(Ordering::SeqCst)), (READERS, 1));
    let p99 = percentile(times, 99);
    assert!(p99 < load_time + Duration::from_secs(4), "{p99:?}");
    assert!(per_reader < 8 << 10, "{per_reader} bytes a reader");

    // From here on they are hits, and do not get in each other's way.
    let hits = async |tasks: usize, of_each: usize| {
        let begun = Instant::now();
        let mut all = JoinSet::new();
        for _ in 0..tasks {
            let entry = entry.clone();
            all.spawn(async move {
                for _ in 0..of_each {
                    let load = async |_| Err::<Loaded, _>(std::io::Error::other("no load"));
                    let answer = entry.clone().get_or_load(load).await.unwrap();
                    assert!(answer.outcome().status.is_hit());
                }
            });
        }
        all.join_all().await;
        begun.elapsed() / u32::try_from(tasks * of_each).unwrap()
    };
    let (one, two) = (hits(1, 40_000).await, hits(2, 40_000).await);
    assert!(two < one * 3, "{one:?} alone, {two:?} of two");
    seen(
        "F69",
        format!(
            "{READERS} readers, 1 load of {load_time:?}: p99 {p99:.2?}, {per_reader} B a waiter; then a hit takes {one:.1?}, with two at once {two:.1?}"
        ),
    );
}

/// Reads of a shop's pages: few that are wanted often, and about half that are wanted once.
fn trace(requests: usize) -> Vec<usize> {
    const KNOWN: usize = 4_000;
    let mut random = fastrand::Rng::with_seed(70);
    let mut sum = 0.0;
    let sums: Vec<_> = (1..=KNOWN)
        .map(|rank| {
            sum += 1.0 / f64::powf(f64::from(u16::try_from(rank).unwrap()), 0.9);
            sum
        })
        .collect();
    let mut once = KNOWN;
    (0..requests)
        .map(|_| {
            if random.f64() < 0.15 {
                once += 1;
                once
            } else {
                sums.partition_point(|at| *at < random.f64() * sum)
                    .min(KNOWN - 1)
            }
        })
        .collect()
}

/// The share of hits of that trace in a local tier of so many MiB, with so many reads of a scanner for each of its own.
async fn hit_ratio(trace: &[usize], mib: u64, scans: usize) -> f64 {
    let cache = Cache::builder()
        .with_local_bytes_max(mib << 20)
        .build()
        .unwrap();
    let tenant = |id: &str| cache.tenant(&TenantId::new(id).unwrap());
    let (shop, scanner) = (tenant("shop"), tenant("scanner"));
    let page = "products".parse().unwrap();
    let load = async |_| Ok::<_, std::io::Error>(Loaded::new(vec![7; 16 << 10]));
    let (mut hits, mut scanned) = (0.0, 0);
    for id in trace {
        let answer = shop
            .entry(&page)
            .param("id", id)
            .get_or_load(load)
            .await
            .unwrap();
        hits += f64::from(u8::from(answer.outcome().status.is_hit()));
        for _ in 0..scans {
            scanned += 1;
            let _ = scanner
                .entry(&page)
                .param("id", scanned)
                .get_or_load(load)
                .await
                .unwrap();
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a few thousand requests")]
    let all = trace.len() as f64;
    100.0 * hits / all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f70_a_tenants_storm_of_cold_keys_is_its_own_problem() {
    const KEYS: usize = 100_000;
    let cache = Cache::builder().build().unwrap();
    let page = "products".parse().unwrap();
    let tenant = |id: &str| cache.tenant(&TenantId::new(id).unwrap());
    let (quiet, noisy) = (tenant("quiet"), tenant("noisy"));
    let noisy_loads = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    let load = async |_| {
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok::<_, std::io::Error>(Loaded::new("value"))
    };
    // Hits and cold reads of the quiet tenant, one after another: how long they took.
    let mut cold = 0;
    let mut look = async |count: usize| {
        let (mut hits, mut misses) = (Vec::new(), Vec::new());
        for _ in 0..count {
            cold += 1;
            let begun = Instant::now();
            let answer = quiet
                .entry(&page)
                .param("cold", cold)
                .get_or_load(load)
                .await;
            assert_eq!(answer.unwrap().body(), b"value");
            misses.push(begun.elapsed());
            for _ in 0..10 {
                let begun = Instant::now();
                let answer = quiet.entry(&page).get_or_load(load).await;
                assert_eq!(answer.unwrap().body(), b"value");
                hits.push(begun.elapsed());
            }
        }
        (percentile(hits, 99), percentile(misses, 99))
    };
    look(1).await;
    let alone = look(100).await;
    let storm = async {
        let next = AtomicUsize::new(0);
        let (mut loaded, mut shed) = (0_usize, 0_usize);
        let workers = (0..200).map(async |_| {
            let (mut loaded, mut shed) = (0, 0);
            loop {
                let at = next.fetch_add(1, Ordering::SeqCst);
                if at >= KEYS {
                    return (loaded, shed);
                }
                let counts = Arc::clone(&noisy_loads);
                let answer = noisy
                    .entry(&page)
                    .param("id", at)
                    .get_or_load(async move |_| {
                        let (now, peak) = (&counts.0, &counts.1);
                        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(1)).await;
                        now.fetch_sub(1, Ordering::SeqCst);
                        Ok::<_, std::io::Error>(Loaded::new("value"))
                    });
                match answer.await {
                    Ok(_) => loaded += 1,
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Overloaded);
                        shed += 1;
                        // As a client that is told to come again.
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
            }
        });
        for (of_one, shed_of_one) in join_all(workers).await {
            loaded += of_one;
            shed += shed_of_one;
        }
        (loaded, shed)
    };
    let ((loaded, shed), beside) = tokio::join!(storm, look(200));
    let peak = noisy_loads.1.load(Ordering::SeqCst);
    assert_eq!((peak, loaded + shed), (16, KEYS));
    assert_eq!(cache.load_usage().under_way, 0);
    assert!(
        beside.1 < alone.1 * 20 + Duration::from_millis(200),
        "{alone:?}, beside {beside:?}"
    );

    let trace = trace(12_000);
    let fair = hit_ratio(&trace, 4, 0).await;
    let whole = hit_ratio(&trace, 8, 0).await;
    let scanned = [hit_ratio(&trace, 8, 1).await, hit_ratio(&trace, 8, 5).await];
    assert!(whole >= fair && scanned[0] > 0.0);
    seen(
        "F70",
        format!(
            "{loaded} loads, {shed} shed, peak {peak}; other tenant's p99: load {:.0?}, was {:.0?}; hits: half {fair:.1} %, whole {whole:.1} %, beside a scan x1 {:.1} %, x5 {:.1} %",
            beside.1, alone.1, scanned[0], scanned[1],
        ),
    );
}
