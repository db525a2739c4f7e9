//! A hit at once: what it gives, and when it gives nothing.

use tenantcache::clock::ManualClock;
use tenantcache::{Cache, Consistency, EntryRef, Scope, Source, Status};

use crate::shared_tier::{Mode, SharedTier, node};
use crate::support::{Bench, Origin, came, endpoint, policy, seconds, settle, tenant, text};

/// A bench whose one entry is `answer 1`.
async fn filled() -> Bench {
    let bench = Bench::default();
    let _ = Origin::default().read(bench.entry()).await;
    bench
}

fn requests(bench: &Bench) -> u64 {
    bench.cache.counters().total.requests()
}

#[tokio::test(start_paused = true)]
async fn a_fresh_entry_is_given_at_once_and_counted_as_any_hit() {
    let bench = filled().await;
    bench.clock.advance(seconds(59));
    let answer = bench.entry().hit().unwrap();
    assert_eq!(came(answer.outcome()), (Status::Hit, Source::Local));
    assert_eq!((text(&answer), answer.age()), ("answer 1", seconds(59)));
    let counters = bench.cache.counters();
    let endpoint = counters.endpoints["products"];
    for requests in [
        counters.total,
        endpoint.requests,
        bench.tenant("a").counters(),
    ] {
        assert_eq!((requests.fresh_hits, requests.requests()), (1, 2));
    }
    assert_eq!(endpoint.hits_local, 1);
}

#[tokio::test(start_paused = true)]
async fn what_needs_more_than_a_look_is_neither_given_nor_counted() {
    let bench = filled().await;
    let nothing = |entry: EntryRef| {
        let counted = requests(&bench);
        assert!(entry.hit().is_none());
        assert_eq!(requests(&bench), counted);
    };
    nothing(bench.entry().reload());
    nothing(bench.entry().param("id", 1));
    nothing(bench.entry().param("", 1));
    nothing(bench.tenant("b").entry(&endpoint("products")));
    bench.clock.advance(seconds(60));
    nothing(bench.entry());
    let _ = Origin::default().read(bench.entry()).await;
    settle().await;
    assert!(bench.entry().hit().is_some(), "it was refreshed");
    let invalidated = bench.tenant("a").invalidate(&[Scope::Tenant]).await;
    assert!(invalidated.is_ok());
    nothing(bench.entry());
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_switched_off_has_no_hits() {
    let bench = Bench::with(|builder| builder.with_enabled(false));
    let _ = Origin::default().read(bench.entry()).await;
    assert!(bench.entry().hit().is_none());
}

fn entry(node: &Cache) -> EntryRef {
    tenant(node, "a").entry(&endpoint("products"))
}

#[tokio::test(start_paused = true)]
async fn a_mirror_that_is_not_proven_gives_no_hit() {
    let clock = ManualClock::new();
    let tier = SharedTier::new(&clock);
    let node = node(&tier, &clock, policy());
    let _ = Origin::default().read(entry(&node)).await;
    assert!(entry(&node).hit().is_some());
    clock.advance(seconds(2));
    assert!(entry(&node).hit().is_none());
}

/// Hits alone keep the mirror proven: each comes when the last proof is more than half over, and has it renewed.
#[tokio::test(start_paused = true)]
async fn hits_have_the_table_read_again_in_time() {
    let clock = ManualClock::new();
    let tier = SharedTier::new(&clock);
    let node = node(&tier, &clock, policy());
    let _ = Origin::default().read(entry(&node)).await;
    for _ in 0..10 {
        clock.advance(seconds(1));
        assert!(entry(&node).hit().is_some());
        settle().await;
    }
    tier.set(Mode::Away);
    clock.advance(seconds(4));
    let answer = entry(&node).hit().expect("within the outage TTL");
    assert!(answer.outcome().remote_down);
    clock.advance(seconds(1));
    assert!(entry(&node).hit().is_none(), "the last proof is 5 s old");
}

#[tokio::test(start_paused = true)]
async fn a_strict_endpoint_has_no_hits_without_asking_the_shared_tier() {
    let clock = ManualClock::new();
    let tier = SharedTier::new(&clock);
    let strict = policy().with_consistency(Consistency::Strict);
    let node = node(&tier, &clock, strict.clone());
    let _ = Origin::default().read(entry(&node)).await;
    assert!(entry(&node).hit().is_none());
    let alone = Bench::new(strict);
    let _ = Origin::default().read(alone.entry()).await;
    assert!(alone.entry().hit().is_some(), "nobody else invalidates");
}
