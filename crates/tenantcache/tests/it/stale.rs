//! Grace: what is served between the soft and the hard TTL, and what never after.

use std::time::Duration;

use futures_util::future::join_all;
use tenantcache::clock::ManualClock;
use tenantcache::{Cache, ErrorKind, Source, Status};

use crate::shared_tier::{SharedTier, node};
use crate::support::{
    Bench, Origin, came, endpoint, policy, read_held, seconds, settle, status, tenant, text,
};

/// A bench whose one entry, `answer 1`, is this old.
async fn aged(bench: Bench, age: u64) -> (Bench, Origin) {
    let origin = Origin::default();
    let _ = origin.read(bench.entry()).await;
    bench.clock.advance(seconds(age));
    (bench, origin)
}

#[tokio::test(start_paused = true)]
async fn a_stale_entry_is_served_at_once_and_refreshed_once() {
    let (bench, origin) = aged(Bench::default(), 61).await;
    let (first, mut load) = read_held(bench.entry());
    let answer = first.await.unwrap().unwrap();
    assert_eq!(came(answer.outcome()), (Status::StaleHit, Source::Local));
    assert_eq!((text(&answer), answer.age()), ("answer 1", seconds(61)));
    load.begun().await;
    for answer in join_all((0..50).map(|_| origin.read(bench.entry()))).await {
        assert_eq!(
            (status(&answer), text(&answer)),
            (Status::StaleHit, "answer 1")
        );
    }
    assert_eq!(origin.calls(), 1, "the refresh under way is the only one");
    load.give("refreshed");
    settle().await;
    let answer = origin.read(bench.entry()).await;
    assert_eq!((status(&answer), text(&answer)), (Status::Hit, "refreshed"));
    assert_eq!(answer.age(), Duration::ZERO);
}

/// What is read often is loaded anew before it is stale: nobody is given a stale value, and nobody waits.
#[tokio::test(start_paused = true)]
async fn an_entry_is_refreshed_before_it_is_stale_if_wanted() {
    let eager = || Bench::new(policy().with_eager_refresh_percent(90));
    let (bench, origin) = aged(eager(), 53).await;
    assert_eq!(text(&origin.read(bench.entry()).await), "answer 1");
    settle().await;
    assert_eq!(origin.calls(), 1, "90 % are 54 s");
    bench.clock.advance(seconds(1));
    assert!(
        bench.entry().hit().is_none(),
        "only a read with a load refreshes"
    );
    let (first, mut load) = read_held(bench.entry());
    let answer = first.await.unwrap().unwrap();
    assert_eq!((status(&answer), text(&answer)), (Status::Hit, "answer 1"));
    load.begun().await;
    let answer = origin.read(bench.entry()).await;
    assert_eq!((status(&answer), text(&answer)), (Status::Hit, "answer 1"));
    assert_eq!(origin.calls(), 1, "the refresh under way is the only one");
    load.give("refreshed");
    settle().await;
    let answer = bench.entry().hit().expect("it is fresh");
    assert_eq!((text(&answer), answer.age()), ("refreshed", Duration::ZERO));
}

/// The second node finds what the first has loaded.
#[tokio::test(start_paused = true)]
async fn nodes_refresh_an_entry_early_once_for_all() {
    let clock = ManualClock::new();
    let tier = SharedTier::new(&clock);
    let policy = policy().with_eager_refresh_percent(90);
    let node = || node(&tier, &clock, policy.clone());
    let (nodes, origin) = ([node(), node()], Origin::default());
    let entry = |node: &Cache| tenant(node, "a").entry(&endpoint("products"));
    for node in &nodes {
        assert_eq!(text(&origin.read(entry(node)).await), "answer 1");
    }
    clock.advance(seconds(54));
    for node in &nodes {
        let answer = origin.read(entry(node)).await;
        assert_eq!((status(&answer), text(&answer)), (Status::Hit, "answer 1"));
        settle().await;
    }
    assert_eq!(origin.calls(), 2);
    for node in &nodes {
        assert_eq!(text(&entry(node).hit().expect("it is fresh")), "answer 2");
    }
}

/// One that fails leaves the entry as fresh as it was, and is not repeated at once.
#[tokio::test(start_paused = true)]
async fn an_eager_refresh_that_fails_is_not_repeated_at_once() {
    let bench = Bench::new(policy().with_eager_refresh_percent(90));
    let (bench, origin) = aged(bench, 55).await;
    for _ in 0..3 {
        let answer = origin.fail(bench.entry()).await.unwrap();
        assert_eq!((status(&answer), text(&answer)), (Status::Hit, "answer 1"));
        settle().await;
    }
    assert_eq!(origin.calls(), 2, "the load, and one refresh");
}

#[tokio::test(start_paused = true)]
async fn soft_and_hard_ttl_are_exact() {
    for (millis, expected) in [
        (59_999, Status::Hit),
        (60_000, Status::StaleHit),
        (119_999, Status::StaleHit),
        (120_000, Status::Miss),
    ] {
        let (bench, origin) = aged(Bench::default(), 0).await;
        bench.clock.advance(Duration::from_millis(millis));
        let answer = origin.read(bench.entry()).await;
        assert_eq!(status(&answer), expected, "at {millis} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_soft_time_out_a_request_waits_then_takes_the_stale_value() {
    let bench = Bench::new(policy().with_load_timeout_soft(seconds(1)));
    let (bench, origin) = aged(bench, 61).await;
    let begun = tokio::time::Instant::now();
    let (read, mut load) = read_held(bench.entry());
    let answer = read.await.unwrap().unwrap();
    assert_eq!(
        (status(&answer), text(&answer)),
        (Status::StaleHit, "answer 1")
    );
    assert_eq!(begun.elapsed(), seconds(1));
    load.begun().await;
    load.give("late");
    settle().await;
    assert_eq!(
        text(&origin.read(bench.entry()).await),
        "late",
        "the load went on"
    );
}

#[tokio::test(start_paused = true)]
async fn within_the_soft_time_out_a_request_gets_the_new_value() {
    let bench = Bench::new(policy().with_load_timeout_soft(seconds(1)));
    let (bench, _) = aged(bench, 61).await;
    let (read, mut load) = read_held(bench.entry());
    load.begun().await;
    load.give("in time");
    let answer = read.await.unwrap().unwrap();
    assert_eq!((status(&answer), text(&answer)), (Status::Miss, "in time"));
}

/// The stale value reached its hard TTL while the request waited for the soft time-out.
#[tokio::test(start_paused = true)]
async fn a_value_that_expires_during_the_wait_is_not_served() {
    let bench = Bench::new(policy().with_load_timeout_soft(seconds(1)));
    let (bench, _) = aged(bench, 119).await;
    let (read, mut load) = read_held(bench.entry());
    load.begun().await;
    bench.clock.advance(seconds(1));
    tokio::time::sleep(seconds(2)).await;
    assert!(!read.is_finished());
    load.give("new");
    assert_eq!(text(&read.await.unwrap().unwrap()), "new");
}

#[tokio::test(start_paused = true)]
async fn a_load_that_times_out_leaves_the_stale_value() {
    let policy = policy()
        .with_load_timeout_soft(seconds(10))
        .with_load_timeout(seconds(5));
    let (bench, _) = aged(Bench::new(policy), 61).await;
    let (read, _load) = read_held(bench.entry());
    let answer = read.await.unwrap().unwrap();
    assert_eq!(
        (status(&answer), text(&answer)),
        (Status::StaleHit, "answer 1")
    );
    assert!(answer.outcome().load_failed);
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_fails_is_covered_within_grace_and_no_longer() {
    let bench = Bench::new(policy().with_load_timeout_soft(seconds(1)));
    let (bench, origin) = aged(bench, 61).await;
    let answer = origin.fail(bench.entry()).await.unwrap();
    assert_eq!(
        (status(&answer), text(&answer)),
        (Status::StaleHit, "answer 1")
    );
    assert!(answer.outcome().load_failed);
    bench.clock.advance(seconds(58));
    assert!(origin.fail(bench.entry()).await.is_ok(), "119 s old");
    bench.clock.advance(seconds(1));
    let error = origin.fail(bench.entry()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoadFailed, "120 s old");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_failed_is_not_repeated_for_a_second() {
    let (bench, origin) = aged(Bench::default(), 61).await;
    let fail = async || {
        let answer = origin.fail(bench.entry()).await.unwrap();
        assert_eq!(
            (status(&answer), text(&answer)),
            (Status::StaleHit, "answer 1")
        );
        settle().await;
    };
    fail().await;
    assert_eq!(origin.calls(), 2);
    for _ in 0..10 {
        bench.clock.advance(Duration::from_millis(99));
        fail().await;
    }
    assert_eq!(origin.calls(), 2, "990 ms later");
    bench.clock.advance(Duration::from_millis(10));
    fail().await;
    assert_eq!(origin.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_policy_without_grace_never_serves_stale() {
    let (bench, origin) = aged(Bench::new(policy().with_grace(Duration::ZERO)), 60).await;
    assert!(origin.fail(bench.entry()).await.is_err());
    assert_eq!(status(&origin.read(bench.entry()).await), Status::Miss);
}
