//! How long a value lives: jitter, negative entries, the loader's own wishes.

use std::collections::BTreeSet;
use std::time::Duration;

use tenantcache::{Loaded, Policy, Status};

use crate::support::{Bench, LoadResult, Origin, endpoint, policy, seconds, status, text};

#[tokio::test(start_paused = true)]
async fn jitter_spreads_soft_ttls_within_its_bounds() {
    let bench = Bench::new(Policy::new(seconds(100)).with_jitter_percent(10));
    let origin = Origin::default();
    let mut seen = BTreeSet::new();
    for id in 0..200 {
        let ttl = origin.read(bench.entry().param("id", id)).await.soft_ttl();
        assert!((seconds(90)..=seconds(110)).contains(&ttl), "{ttl:?}");
        seen.insert(ttl);
    }
    assert!(seen.len() > 100, "{} different ones", seen.len());
    bench.clock.advance(seconds(200));
    for id in 0..200 {
        let found = bench.entry().param("id", id).get().await.unwrap();
        assert!(found.is_none(), "jitter never moves the hard TTL");
    }
}

#[tokio::test(start_paused = true)]
async fn without_jitter_and_grace_ttls_are_exact() {
    let bench = Bench::new(policy());
    assert_eq!(
        Origin::default().read(bench.entry()).await.soft_ttl(),
        seconds(60)
    );
    assert_eq!(bench.entry().ttl(), seconds(60));
}

#[tokio::test(start_paused = true)]
async fn the_default_ttls_are_those_of_the_dashboard() {
    let bench = Bench::with(|builder| builder.with_policies(tenantcache::PolicyTable::default()));
    for (name, ttl) in [
        ("dashboard_kpis", 300),
        ("products", 600),
        ("sentiment_overview", 900),
        ("forecast_demand", 1_800),
        ("something_else", 300),
    ] {
        let entry = bench.tenant("a").entry(&endpoint(name));
        assert_eq!(entry.ttl(), seconds(ttl), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_negative_entry_is_a_hit_until_its_own_ttl() {
    let bench = Bench::new(policy().with_negative_ttl(seconds(30)));
    let miss = async || {
        let load = async |_| LoadResult::Ok(Loaded::missing());
        bench.entry().get_or_load(load).await.unwrap()
    };
    let first = miss().await;
    assert!(first.is_missing() && first.body().is_empty() && first.outcome().stored);
    bench.clock.advance(Duration::from_millis(29_999));
    let found = bench.entry().get().await.unwrap().unwrap();
    assert!(found.is_missing());
    bench.clock.advance(Duration::from_millis(1));
    assert!(
        bench.entry().get().await.unwrap().is_none(),
        "it has no grace"
    );
    assert_eq!(status(&miss().await), Status::Miss);
}

#[tokio::test(start_paused = true)]
async fn a_negative_ttl_of_zero_keeps_nothing() {
    let bench = Bench::new(policy().with_negative_ttl(Duration::ZERO));
    let load = async |_| LoadResult::Ok(Loaded::missing());
    let answer = bench.entry().get_or_load(load).await.unwrap();
    assert!(!answer.outcome().stored);
    assert!(bench.entry().get().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_loader_may_choose_the_ttl() {
    let bench = Bench::default();
    let load = async |_| LoadResult::Ok(Loaded::new("brief").with_ttl(seconds(5)));
    let answer = bench.entry().get_or_load(load).await.unwrap();
    assert_eq!(answer.soft_ttl(), seconds(5));
    let at = async |millis: u64| {
        bench.clock.advance(Duration::from_millis(millis));
        bench.entry().get().await.unwrap().map(|a| status(&a))
    };
    assert_eq!(at(4_999).await, Some(Status::Hit));
    assert_eq!(
        at(1).await,
        Some(Status::StaleHit),
        "grace is as long as the chosen TTL"
    );
    assert_eq!(at(5_000).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_loader_may_ask_not_to_store() {
    let bench = Bench::default();
    let load = async |_| LoadResult::Ok(Loaded::new("secret").do_not_store());
    let answer = bench.entry().get_or_load(load).await.unwrap();
    assert_eq!((text(&answer), answer.outcome().stored), ("secret", false));
    assert!(bench.entry().get().await.unwrap().is_none());
    assert_eq!(bench.cache.local_usage().entries, 0);
}

#[tokio::test(start_paused = true)]
async fn age_counts_from_the_beginning_of_the_load() {
    let bench = Bench::default();
    let (read, mut load) = crate::support::read_held(bench.entry());
    load.begun().await;
    bench.clock.advance(seconds(3));
    load.give("slow");
    assert_eq!(read.await.unwrap().unwrap().age(), seconds(3));
    bench.clock.advance(seconds(57));
    let found = bench.entry().get().await.unwrap().unwrap();
    assert_eq!(status(&found), Status::StaleHit);
}
