//! Tags: from the request, from the loader, unknown, too many.

use tenantcache::{Invalidation, Loaded, Scope, Tag, Tags};

use crate::support::{Bench, LoadResult, tag};

async fn invalidate(bench: &Bench, text: &str) {
    let outcome = bench.tenant("a").invalidate(&[Scope::Tag(tag(text))]).await;
    assert!(matches!(outcome.unwrap(), Invalidation::Applied { .. }));
}

async fn load_tagged(bench: &Bench, tags: Vec<Tag>) {
    let load = async move |_| LoadResult::Ok(Loaded::new("value").with_tags(tags));
    let entry = bench.entry().tag(tag("of the request"));
    assert!(entry.get_or_load(load).await.unwrap().outcome().stored);
}

async fn is_there(bench: &Bench) -> bool {
    bench.entry().get().await.unwrap().is_some()
}

#[tokio::test(start_paused = true)]
async fn an_entry_carries_tags_of_the_loader_and_of_the_request() {
    for killing in ["of the loader", "of the request"] {
        let bench = Bench::default();
        load_tagged(&bench, vec![tag("of the loader")]).await;
        invalidate(&bench, "of nothing").await;
        assert!(is_there(&bench).await);
        invalidate(&bench, killing).await;
        assert!(!is_there(&bench).await, "{killing}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_is_one_tenants_own() {
    let bench = Bench::default();
    load_tagged(&bench, vec![tag("shared name")]).await;
    let other = bench.tenant("b");
    let outcome = other
        .invalidate(&[Scope::Tag(tag("shared name")), Scope::Tenant])
        .await;
    assert!(matches!(outcome.unwrap(), Invalidation::Applied { .. }));
    assert!(is_there(&bench).await);
}

#[tokio::test(start_paused = true)]
async fn tags_that_only_the_value_reveals_are_covered_during_the_load() {
    let bench = Bench::default();
    let (read, mut load) = crate::support::read_held(bench.entry());
    load.begun().await;
    invalidate(&bench, "product:123").await;
    load.end(Ok(Loaded::new("old").with_tags([tag("product:123")])));
    assert!(!read.await.unwrap().unwrap().outcome().stored);
    assert!(!is_there(&bench).await);
}

#[tokio::test(start_paused = true)]
async fn too_many_tags_are_unknown_tags() {
    let many = |count: usize| (0..count).map(|n| tag(&format!("product:{n}"))).collect();
    let bench = Bench::default();
    load_tagged(&bench, many(Tags::COUNT_MAX - 1)).await;
    invalidate(&bench, "unrelated").await;
    assert!(is_there(&bench).await, "255 with that of the request");

    let bench = Bench::default();
    load_tagged(&bench, many(Tags::COUNT_MAX)).await;
    assert!(is_there(&bench).await);
    invalidate(&bench, "unrelated").await;
    assert!(!is_there(&bench).await, "256 with that of the request");
}

#[tokio::test(start_paused = true)]
async fn a_negative_entry_has_the_tags_of_the_request() {
    let bench = Bench::default();
    let entry = || bench.entry().param("id", 9).tag(tag("product:9"));
    let load = async |_| LoadResult::Ok(Loaded::missing());
    assert!(entry().get_or_load(load).await.unwrap().is_missing());
    invalidate(&bench, "product:9").await;
    assert!(entry().get().await.unwrap().is_none());
}
