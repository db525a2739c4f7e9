//! A caller that goes away, at whatever point, ends nothing and strands nobody.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::join;
use tenantcache::{Answer, Change, Invalidation, Loaded, Scope, Status};

use crate::support::{Bench, LoadResult, Origin, settle, status, text};

/// Polls a future so many times, then drops it. Gives whether it had ended by then.
struct DropAfter<F> {
    future: Option<Pin<Box<F>>>,
    polls_left: usize,
}

impl<F: Future> DropAfter<F> {
    fn new(future: F, polls: usize) -> Self {
        Self {
            future: Some(Box::pin(future)),
            polls_left: polls,
        }
    }
}

impl<F: Future> Future for DropAfter<F> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        if self.polls_left == 0 {
            self.future = None;
            return Poll::Ready(false);
        }
        self.polls_left -= 1;
        let future = self
            .future
            .as_mut()
            .expect("it is not polled after its end");
        if future.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Runs `check` with more and more polls, until the future that it drops ends by itself.
async fn at_every_point(mut check: impl AsyncFnMut(usize) -> bool) {
    for polls in 0..1_000 {
        if check(polls).await {
            assert!(polls > 0);
            return;
        }
    }
    panic!("it never ends");
}

/// A read whose load takes a while.
async fn read_slowly(bench: &Bench, origin: &Origin) -> Answer {
    let origin = origin.clone();
    let load = async move |_| {
        settle().await;
        LoadResult::Ok(origin.load())
    };
    bench.entry().get_or_load(load).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_dropped_read_strands_nobody() {
    at_every_point(async |polls| {
        let bench = Bench::default();
        let origin = Origin::default();
        let ended = DropAfter::new(read_slowly(&bench, &origin), polls).await;
        let other = Origin::default().read(bench.entry().param("id", 1)).await;
        assert_eq!(text(&other), "answer 1");
        let same = origin.read(bench.entry()).await;
        assert_eq!(text(&same), "answer 1", "after {polls} polls");
        assert_eq!(origin.calls(), 1, "after {polls} polls");
        ended
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_strands_nobody() {
    at_every_point(async |polls| {
        let bench = Bench::default();
        let origin = Origin::default();
        let waiter = async {
            tokio::task::yield_now().await;
            read_slowly(&bench, &origin).await
        };
        let (first, ended) =
            join(read_slowly(&bench, &origin), DropAfter::new(waiter, polls)).await;
        assert_eq!(text(&first), "answer 1");
        assert_eq!(status(&origin.read(bench.entry()).await), Status::Hit);
        assert_eq!(origin.calls(), 1, "after {polls} polls");
        ended
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_invalidation_is_completed_once_polled() {
    at_every_point(async |polls| {
        let bench = Bench::default();
        let origin = Origin::default();
        let _ = origin.read(bench.entry()).await;
        let tenant = bench.tenant("a");
        let ended = DropAfter::new(tenant.invalidate(&[Scope::Tenant]), polls).await;
        settle().await;
        let gone = bench.entry().get().await.unwrap().is_none();
        assert_eq!(gone, polls > 0, "after {polls} polls");
        let again = tenant.invalidate(&[Scope::Tenant]).await.unwrap();
        assert!(matches!(again, Invalidation::Applied { .. }));
        ended
    })
    .await;
}

/// Whoever stops to wait for a change, at whatever point, misses none.
#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_a_change_loses_none() {
    let bench = Bench::default();
    let tenant = bench.tenant("a");
    let mut changes = tenant.changes();
    for polls in 0..10 {
        let _ = DropAfter::new(changes.next(), polls).await;
        let _ = tenant.invalidate(&[Scope::Tenant]).await.unwrap();
        assert_eq!(changes.next().await, Change::Everything);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_insert_leaves_all_or_nothing() {
    at_every_point(async |polls| {
        let bench = Bench::default();
        let entry = bench.entry();
        let insert = async {
            let ticket = entry.begin().await;
            entry.insert(ticket, Loaded::new("inserted")).await.unwrap()
        };
        let ended = DropAfter::new(insert, polls).await;
        let found = entry.get().await.unwrap();
        assert_eq!(found.is_some(), ended, "after {polls} polls");
        assert_eq!(
            text(&Origin::default().read(entry).await),
            if ended { "inserted" } else { "answer 1" }
        );
        ended
    })
    .await;
}
