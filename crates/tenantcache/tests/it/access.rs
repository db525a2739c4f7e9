//! Reading and writing without a loader, and the ways around the cache.

use futures_util::future::join_all;
use tenantcache::{ErrorKind, Invalidation, Loaded, Scope, Source, Status};

use crate::support::{
    Bench, Origin, came, endpoint, read_held, scopes, seconds, settle, status, tag, text,
};

#[tokio::test(start_paused = true)]
async fn get_reads_and_never_loads() {
    let bench = Bench::default();
    assert!(bench.entry().get().await.unwrap().is_none());
    let _ = Origin::default().read(bench.entry()).await;
    let found = bench.entry().get().await.unwrap().unwrap();
    assert_eq!(came(found.outcome()), (Status::Hit, Source::Local));
    assert_eq!(text(&found), "answer 1");
}

#[tokio::test(start_paused = true)]
async fn insert_stores_what_was_read_after_the_ticket() {
    let bench = Bench::default();
    let entry = bench.entry();
    let ticket = entry.begin().await;
    bench.clock.advance(seconds(2));
    let value = Loaded::new("inserted").with_content_type("text/plain");
    assert!(entry.insert(ticket, value).await.unwrap());
    let found = entry.get().await.unwrap().unwrap();
    assert_eq!(
        (text(&found), found.content_type()),
        ("inserted", "text/plain")
    );
    assert_eq!(found.age(), seconds(2), "its age counts from the ticket");
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_after_the_ticket_refuses_the_insert() {
    let bench = Bench::default();
    for scope in scopes(&bench) {
        let entry = bench.entry().tag(tag("product:123"));
        let ticket = entry.begin().await;
        let outcome = bench
            .tenant("a")
            .invalidate(std::slice::from_ref(&scope))
            .await;
        assert!(matches!(outcome.unwrap(), Invalidation::Applied { .. }));
        let stored = entry.insert(ticket, Loaded::new("old")).await.unwrap();
        assert!(!stored, "{scope}");
        assert!(entry.get().await.unwrap().is_none(), "{scope}");
    }
    assert_eq!(bench.cache.counters().fills_refused, 5);
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_of_something_else_does_not_refuse_the_insert() {
    let bench = Bench::default();
    let entry = bench.entry();
    let ticket = entry.begin().await;
    let other = [Scope::Endpoint(endpoint("dashboard_kpis"))];
    let _ = bench.tenant("a").invalidate(&other).await.unwrap();
    assert!(entry.insert(ticket, Loaded::new("value")).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn another_tenants_ticket_inserts_nothing() {
    let bench = Bench::default();
    let ticket = bench.tenant("b").entry(&endpoint("products")).begin().await;
    assert!(
        !bench
            .entry()
            .insert(ticket, Loaded::new("x"))
            .await
            .unwrap()
    );
    assert!(bench.entry().get().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn keys_are_as_documented() {
    let bench = Bench::default();
    let entry = |name: &str| bench.tenant("tenant-001").entry(&endpoint(name));
    let key = |entry: tenantcache::EntryRef| entry.key().unwrap().to_string();
    assert_eq!(key(entry("dashboard_kpis")), "dashboard_kpis:tenant-001");
    assert_eq!(
        key(entry("dashboard_trends").param("days", 30)),
        "dashboard_trends:tenant-001:days:30"
    );
    assert_eq!(
        key(entry("products").param("q", "a:b").param("limit", 20)),
        "products:tenant-001:limit:20:q:a%3Ab"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_parameter_is_an_error_at_every_use() {
    let bench = Bench::default();
    let long = "x".repeat(2_000);
    for entry in [
        bench.entry().param("", 1),
        bench.entry().param("id", 1).param("id", 2),
        bench.entry().param("q", &long),
    ] {
        let kind = |error: tenantcache::Error| error.kind();
        let invalid = ErrorKind::InvalidKey;
        assert_eq!(kind(entry.key().unwrap_err()), invalid);
        assert_eq!(kind(entry.get().await.unwrap_err()), invalid);
        assert_eq!(kind(entry.invalidate().await.unwrap_err()), invalid);
        let ticket = entry.begin().await;
        assert_eq!(
            kind(entry.insert(ticket, Loaded::new("")).await.unwrap_err()),
            invalid
        );
        assert_eq!(
            kind(Origin::default().fail(entry).await.unwrap_err()),
            invalid
        );
    }
}

#[tokio::test(start_paused = true)]
async fn get_many_answers_in_the_order_of_the_keys() {
    let bench = Bench::default();
    let origin = Origin::default();
    let entry = |id: u32| bench.entry().param("id", id);
    let _ = join_all([3, 1].map(|id| origin.read(entry(id)))).await;
    let keys = [1, 2, 3, 1].map(|id| entry(id).key().unwrap());
    let answers = bench.tenant("a").get_many(&keys).await.unwrap();
    let texts: Vec<_> = answers.iter().map(|a| a.as_ref().map(text)).collect();
    assert_eq!(
        texts,
        [Some("answer 2"), None, Some("answer 1"), Some("answer 2")]
    );
    assert!(bench.tenant("a").get_many(&[]).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn foreign_keys_are_refused_and_nothing_is_done() {
    let bench = Bench::default();
    let _ = Origin::default().read(bench.entry()).await;
    let own = bench.entry().key().unwrap();
    let other = bench.tenant("b");
    let foreign = |error: tenantcache::Error| error.kind() == ErrorKind::ForeignKey;
    let mixed = [
        other.entry(&endpoint("products")).key().unwrap(),
        own.clone(),
    ];
    assert!(foreign(other.get_many(&mixed).await.unwrap_err()));
    assert!(foreign(other.inspect(&own).await.unwrap_err()));
    let scopes = [Scope::Tenant, Scope::Key(own)];
    assert!(foreign(other.invalidate(&scopes).await.unwrap_err()));
    assert!(bench.entry().get().await.unwrap().is_some());
    assert_eq!(other.counters().requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn reload_loads_anew_whatever_is_cached() {
    let bench = Bench::default();
    let origin = Origin::default();
    let _ = origin.read(bench.entry()).await;
    let answer = origin.read(bench.entry().reload()).await;
    assert_eq!(
        (status(&answer), text(&answer)),
        (Status::Reload, "answer 2")
    );
    assert_eq!(text(&origin.read(bench.entry()).await), "answer 2");
}

#[tokio::test(start_paused = true)]
async fn reload_does_not_join_a_load_that_began_before() {
    let bench = Bench::default();
    let (first, mut first_load) = read_held(bench.entry());
    first_load.begun().await;
    let (second, mut second_load) = read_held(bench.entry().reload());
    second_load.begun().await;
    first_load.give("began before");
    second_load.give("began after");
    assert_eq!(text(&first.await.unwrap().unwrap()), "began before");
    assert_eq!(text(&second.await.unwrap().unwrap()), "began after");
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_fails_leaves_the_entry() {
    let bench = Bench::default();
    let origin = Origin::default();
    let _ = origin.read(bench.entry()).await;
    let answer = origin.fail(bench.entry().reload()).await.unwrap();
    assert!(answer.outcome().load_failed);
    assert_eq!(text(&answer), "answer 1");
    assert_eq!(status(&origin.read(bench.entry()).await), Status::Hit);
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_switched_off_loads_every_time() {
    let bench = Bench::with(|builder| builder.with_enabled(false));
    let origin = Origin::default();
    for call in 1..=3 {
        let answer = origin.read(bench.entry()).await;
        assert_eq!(came(answer.outcome()), (Status::Bypass, Source::Origin));
        assert_eq!(text(&answer), format!("answer {call}"));
        assert!(!answer.outcome().stored);
    }
    assert!(origin.fail(bench.entry()).await.is_err());
    let ticket = bench.entry().begin().await;
    assert!(
        !bench
            .entry()
            .insert(ticket, Loaded::new("x"))
            .await
            .unwrap()
    );
    assert!(bench.entry().get().await.unwrap().is_none());
    assert_eq!(bench.cache.local_usage().entries, 0);
    let outcome = bench
        .tenant("a")
        .invalidate(&[Scope::Tenant])
        .await
        .unwrap();
    assert!(matches!(outcome, Invalidation::Applied { .. }));
    assert_eq!(bench.cache.counters().total.bypasses, 3);
}

#[tokio::test(start_paused = true)]
async fn operators_see_keys_and_entries() {
    let bench = Bench::default();
    let origin = Origin::default();
    let _ = origin.read(bench.entry()).await;
    let _ = origin.read(bench.entry().param("id", 7)).await;
    let _ = origin
        .read(bench.tenant("ab").entry(&endpoint("products")))
        .await;
    let keys = bench.tenant("a").keys("products", None, 10).await;
    let texts: Vec<_> = keys.iter().map(tenantcache::Key::as_str).collect();
    assert_eq!(texts, ["products:a", "products:a:id:7"]);
    let page = bench.tenant("a").keys("", Some("products:a"), 1).await;
    assert_eq!(page, keys[1..]);
    let seen = async || bench.tenant("a").inspect(&keys[0]).await.unwrap();
    let details = seen().await;
    assert_eq!(details.len(), 1);
    assert_eq!((details[0].tier, details[0].valid), (Source::Local, true));
    let _ = bench.entry().invalidate().await.unwrap();
    assert!(seen().await.iter().all(|details| !details.valid));
}
