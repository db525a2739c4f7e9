//! Loads under way are bounded by tenant and in all; what comes beyond waits, or is shed.

use std::future::pending;
use std::time::Duration;

use futures_util::future::join_all;
use tenantcache::{EntryRef, ErrorKind, Loaded, PolicyTable, Status, Unavailable};

use crate::support::{
    Bench, Held, LoadResult, Origin, policy, read_held, seconds, settle, status, text,
};

/// A bench with so few loads at a time: in all, of one tenant, waiting behind their own.
fn bounded(all: usize, tenant: usize, queue: usize) -> Bench {
    Bench::with(|builder| {
        builder
            .with_policies(PolicyTable::uniform(policy().with_load_timeout(seconds(5))))
            .with_loads_max(all)
            .with_tenant_loads_max(tenant)
            .with_tenant_loads_queue_max(queue)
    })
}

fn entry(bench: &Bench, tenant: &str, id: usize) -> EntryRef {
    let products = bench.tenant(tenant).entry(&"products".parse().unwrap());
    products.param("id", id)
}

fn under_way(bench: &Bench) -> (usize, usize, usize) {
    let usage = bench.cache.load_usage();
    (usage.under_way, usage.waiting, usage.tenants)
}

fn shed(bench: &Bench, why: &str) -> u64 {
    let shed = bench.cache.counters().loads_shed;
    shed.into_iter().find(|(name, _)| *name == why).unwrap().1
}

#[tokio::test(start_paused = true)]
async fn a_tenants_loads_beyond_its_bound_wait_and_the_rest_is_shed() {
    let bench = bounded(10, 2, 3);
    let mut loads: Vec<_> = (0..6).map(|id| read_held(entry(&bench, "a", id))).collect();
    settle().await;
    assert_eq!(under_way(&bench), (2, 3, 1));
    let begun: Vec<_> = loads.iter_mut().map(|(_, load)| load.has_begun()).collect();
    assert_eq!(begun, [true, true, false, false, false, false]);
    let (shed_read, _) = loads.pop().unwrap();
    let error = shed_read.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    let retry_after = error.retry_after().unwrap();
    assert!((seconds(1)..=seconds(3)).contains(&retry_after));
    assert_eq!(shed(&bench, "tenant_queue"), 1);

    // Another tenant's loads have nothing to do with that.
    let origin = Origin::default();
    assert_eq!(text(&origin.read(entry(&bench, "b", 0)).await), "answer 1");

    for (read, load) in loads {
        settle().await;
        load.give("value");
        assert_eq!(text(&read.await.unwrap().unwrap()), "value");
    }
    assert_eq!(under_way(&bench), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn two_hundred_readers_of_one_key_need_one_permit() {
    let bench = bounded(1, 1, 0);
    let origin = Origin::default();
    let answers = join_all((0..200).map(|_| origin.read(bench.entry()))).await;
    assert_eq!((answers.len(), origin.calls()), (200, 1));
}

#[tokio::test(start_paused = true)]
async fn a_load_has_its_time_out_with_the_wait_for_its_turn() {
    let bench = bounded(1, 1, 10);
    let begun = tokio::time::Instant::now();
    let (first, mut first_load) = read_held(entry(&bench, "a", 1));
    first_load.begun().await;
    tokio::time::sleep(seconds(3)).await;
    let (second, _second_load) = read_held(entry(&bench, "a", 2));
    let (third, mut third_load) = read_held(entry(&bench, "a", 3));
    assert_eq!(
        first.await.unwrap().unwrap_err().kind(),
        ErrorKind::LoadTimedOut
    );
    assert_eq!(begun.elapsed(), seconds(5));
    // The second had to wait for two of its five seconds; the third would have had to wait for longer than half of them.
    let third = third.await.unwrap().unwrap_err();
    assert_eq!(third.kind(), ErrorKind::Overloaded);
    assert_eq!(begun.elapsed(), Duration::from_millis(5_500));
    let second = second.await.unwrap().unwrap_err();
    assert_eq!(second.kind(), ErrorKind::LoadTimedOut);
    assert_eq!(begun.elapsed(), seconds(8));
    assert!(!third_load.has_begun());
    assert_eq!(
        (shed(&bench, "deadline"), under_way(&bench)),
        (1, (0, 0, 0))
    );
}

#[tokio::test(start_paused = true)]
async fn a_permit_comes_back_however_a_load_ends() {
    let bench = bounded(1, 1, 10);
    let panics = entry(&bench, "a", 1)
        .get_or_load(|_| -> std::future::Ready<LoadResult> { panic!("the loader's own fault") });
    assert_eq!(panics.await.unwrap_err().kind(), ErrorKind::LoadPanicked);
    let origin = Origin::default();
    origin.fail(entry(&bench, "a", 2)).await.unwrap_err();
    let hangs = entry(&bench, "a", 3).get_or_load(async |_| pending::<LoadResult>().await);
    assert_eq!(hangs.await.unwrap_err().kind(), ErrorKind::LoadTimedOut);
    assert_eq!(under_way(&bench), (0, 0, 0));
    assert_eq!(
        status(&origin.read(entry(&bench, "a", 4)).await),
        Status::Miss
    );
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_ends_and_gives_its_permit_back() {
    let bench = bounded(1, 1, 10);
    let (first, mut load) = read_held(entry(&bench, "a", 1));
    load.begun().await;
    let (second, mut second_load) = read_held(entry(&bench, "a", 2));
    settle().await;
    first.abort();
    second.abort();
    load.give("value");
    second_load.begun().await;
    second_load.give("value");
    settle().await;
    assert_eq!(under_way(&bench), (0, 0, 0));
    assert!(entry(&bench, "a", 2).get().await.unwrap().is_some());
}

/// All of the tenant's permits are taken: stale values stand in at once, and no refresh waits.
#[tokio::test(start_paused = true)]
async fn a_refresh_never_waits_for_its_turn() {
    let bench = bounded(10, 1, 10);
    let origin = Origin::default();
    let _ = origin.read(entry(&bench, "a", 1)).await;
    bench.clock.advance(seconds(61));
    let (read, mut load) = read_held(entry(&bench, "a", 2));
    load.begun().await;
    for _ in 0..10 {
        let answer = origin.read(entry(&bench, "a", 1)).await;
        assert_eq!(
            (status(&answer), text(&answer)),
            (Status::StaleHit, "answer 1")
        );
        settle().await;
    }
    assert_eq!((origin.calls(), under_way(&bench)), (1, (1, 0, 1)));
    assert_eq!(shed(&bench, "stale"), 1, "and is not tried each time");
    load.give("value");
    let _ = read.await.unwrap().unwrap();
    bench.clock.advance(seconds(3));
    let _ = origin.read(entry(&bench, "a", 1)).await;
    settle().await;
    assert_eq!(origin.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_is_shed_is_covered_by_a_stale_value() {
    let policy = policy().with_load_timeout_soft(seconds(1));
    let bench = Bench::with(|builder| {
        builder
            .with_policies(PolicyTable::uniform(policy))
            .with_tenant_loads_max(1)
    });
    let origin = Origin::default();
    let _ = origin.read(entry(&bench, "a", 1)).await;
    bench.clock.advance(seconds(61));
    let (_read, mut load) = read_held(entry(&bench, "a", 2));
    load.begun().await;
    let begun = tokio::time::Instant::now();
    let answer = origin.read(entry(&bench, "a", 1)).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert_eq!(
        (status(&answer), text(&answer)),
        (Status::StaleHit, "answer 1")
    );
    assert!(answer.outcome().load_failed);
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_asks_for_its_own_key_is_told_at_once() {
    for enabled in [true, false] {
        let bench = Bench::with(|builder| builder.with_enabled(enabled));
        let begun = tokio::time::Instant::now();
        let (outer, middle, inner) = (
            entry(&bench, "a", 1),
            entry(&bench, "a", 2),
            entry(&bench, "a", 1),
        );
        // The key's loader asks for another, whose loader asks for the first.
        let answer = outer.get_or_load(async move |_| {
            let nested = middle.get_or_load(async move |_| {
                let nested = inner.get_or_load(async |_| LoadResult::Ok(Loaded::new("never")));
                let error = nested.await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Deadlock);
                Err::<Loaded, _>(error)
            });
            nested.await.map(|_| Loaded::new("never"))
        });
        let error = answer.await.unwrap_err();
        assert_eq!(
            (error.kind(), begun.elapsed()),
            (ErrorKind::LoadFailed, Duration::ZERO)
        );
        let origin = Origin::default();
        assert_eq!(text(&origin.read(entry(&bench, "a", 1)).await), "answer 1");
    }
}

/// A load that waits for another would otherwise wait for its own permit.
#[tokio::test(start_paused = true)]
async fn a_load_within_a_load_needs_no_permit_of_its_own() {
    let bench = bounded(1, 1, 0);
    let (inner, origin) = (entry(&bench, "a", 2), Origin::default());
    let answer = entry(&bench, "a", 1).get_or_load(async move |_| {
        let answer = origin.read(inner).await;
        LoadResult::Ok(Loaded::new(answer.body_shared()))
    });
    assert_eq!(text(&answer.await.unwrap()), "answer 1");
}

#[tokio::test(start_paused = true)]
async fn without_a_cache_loads_are_bounded_all_the_same() {
    let bench = Bench::with(|builder| {
        builder
            .with_enabled(false)
            .with_tenant_loads_max(1)
            .with_tenant_loads_queue_max(1)
    });
    let (first, mut load) = read_held(bench.entry());
    load.begun().await;
    let (second, _second): (_, Held) = read_held(bench.entry());
    settle().await;
    let (third, _third): (_, Held) = read_held(bench.entry());
    assert_eq!(
        third.await.unwrap().unwrap_err().kind(),
        ErrorKind::Overloaded
    );
    // Here a load belongs to its caller.
    first.abort();
    second.abort();
    settle().await;
    assert_eq!(under_way(&bench), (0, 0, 0));
}

/// A loader's own error.
#[derive(Debug, thiserror::Error)]
#[error("the origin is busy")]
struct Busy(#[source] Unavailable);

#[tokio::test(start_paused = true)]
async fn an_origin_says_when_it_is_to_be_asked_again() {
    let bench = Bench::new(policy().with_grace(seconds(3_600)));
    let origin = Origin::default();
    let _ = origin.read(bench.entry()).await;
    bench.clock.advance(seconds(61));
    let busy = async |wait: u64| {
        let failed = bench.entry().get_or_load(async move |_| {
            let unavailable = Unavailable::new(seconds(wait));
            Err::<Loaded, _>(Busy(unavailable))
        });
        assert_eq!(status(&failed.await.unwrap()), Status::StaleHit);
        settle().await;
    };
    let loads = || bench.cache.counters().endpoints["products"].loads;
    busy(30).await;
    assert_eq!(loads(), 2);
    bench.clock.advance(seconds(29));
    busy(30).await;
    assert_eq!(loads(), 2, "29 s later");
    bench.clock.advance(seconds(1));
    busy(86_400).await;
    assert_eq!(loads(), 3, "30 s later");
    bench.clock.advance(seconds(300));
    busy(1).await;
    assert_eq!(loads(), 4, "5 min are the most");

    // Without a stale value, the caller is told.
    let other = entry(&bench, "a", 1);
    let failed = other.get_or_load(async |_| Err::<Loaded, _>(Unavailable::new(seconds(7))));
    let error = failed.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoadFailed);
    assert_eq!(error.retry_after(), Some(seconds(7)));
}
