//! What a hit costs beside the look-up in the engine that it rests on: two threads, Zipf 0.9, the machine's clock.
//!
//! `cargo bench -p tenantcache --bench hit`; `docs/library-cost.md` has the figures. A time is that of one hit on one
//! thread while the other does the same.

mod shop;

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main};
use tenantcache::clock::{Clock, SystemClock};

use shop::{Hands, Hit, Shop};

const THREADS: u64 = 2;

fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: BenchmarkId, shop: &Shop, hit: Hit) {
    let hands: Vec<_> = (0..THREADS).map(|thread| shop.hands(thread)).collect();
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|count| at_once(&hands, count, hit));
    });
}

/// How long the slower of the threads takes for `count` hits.
fn at_once(hands: &[Hands], count: u64, hit: Hit) -> Duration {
    let barrier = Barrier::new(hands.len());
    let run = |hands: &Hands| {
        barrier.wait();
        let begun = SystemClock::default().monotonic();
        for n in (0..count).zip(hands.order.iter().cycle()).map(|(_, n)| *n) {
            assert!(black_box(hit(hands, n)), "it is there");
        }
        SystemClock::default().monotonic() - begun
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = hands
            .iter()
            .map(|hands| scope.spawn(|| run(hands)))
            .collect();
        let took = threads.into_iter().map(|one| one.join().expect("it ends"));
        took.max().unwrap_or_default()
    })
}

/// Keys and entries are ready: the engine alone against the whole hit.
fn ready(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ready");
    for entries in [1_000, 100_000] {
        let shop = Shop::with_ready_keys(100, entries, SystemClock::default());
        let kinds: [(&str, Hit); 4] = [
            ("engine", Hands::engine_ready),
            ("quick_cache", Hands::quick_cache_ready),
            ("hit", Hands::hit_ready),
            ("get_or_load", Hands::get_or_load_ready),
        ];
        for (kind, hit) in kinds {
            measure(&mut group, BenchmarkId::new(kind, entries), &shop, hit);
        }
    }
}

/// Keys are built for each hit.
fn built(group: &mut BenchmarkGroup<'_, WallTime>, parameter: usize, shop: &Shop) {
    let kinds: [(&str, Hit); 2] = [
        ("engine", Hands::engine_built),
        ("get_or_load", Hands::get_or_load_built),
    ];
    for (kind, hit) in kinds {
        measure(group, BenchmarkId::new(kind, parameter), shop, hit);
    }
}

fn tenants(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tenants");
    for tenants in [1, 100, 10_000, 100_000] {
        built(
            &mut group,
            tenants,
            &Shop::new(tenants, 100_000, SystemClock::default()),
        );
    }
}

fn entries(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("entries");
    for entries in [1_000, 10_000, 100_000, 1_000_000] {
        built(
            &mut group,
            entries,
            &Shop::new(100, entries, SystemClock::default()),
        );
    }
}

/// Takes 5 GB: only by name.
fn ten_million(criterion: &mut Criterion) {
    if std::env::args().any(|arg| arg == "ten_million") {
        let mut group = criterion.benchmark_group("ten_million");
        built(
            &mut group,
            10_000_000,
            &Shop::new(100, 10_000_000, SystemClock::default()),
        );
    }
}

criterion_group! {
    name = hits;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20);
    targets = ready, tenants, entries, ten_million
}
criterion_main!(hits);
