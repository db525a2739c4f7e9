//! Everything has a bound: the local tier's bytes, the number of tenants.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tenantcache::{Cache, Loaded, Scope, Source, Status, Tenant};

use crate::support::{Bench, LoadResult, Origin, came, endpoint, status, tenant, text};

const MIB: u64 = 1 << 20;

#[tokio::test(start_paused = true)]
async fn the_local_tier_never_exceeds_its_bound() {
    let bench = Bench::with(|builder| builder.with_local_bytes_max(MIB));
    for n in 0..4_000_usize {
        let body = vec![0; (n * 7_919) % 60_000];
        let load = async move |_| LoadResult::Ok(Loaded::new(body));
        let entry = bench.entry().param("id", n % 500);
        let _ = entry.reload().get_or_load(load).await.unwrap();
        let usage = bench.cache.local_usage();
        assert!(usage.used_bytes <= usage.max_bytes, "{usage:?} after {n}");
    }
    let usage = bench.cache.local_usage();
    assert_eq!(usage.max_bytes, MIB);
    assert!(
        usage.used_bytes > MIB / 2 && usage.evictions > 1_000,
        "{usage:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_too_large_is_served_but_not_kept() {
    let bench = Bench::with(|builder| builder.with_local_bytes_max(MIB));
    let read = async || {
        let load = async |_| LoadResult::Ok(Loaded::new(vec![7; 600 << 10]));
        bench.entry().get_or_load(load).await.unwrap()
    };
    for _ in 0..2 {
        let answer = read().await;
        assert_eq!(
            (status(&answer), answer.body().len()),
            (Status::Miss, 600 << 10)
        );
        assert!(!answer.outcome().stored);
    }
    let usage = bench.cache.local_usage();
    assert_eq!((usage.rejections, usage.entries), (2, 0));
}

/// What replaces a value of its key, and is too large, must not leave the old value to be served instead.
#[tokio::test(start_paused = true)]
async fn a_value_that_is_too_large_takes_the_place_of_the_old_one() {
    let bench = Bench::with(|builder| builder.with_local_bytes_max(MIB));
    let origin = Origin::default();
    let _ = origin.read(bench.entry()).await;
    let load = async |_| LoadResult::Ok(Loaded::new(vec![7; 600 << 10]));
    let _ = bench.entry().reload().get_or_load(load).await.unwrap();
    assert!(bench.entry().get().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_local_tier_of_nothing_keeps_nothing() {
    let bench = Bench::with(|builder| builder.with_local_bytes_max(0));
    let origin = Origin::default();
    for call in 1..=3 {
        let answer = origin.read(bench.entry()).await;
        assert_eq!(came(answer.outcome()), (Status::Miss, Source::Origin));
        assert_eq!(origin.calls(), call);
    }
    assert_eq!(bench.cache.local_usage().used_bytes, 0);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_tenant_starts_cold() {
    let bench = Bench::with(|builder| builder.with_tenants_max(4));
    let origin = Origin::default();
    let _ = origin.read(bench.entry()).await;
    for n in 0..1_000 {
        for _visit in 0..3 {
            let _ = bench.tenant(&format!("other-{n}"));
        }
    }
    assert!(bench.cache.tenants().len() <= 4);
    let answer = origin.read(bench.entry()).await;
    assert_eq!((status(&answer), text(&answer)), (Status::Miss, "answer 2"));
    assert_eq!(status(&origin.read(bench.entry()).await), Status::Hit);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_in_use_is_never_forgotten() {
    for tenants_max in [0, 1, 4] {
        let bench = Bench::with(|builder| builder.with_tenants_max(tenants_max));
        let origin = Origin::default();
        let held: Vec<Tenant> = (0..200).map(|n| bench.tenant(&format!("t{n}"))).collect();
        for tenant in &held {
            let _ = origin.read(tenant.entry(&endpoint("products"))).await;
        }
        for (n, tenant) in held.iter().enumerate() {
            let again = bench.tenant(&format!("t{n}"));
            let _ = again.invalidate(&[Scope::Tenant]).await.unwrap();
            let found = tenant.entry(&endpoint("products")).get().await.unwrap();
            assert!(found.is_none(), "both handles are one tenant's");
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Invalidate(u8),
    Read(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0..12_u8).prop_map(Step::Invalidate),
        4 => (0..12_u8).prop_map(Step::Read),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However often tenants are forgotten and come back, nobody gets what was invalidated, nor another's value.
    #[test]
    fn forgetting_tenants_brings_nothing_back(steps in proptest::collection::vec(step(), 1..200)) {
        let cache = Cache::builder().with_tenants_max(3).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut rounds: BTreeMap<u8, u32> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Invalidate(n) => {
                        *rounds.entry(n).or_default() += 1;
                        let tenant = tenant(&cache, &format!("t{n}"));
                        let _ = tenant.invalidate(&[Scope::Tenant]).await.unwrap();
                    }
                    Step::Read(n) => {
                        let expected = format!("t{n} in round {}", rounds.entry(n).or_default());
                        let load = expected.clone();
                        let entry = tenant(&cache, &format!("t{n}")).entry(&endpoint("products"));
                        let answer = entry.get_or_load(async move |_| LoadResult::Ok(Loaded::new(load)));
                        assert_eq!(text(&answer.await.unwrap()), expected);
                    }
                }
            }
        });
    }
}
