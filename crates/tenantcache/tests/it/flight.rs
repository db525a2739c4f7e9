//! Single flight: one load, whoever asks, however it ends.

use std::time::Duration;

use futures_util::future::join_all;
use tenantcache::{ErrorKind, Source, Status};

use crate::support::{
    Bench, LoadResult, Origin, came, held, policy, read_held, seconds, settle, status, text,
};

#[tokio::test(start_paused = true)]
async fn many_callers_share_one_load() {
    let bench = Bench::default();
    let origin = Origin::default();
    let answers = join_all((0..200).map(|_| origin.read(bench.entry()))).await;
    assert_eq!(origin.calls(), 1);
    assert!(answers.iter().all(|answer| text(answer) == "answer 1"));
    let collapsed = answers.iter().filter(|a| a.outcome().collapsed).count();
    assert_eq!(collapsed, 199);
    assert_eq!(bench.cache.counters().total.collapsed, 199);
}

#[tokio::test(start_paused = true)]
async fn waiters_get_the_value_when_the_first_caller_is_dropped() {
    let bench = Bench::default();
    let (first, mut load) = read_held(bench.entry());
    load.begun().await;
    let (second, mut unused) = read_held(bench.entry());
    settle().await;
    first.abort();
    settle().await;
    load.give("value");
    let answer = second.await.unwrap().unwrap();
    assert_eq!((text(&answer), answer.outcome().collapsed), ("value", true));
    assert!(!unused.has_begun());
}

#[tokio::test(start_paused = true)]
async fn keys_do_not_wait_for_each_other() {
    let bench = Bench::default();
    let (_waiting, mut load) = read_held(bench.entry());
    load.begun().await;
    let origin = Origin::default();
    assert_eq!(
        text(&origin.read(bench.entry().param("id", 1)).await),
        "answer 1"
    );
    let other = bench.tenant("b").entry(&"products".parse().unwrap());
    assert_eq!(text(&origin.read(other).await), "answer 2");
}

async fn fault() -> LoadResult {
    panic!("the loader's own fault")
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_an_error_to_all_and_the_next_call_loads() {
    let bench = Bench::default();
    let panicking = || {
        bench.entry().get_or_load(async |_| {
            settle().await;
            fault().await
        })
    };
    for answer in join_all((0..3).map(|_| panicking())).await {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::LoadPanicked);
    }
    let origin = Origin::default();
    assert_eq!(status(&origin.read(bench.entry()).await), Status::Miss);
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_first_await_is_an_error_too() {
    let bench = Bench::default();
    let answer = bench
        .entry()
        .get_or_load(|_| -> std::future::Ready<LoadResult> { panic!("the loader's own fault") });
    assert_eq!(answer.await.unwrap_err().kind(), ErrorKind::LoadPanicked);
}

#[tokio::test(start_paused = true)]
async fn an_error_reaches_all_with_its_source_and_is_not_cached() {
    let bench = Bench::default();
    let origin = Origin::default();
    for answer in join_all((0..3).map(|_| origin.fail(bench.entry()))).await {
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoadFailed);
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "the origin is down");
    }
    assert_eq!(origin.calls(), 1);
    assert_eq!(text(&origin.read(bench.entry()).await), "answer 2");
}

#[tokio::test(start_paused = true)]
async fn a_load_ends_at_its_hard_time_out() {
    let bench = Bench::new(policy().with_load_timeout(seconds(5)));
    let begun = tokio::time::Instant::now();
    let (answer, load) = read_held(bench.entry());
    assert_eq!(
        answer.await.unwrap().unwrap_err().kind(),
        ErrorKind::LoadTimedOut
    );
    assert_eq!(begun.elapsed(), seconds(5));
    load.give("too late");
    settle().await;
    assert!(bench.entry().get().await.unwrap().is_none());
    assert_eq!(
        text(&Origin::default().read(bench.entry()).await),
        "answer 1"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_as_long_as_it_likes() {
    let bench = Bench::default();
    let (_detached, mut load) = read_held(bench.entry());
    load.begun().await;
    let (loader, _unused) = held();
    let impatient =
        tokio::time::timeout(Duration::from_millis(10), bench.entry().get_or_load(loader));
    assert!(impatient.await.is_err());
    load.give("value");
    settle().await;
    let answer = bench.entry().get().await.unwrap().unwrap();
    assert_eq!(came(answer.outcome()), (Status::Hit, Source::Local));
}
