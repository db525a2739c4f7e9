//! Counters are true to the last request.

use tenantcache::{ErrorKind, Loaded, Scope, Status, TenantOrder};

use crate::support::{Bench, LoadResult, Origin, endpoint, scopes, seconds, settle};

#[tokio::test(start_paused = true)]
async fn a_hundred_and_fifty_hits_and_fifty_misses() {
    let bench = Bench::default();
    let origin = Origin::default();
    for _ in 0..4 {
        for id in 0..50 {
            let _ = origin.read(bench.entry().param("id", id)).await;
        }
    }
    let counters = bench.cache.counters();
    for requests in [
        counters.total,
        bench.tenant("a").counters(),
        counters.endpoints["products"].requests,
    ] {
        let counts = (requests.hits(), requests.misses(), requests.requests());
        assert_eq!(counts, (150, 50, 200));
    }
    let endpoint = counters.endpoints["products"];
    assert_eq!((endpoint.hits_local, endpoint.hits_remote), (150, 0));
    assert_eq!((endpoint.loads, endpoint.loads_failed), (50, 0));
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_request_is_a_hit_or_a_miss() {
    let bench = Bench::default();
    let origin = Origin::default();
    let _ = origin.read(bench.entry()).await;
    let _ = origin.read(bench.entry()).await;
    let _ = origin.read(bench.entry().reload()).await;
    let _ = bench.entry().get().await.unwrap();
    let _ = bench.entry().param("id", 1).get().await.unwrap();
    bench.clock.advance(seconds(61));
    let _ = origin.read(bench.entry()).await;
    settle().await;
    let missing = async |_| LoadResult::Ok(Loaded::missing());
    let _ = bench.entry().param("id", 2).get_or_load(missing).await;
    let _ = bench.entry().param("id", 2).get().await.unwrap();
    let failed = origin.fail(bench.entry().param("id", 3)).await;
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::LoadFailed);
    let total = bench.cache.counters().total;
    assert_eq!((total.fresh_hits, total.stale_hits), (3, 1));
    assert_eq!((total.loaded, total.reloads, total.bypasses), (4, 1, 0));
    assert_eq!((total.errors, total.requests()), (1, 9));
    assert_eq!(total.hits() + total.misses(), total.requests());
}

#[tokio::test(start_paused = true)]
async fn tenants_are_counted_apart() {
    let bench = Bench::default();
    let origin = Origin::default();
    for (tenant, reads) in [("a", 3), ("b", 1)] {
        for _ in 0..reads {
            let _ = origin
                .read(bench.tenant(tenant).entry(&endpoint("products")))
                .await;
        }
    }
    let mut tenants = bench.cache.tenants();
    tenants.sort_by(|one, other| one.0.cmp(&other.0));
    let counts: Vec<_> = tenants
        .iter()
        .map(|(id, requests)| (id.as_str(), requests.hits(), requests.misses()))
        .collect();
    assert_eq!(counts, [("a", 2, 1), ("b", 0, 1)]);
}

/// By requests a tenant without entries may stand first, by bytes only those with entries stand there at all.
#[tokio::test(start_paused = true)]
async fn the_first_tenants_are_those_with_most_requests_or_most_bytes() {
    let bench = Bench::default();
    for (tenant, reads, bytes) in [("a", 2, 100), ("b", 3, 5_000), ("c", 2, 900), ("d", 9, 0)] {
        let entry = bench.tenant(tenant).entry(&endpoint("products"));
        for _ in 0..reads {
            let body = "x".repeat(bytes);
            let load = async move |_| match bytes {
                0 => LoadResult::Err("nothing is there"),
                _ => Ok(Loaded::new(body)),
            };
            let _ = entry.clone().get_or_load(load).await;
        }
    }
    let top = |order, count| {
        let top = bench.cache.top_tenants(order, count);
        let ids = top.iter().map(|share| share.id.to_string());
        (ids.collect::<Vec<_>>().join(" "), top)
    };
    assert_eq!(top(TenantOrder::Requests, 3).0, "d b a");
    assert_eq!(top(TenantOrder::Requests, 9).0, "d b a c");
    let (ids, shares) = top(TenantOrder::Bytes, 9);
    assert_eq!(ids, "b c a");
    let own = bench.tenant("b").share();
    assert_eq!(shares[0], own);
    assert_eq!((own.requests.requests(), own.usage.entries), (3, 1));
    let all: u64 = shares.iter().map(|share| share.usage.bytes).sum();
    assert!(own.usage.bytes > 5_000 && all <= bench.cache.local_usage().used_bytes);
    assert_eq!(top(TenantOrder::Bytes, 0).0, "");
}

#[tokio::test(start_paused = true)]
async fn how_long_loads_took_is_counted_whatever_came_of_them() {
    let bench = Bench::default();
    for (id, fails) in [(1, false), (2, true)] {
        let clock = bench.clock.clone();
        let load = async move |_| {
            clock.advance(seconds(id));
            match fails {
                true => LoadResult::Err("the origin is down"),
                false => Ok(Loaded::new("[]")),
            }
        };
        let _ = bench.entry().param("id", id).get_or_load(load).await;
    }
    let seen = bench.cache.counters().endpoints["products"].load_durations;
    assert_eq!((seen.count(), seen.sum()), (2, seconds(3)));
}

#[tokio::test(start_paused = true)]
async fn refreshes_count_as_loads_and_not_as_requests() {
    let bench = Bench::default();
    let origin = Origin::default();
    let _ = origin.read(bench.entry()).await;
    bench.clock.advance(seconds(61));
    let _ = origin.fail(bench.entry()).await.unwrap();
    settle().await;
    let counters = bench.cache.counters();
    assert_eq!(counters.total.requests(), 2);
    let endpoint = counters.endpoints["products"];
    assert_eq!((endpoint.loads, endpoint.loads_failed), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn invalidations_are_counted_by_scope() {
    let bench = Bench::default();
    let tenant = bench.tenant("a");
    let _ = tenant.invalidate(&scopes(&bench)).await.unwrap();
    let _ = tenant.invalidate(&[Scope::Tenant]).await.unwrap();
    let counts = bench.cache.counters().invalidations;
    assert_eq!(
        counts,
        [
            ("endpoint", 1, 0),
            ("key", 1, 0),
            ("prefix", 1, 0),
            ("tag", 1, 0),
            ("tenant", 2, 0)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn endpoints_beyond_the_limit_are_counted_together() {
    let bench = Bench::default();
    for n in 0..300 {
        let entry = bench.tenant("a").entry(&endpoint(&format!("endpoint_{n}")));
        let _ = entry.get().await.unwrap();
    }
    let counters = bench.cache.counters();
    assert_eq!(counters.endpoints.len(), 257);
    assert_eq!(counters.endpoints["(other)"].requests.misses(), 44);
    assert_eq!(Status::NAMES.len(), 5);
}
