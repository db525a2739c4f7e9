//! No resurrection: what an acknowledged invalidation covers is not served again, whatever is under way. Each test holds
//! a load at one step, invalidates by every scope, and lets it go on.

use tenantcache::{Answer, ErrorKind, Invalidation, Loaded, Scope, Status};

use crate::support::{
    Bench, LoadResult, Origin, endpoint, policy, read_held, scopes, seconds, settle, status, tag,
    text,
};

fn entry(bench: &Bench) -> tenantcache::EntryRef {
    bench.entry().tag(tag("product:123"))
}

async fn invalidate(bench: &Bench, scope: &Scope) {
    let outcome = bench
        .tenant("a")
        .invalidate(std::slice::from_ref(scope))
        .await;
    assert!(matches!(outcome.unwrap(), Invalidation::Applied { .. }));
}

async fn found(bench: &Bench) -> Option<Answer> {
    entry(bench).get().await.unwrap()
}

/// Runs a check once for each kind of scope.
async fn by_every_scope(policy: tenantcache::Policy, mut check: impl AsyncFnMut(Bench, Scope)) {
    for at in 0..5 {
        let bench = Bench::new(policy.clone());
        let scope = scopes(&bench).swap_remove(at);
        check(bench, scope).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stored_value_is_gone_and_others_are_not() {
    by_every_scope(policy(), async |bench, scope| {
        let origin = Origin::default();
        let _ = origin.read(entry(&bench)).await;
        let untouched = [
            bench.tenant("a").entry(&endpoint("dashboard_kpis")),
            bench
                .tenant("b")
                .entry(&endpoint("products"))
                .tag(tag("product:123")),
        ];
        for entry in &untouched {
            let _ = origin.read(entry.clone()).await;
        }
        invalidate(&bench, &scope).await;
        assert!(found(&bench).await.is_none(), "{scope}");
        let [kpis, other_tenants] = untouched;
        assert!(other_tenants.get().await.unwrap().is_some(), "{scope}");
        let kpis = kpis.get().await.unwrap();
        assert_eq!(kpis.is_none(), scope == Scope::Tenant, "{scope}");
    })
    .await;
}

/// A waiter that came before the invalidation may have the load's value; one that came after gets that of a newer load.
#[tokio::test(start_paused = true)]
async fn a_load_under_way_is_for_those_who_came_before() {
    by_every_scope(policy(), async |bench, scope| {
        let (before, mut old) = read_held(entry(&bench));
        old.begun().await;
        let (joined, _) = read_held(entry(&bench));
        settle().await;
        invalidate(&bench, &scope).await;
        let (after, mut new) = read_held(entry(&bench));
        new.begun().await;
        let (joined_after, mut unused) = read_held(entry(&bench));
        settle().await;
        assert!(!unused.has_begun(), "it joins the newer load: {scope}");
        old.give("old");
        let before = before.await.unwrap().unwrap();
        assert_eq!(
            (text(&before), before.outcome().stored),
            ("old", false),
            "{scope}"
        );
        assert_eq!(text(&joined.await.unwrap().unwrap()), "old", "{scope}");
        assert!(
            found(&bench).await.is_none(),
            "nothing stays behind: {scope}"
        );
        settle().await;
        assert!(
            !after.is_finished() && !joined_after.is_finished(),
            "{scope}"
        );
        new.give("new");
        for answer in [after, joined_after] {
            assert_eq!(text(&answer.await.unwrap().unwrap()), "new", "{scope}");
        }
        assert_eq!(text(&found(&bench).await.unwrap()), "new", "{scope}");
        assert_eq!(bench.cache.counters().fills_refused, 1);
    })
    .await;
}

/// The newer load may end first; the older one then puts nothing in its place.
#[tokio::test(start_paused = true)]
async fn a_load_that_ends_late_replaces_nothing() {
    by_every_scope(policy(), async |bench, scope| {
        let (before, mut old) = read_held(entry(&bench));
        old.begun().await;
        invalidate(&bench, &scope).await;
        let (after, mut new) = read_held(entry(&bench));
        new.begun().await;
        new.give("new");
        assert_eq!(text(&after.await.unwrap().unwrap()), "new");
        old.give("old");
        assert_eq!(text(&before.await.unwrap().unwrap()), "old");
        assert_eq!(text(&found(&bench).await.unwrap()), "new", "{scope}");
    })
    .await;
}

/// The value lands, and the invalidation comes before anybody has been handed it.
#[tokio::test(start_paused = true)]
async fn a_value_invalidated_between_landing_and_handing_out() {
    by_every_scope(policy(), async |bench, scope| {
        let (before, mut old) = read_held(entry(&bench));
        old.begun().await;
        old.give("old");
        invalidate(&bench, &scope).await;
        assert!(found(&bench).await.is_none(), "{scope}");
        let (after, mut new) = read_held(entry(&bench));
        new.begun().await;
        new.give("new");
        assert_eq!(
            text(&before.await.unwrap().unwrap()),
            "old",
            "it came before"
        );
        assert_eq!(text(&after.await.unwrap().unwrap()), "new", "{scope}");
    })
    .await;
}

/// A tag that the request does not imply: only the value shows, at its landing, that the load must not be shared.
#[tokio::test(start_paused = true)]
async fn a_waiter_is_checked_again_when_the_load_ends() {
    let bench = Bench::default();
    let (before, mut old) = read_held(bench.entry());
    old.begun().await;
    invalidate(&bench, &Scope::Tag(tag("product:123"))).await;
    let (after, mut new) = read_held(bench.entry());
    settle().await;
    assert!(!new.has_begun(), "nothing speaks against joining yet");
    old.end(Ok(Loaded::new("old").with_tags([tag("product:123")])));
    assert_eq!(text(&before.await.unwrap().unwrap()), "old");
    new.begun().await;
    assert!(!after.is_finished());
    new.give("new");
    assert_eq!(text(&after.await.unwrap().unwrap()), "new");
}

#[tokio::test(start_paused = true)]
async fn a_background_refresh_leaves_nothing_behind() {
    by_every_scope(policy(), async |bench, scope| {
        let origin = Origin::default();
        let _ = origin.read(entry(&bench)).await;
        bench.clock.advance(seconds(61));
        let (stale, mut refresh) = read_held(entry(&bench));
        assert_eq!(status(&stale.await.unwrap().unwrap()), Status::StaleHit);
        refresh.begun().await;
        invalidate(&bench, &scope).await;
        let (after, mut new) = read_held(entry(&bench));
        new.begun().await;
        refresh.give("refreshed from before");
        settle().await;
        assert!(found(&bench).await.is_none(), "{scope}");
        assert!(!after.is_finished(), "neither stale nor refreshed: {scope}");
        new.give("new");
        let answer = after.await.unwrap().unwrap();
        assert_eq!(
            (status(&answer), text(&answer)),
            (Status::Miss, "new"),
            "{scope}"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_does_not_stand_in_once_invalidated() {
    let patient = policy().with_load_timeout_soft(seconds(1));
    for policy in [policy(), patient] {
        by_every_scope(policy, async |bench, scope| {
            let origin = Origin::default();
            let _ = origin.read(entry(&bench)).await;
            bench.clock.advance(seconds(61));
            assert!(origin.fail(entry(&bench)).await.is_ok());
            settle().await;
            invalidate(&bench, &scope).await;
            let error = origin.fail(entry(&bench)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LoadFailed, "{scope}");
        })
        .await;
    }
}

/// A request waits for a soft time-out with a stale value in hand, which is invalidated meanwhile. It may have it, for it
/// came before; one that comes after may not, though it waits for the same key.
#[tokio::test(start_paused = true)]
async fn a_stale_value_in_hand_is_for_those_who_came_before() {
    let patient = policy().with_load_timeout_soft(seconds(1));
    by_every_scope(patient, async |bench, scope| {
        let _ = Origin::default().read(entry(&bench)).await;
        bench.clock.advance(seconds(61));
        let (before, mut old) = read_held(entry(&bench));
        old.begun().await;
        let (joined, _) = read_held(entry(&bench));
        settle().await;
        invalidate(&bench, &scope).await;
        let (after, mut new) = read_held(entry(&bench));
        new.begun().await;
        old.end(LoadResult::Err("the origin is down"));
        tokio::time::sleep(seconds(2)).await;
        assert!(before.is_finished() && joined.is_finished(), "{scope}");
        assert!(!after.is_finished(), "{scope}");
        new.end(LoadResult::Err("the origin is down"));
        assert!(after.await.unwrap().is_err(), "{scope}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn several_scopes_are_one_generation() {
    let bench = Bench::default();
    let tenant = bench.tenant("a");
    let generation = async |scopes: &[Scope]| match tenant.invalidate(scopes).await.unwrap() {
        Invalidation::Applied { generation } => generation.get(),
        other => panic!("without a remote tier there is but one outcome: {other:?}"),
    };
    assert_eq!(generation(&scopes(&bench)).await, 1);
    assert_eq!(generation(&[Scope::Tenant]).await, 2);
    assert_eq!(bench.cache.pending_invalidations(), 0);
}
