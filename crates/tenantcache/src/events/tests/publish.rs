use tenantcache_core::{Scope, TenantId};

use super::{endpoint, endpoint_scope, event, tag_scope, tenant};
use crate::events::{Event, Rule, Rules};
use crate::{Cache, Invalidation, Loaded};

fn cache() -> Cache {
    let rule = Rule::new()
        .with_endpoint(endpoint("products"))
        .with_tag("product:{subject}".parse().unwrap());
    let rules = Rules::new().with("product.updated", rule).unwrap();
    Cache::builder().with_event_rules(rules).build().unwrap()
}

async fn fill(cache: &Cache, tenant: &TenantId, name: &str) {
    let load = async |_| Ok::<_, std::io::Error>(Loaded::new("a value"));
    let entry = cache.tenant(tenant).entry(&endpoint(name));
    let _ = entry.get_or_load(load).await.unwrap();
}

async fn has(cache: &Cache, tenant: &TenantId, name: &str) -> bool {
    let entry = cache.tenant(tenant).entry(&endpoint(name));
    entry.get().await.unwrap().is_some()
}

fn generation(outcome: Option<Invalidation>) -> u64 {
    match outcome {
        Some(Invalidation::Applied { generation }) => generation.get(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_event_invalidates_by_its_rule_in_its_tenant_alone() {
    let cache = cache();
    let (a, b) = (tenant("tenant-001"), tenant("tenant-002"));
    for tenant in [&a, &b] {
        for name in ["products", "dashboard_kpis"] {
            fill(&cache, tenant, name).await;
        }
    }
    let event = event("product.updated", Some("101"));
    for repeated in 1..=100 {
        let published = cache.publish(&event).await.unwrap();
        assert_eq!(
            published.scopes,
            [endpoint_scope("products"), tag_scope("product:101")]
        );
        assert_eq!(generation(published.outcome), repeated);
    }
    assert!(!has(&cache, &a, "products").await);
    assert!(has(&cache, &a, "dashboard_kpis").await);
    assert!(has(&cache, &b, "products").await);
    assert_eq!(
        (cache.counters().events, cache.counters().events_unmatched),
        (100, 0)
    );
}

#[tokio::test]
async fn an_unknown_kind_changes_nothing_and_is_counted() {
    let cache = cache();
    let published = cache
        .publish(&event("weather.changed", None))
        .await
        .unwrap();
    assert_eq!((published.scopes, published.outcome), (vec![], None));
    assert_eq!(
        (cache.counters().events, cache.counters().events_unmatched),
        (1, 1)
    );
    assert_eq!(cache.counters().event_kinds, [("other".to_owned(), 0, 1)]);
    assert!(cache.tenants().is_empty(), "no tenant is made up for it");
}

#[tokio::test]
async fn events_of_one_tenant_share_an_invalidation() {
    let cache = cache();
    let of = |tenant: &str, kind: &str, subject: &str| {
        let event = Event::new("1", "/s", kind, &TenantId::new(tenant).unwrap()).unwrap();
        event.with_subject(subject).unwrap()
    };
    let events = [
        of("a", "product.updated", "1"),
        of("b", "product.updated", "1"),
        of("a", "product.updated", "2"),
        of("a", "weather.changed", "2"),
        of("a", "product.updated", "1"),
    ];
    let published = cache.publish_all(&events).await.unwrap();
    let generations: Vec<u64> = [0, 1, 2, 4]
        .map(|at: usize| generation(published[at].outcome))
        .into();
    assert_eq!(generations, [1, 1, 1, 1]);
    assert_eq!(published[3].outcome, None);
    let kinds = cache.counters().event_kinds;
    let expected = [("other", 0, 1), ("product.updated", 4, 0)];
    assert_eq!(
        kinds,
        expected.map(|(kind, matched, not)| (kind.to_owned(), matched, not))
    );
    let counts = cache.counters().invalidations;
    let tags = counts.iter().find(|(name, ..)| *name == "tag").unwrap();
    assert_eq!(tags.1, 3, "each scope once a tenant");

    // One event that cannot say what it is about covers all the others of its tenant.
    let vague = Event::new("2", "/s", "product.updated", &tenant("a")).unwrap();
    let published = cache
        .publish_all(&[events[0].clone(), vague])
        .await
        .unwrap();
    assert_eq!(published[0].scopes.len(), 2);
    assert_eq!(published[1].scopes, [Scope::Tenant]);
    assert_eq!(cache.publish_all(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_thousand_subjects_are_all_invalidated() {
    let cache = cache();
    let events: Vec<_> = (0..1_000)
        .map(|n| event("product.updated", Some(&n.to_string())))
        .collect();
    let tenant = tenant("tenant-001");
    let load = async |_| {
        let tags = (0..200).map(|n| tenantcache_core::Tag::new(&format!("product:{n}")).unwrap());
        Ok::<_, std::io::Error>(Loaded::new("a value").with_tags(tags))
    };
    let entry = cache.tenant(&tenant).entry(&endpoint("alerts"));
    let _ = entry.clone().get_or_load(load).await.unwrap();
    let published = cache.publish_all(&events).await.unwrap();
    assert_eq!(published.len(), 1_000);
    assert!(entry.get().await.unwrap().is_none());
}

#[tokio::test]
async fn a_batch_may_be_about_many_tenants() {
    let cache = cache();
    let ids: Vec<_> = (0..300).map(|n| tenant(&format!("tenant-{n}"))).collect();
    let events: Vec<_> = ids
        .iter()
        .cycle()
        .take(900)
        .map(|id| Event::new("1", "/s", "product.updated", id).unwrap())
        .collect();
    for id in &ids {
        fill(&cache, id, "products").await;
    }
    let published = cache.publish_all(&events).await.unwrap();
    assert_eq!(published.len(), 900);
    for one in published {
        assert_eq!(generation(one.outcome), 1);
    }
    for id in &ids {
        assert!(!has(&cache, id, "products").await, "{id}");
    }
}
