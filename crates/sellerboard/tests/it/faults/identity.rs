//! F74 to F79: names and keys.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};
use tenantcache::core::Key;
use tenantcache::{Cache, Endpoint, Loaded, Scope, TenantId};
use testkit::RedisServer;
use tokio::sync::Barrier;

use super::report::seen;
use crate::node::{Node, send};
use crate::tokens::{SECRET, admin, claims, encode, token};
use crate::world::{READS, World};

/// A good signature over any tenant.
fn token_for(tenant: &Value) -> String {
    let mut claims = claims("tenant-001");
    claims["tenant_id"] = tenant.clone();
    encode(&claims, SECRET)
}

/// Every one of them is refused, and nothing is asked of anybody: no origin, no key in Redis.
async fn assert_refused(hostile: &[String]) {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let node = world.node_on(&redis, &[]).await;
    for id in hostile {
        let reply = node.get_as(&token_for(&json!(id)), "/dashboard/kpis").await;
        reply.problem(401, "unauthenticated");
    }
    assert_eq!(world.calls().await, 0);
    let keys = redis.cli(&["KEYS", "*"]);
    let foreign = [
        "dashboard_",
        "tenantcache:table:",
        "tenantcache:index:",
        "tenantcache:lease:",
    ];
    assert!(!foreign.iter().any(|start| keys.contains(start)), "{keys}");
    let known = node.get_as(&admin("tenant-001"), "/cache/tenants").await;
    let known = known.json().to_string();
    assert!(
        hostile
            .iter()
            .all(|id| !known.contains(&json!(id).to_string()) || id.is_empty())
    );
}

type Parts = (String, String, BTreeMap<String, String>);

/// Texts as an attacker would choose them, and any others.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ab:%~*{}]{0,5}", any::<String>()]
}

fn parts() -> impl Strategy<Value = Parts> {
    let names = text().prop_filter("a name is not empty", |name| !name.is_empty());
    let params = proptest::collection::btree_map(names, text(), 0..4);
    ("[a-b_.@+~-]{1,3}", "[a-b_.@+-]{1,3}", params)
}

fn key((endpoint, tenant, params): &Parts) -> Option<Key> {
    let bare = Key::new(&Endpoint::new(endpoint).ok()?, &TenantId::new(tenant).ok()?);
    params
        .iter()
        .try_fold(bare, |key, (name, value)| key.param(name, value))
        .ok()
}

/// Runs a property over many cases; a failure names the least of them.
fn property<S: Strategy>(cases: u32, strategy: S, holds: impl Fn(S::Value)) {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let result = runner.run(&strategy, |value| {
        holds(value);
        Ok(())
    });
    result.unwrap();
}

#[tokio::test]
async fn f74_tenant_ids_with_separators_globs_and_control_characters() {
    let hostile = [
        "a:b",
        "a*",
        "*",
        "a?",
        "[a]",
        "[a-z]",
        "{a}",
        "a%",
        "%3A",
        "a b",
        "a\0",
        "a\r\nb",
        "\n",
        "..:",
        "../a",
        "a/b",
        "/",
        "'a'",
        "\"a\"",
        "a;b",
        "a\\b",
        "a|b",
        "$a",
        "`a`",
        "a~",
        "<a>",
        "a,b",
        "a=b",
        "a&b",
        "#a",
        "tenant-001:days:30",
        "{tenant-001}",
    ]
    .map(str::to_owned);
    assert_refused(&hostile).await;
    // Any text is either of the alphabet, and stands unchanged in its key, or is no tenant.
    property(5_000, any::<String>(), |id| {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte);
        let is_sound = (1..=128).contains(&id.len()) && id.bytes().all(sound);
        let tenant = TenantId::new(&id);
        assert_eq!(tenant.is_ok(), is_sound, "{id:?}");
        if let Ok(tenant) = tenant {
            let key = Key::new(&Endpoint::new("products").unwrap(), &tenant);
            assert_eq!(key.to_string(), format!("products:{id}"));
        }
    });
    property(2_000, (parts(), parts()), |(one, other)| {
        if let (Some(first), Some(second)) = (key(&one), key(&other)) {
            assert_eq!(first.as_str() == second.as_str(), one == other);
        }
    });
    seen(
        "F74",
        format!(
            "{} ids: all 401, 0 origin calls, 0 keys in Redis; encoder injective in 2,000 pairs",
            hostile.len()
        ),
    );
}

#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f75_tenant_ids_that_look_alike() {
    let mut hostile = [
        "",
        " ",
        "tenant-001 ",
        " tenant-001",
        "ten\u{430}nt-001",
        "tenant\u{2010}001",
        "tenant-00\u{661}",
        "caf\u{e9}",
        "cafe\u{301}",
        "tenant-001\u{200b}",
        "\u{feff}tenant-001",
        "tenant\u{ad}-001",
        "\u{ff54}enant-001",
        "tenant-001\u{0}",
    ]
    .map(str::to_owned)
    .to_vec();
    hostile.push("t".repeat(129));
    assert_refused(&hostile).await;

    let world = World::start().await;
    let node = world.node(&[]).await;
    let key_of = async |tenant: &str| {
        let reply = node.get(tenant, "/dashboard/kpis").await;
        reply.cache().key.unwrap()
    };
    let own = node.get("tenant-001", "/dashboard/kpis").await;
    let mut keys = vec![own.cache().key.unwrap()];
    for tenant in [
        "TENANT-001",
        "Tenant-001",
        "tenant-001.",
        "tenant_001",
        "tenant-0001",
    ] {
        let reply = node.get(tenant, "/dashboard/kpis").await;
        assert_ne!(reply.body, own.body, "{tenant}");
        assert!(!reply.cache().hit, "{tenant}");
        keys.push(key_of(tenant).await);
    }
    let longest = "t".repeat(128);
    keys.push(key_of(&longest).await);
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len(), "{keys:?}");

    // A token of 1 MB does not get as far as its claims.
    let huge = token_for(&json!("t".repeat(1 << 20)));
    let answer = node.api(Method::GET, "/dashboard/kpis", &huge).send().await;
    let status = answer.map(|answer| answer.status().as_u16());
    assert!(matches!(status, Ok(401 | 431) | Err(_)), "{status:?}");
    node.get("tenant-001", "/dashboard/kpis")
        .await
        .assert_hit("local");
    seen(
        "F75",
        format!(
            "{} refused with 401, 7 that are alike have keys of their own, 1 MB: {status:?}",
            hostile.len()
        ),
    );
}

#[tokio::test]
#[ignore = "cargo xtask faults"]
async fn f76_another_tenant_in_parameters_headers_and_paths() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let theirs = node.get("tenant-002", "/dashboard/activity").await;
    let own = node.get("tenant-001", "/dashboard/activity").await;
    assert_ne!(own.json()["payload"], theirs.json()["payload"]);
    let assert_own = |reply: &crate::reply::Reply, what: &str| {
        assert_eq!(reply.json()["payload"], own.json()["payload"], "{what}");
        let key = reply.cache().key.unwrap();
        assert_eq!(key, "dashboard_activity:tenant-001:limit:10", "{what}");
    };
    let mut tried = 0;
    for query in [
        "limit=10&tenant_id=tenant-002",
        "tenant=tenant-002",
        "tenantid=tenant-002&TENANT_ID=tenant-002",
        "X-Tenant-Id=tenant-002",
        "limit=10#tenant-002",
    ] {
        let reply = node
            .get("tenant-001", &format!("/dashboard/activity?{query}"))
            .await;
        assert_own(&reply, query);
        tried += 1;
    }
    for name in [
        "x-tenant-id",
        "tenant-id",
        "x-original-url",
        "x-forwarded-host",
        "cookie",
        "forwarded",
    ] {
        let request = node.api(Method::GET, "/dashboard/activity", &token("tenant-001"));
        assert_own(&send(request.header(name, "tenant-002")).await, name);
        tried += 1;
    }
    for query in [
        "days=30:tenant-002",
        "days=30%3Atenant-002",
        "days=30%0d%0aX-Tenant-Id:%20tenant-002",
        "days=30%00",
    ] {
        let reply = node
            .get("tenant-001", &format!("/dashboard/trends?{query}"))
            .await;
        reply.problem(400, "invalid-parameter");
        tried += 1;
    }
    for path in [
        "/tenants/tenant-002/dashboard/kpis",
        "/tenant-002/dashboard/kpis",
        "/products/..%2F..%2Ftenant-002",
    ] {
        let reply = node.get("tenant-001", path).await;
        assert!(matches!(reply.status, 404), "{path}: {reply:?}");
        tried += 1;
    }
    for path in [
        "/cache/metrics?scope=tenant&tenant=tenant-002",
        "/cache/entries?tenant=tenant-002",
        "/cache/entry?key=dashboard_activity:tenant-002:limit:10",
    ] {
        node.get("tenant-001", path).await.problem(403, "forbidden");
        tried += 1;
    }
    node.get("tenant-002", "/dashboard/activity")
        .await
        .assert_hit("local");
    seen(
        "F76",
        format!("{tried} attempts: own data or 400, 403, 404; the other's bytes never"),
    );
}

#[tokio::test]
async fn f77_keys_are_equal_for_equal_reads_alone() {
    property(2_000, (parts(), parts()), |(one, other)| {
        if let (Some(first), Some(second)) = (key(&one), key(&other)) {
            assert_eq!(first == second, one == other, "{first} {second}");
            assert_eq!(first.as_str().parse::<Key>().as_ref(), Ok(&first));
        }
    });
    let one = |params: &[(&str, &str)]| {
        let params = params
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        key(&("e".to_owned(), "t".to_owned(), params.collect())).unwrap()
    };
    assert_ne!(one(&[("a", "b:c")]), one(&[("a:b", "c")]));
    assert_ne!(one(&[("a", "b"), ("c", "d")]), one(&[("a", "b:c:d")]));
    assert_ne!(one(&[("a", "%3A")]), one(&[("a", ":")]));

    let world = World::start().await;
    let node = world.node(&[]).await;
    for equal in [
        &[
            "/dashboard/trends",
            "/dashboard/trends?days=30",
            "/dashboard/trends?days=030",
            "/dashboard/trends?x=1&days=30",
        ][..],
        &[
            "/products?limit=5&q=mug",
            "/products?q=mug&limit=5",
            "/products?q=%20MUG&limit=05",
        ],
        &["/products", "/products?limit=20", "/products?q=%20"],
    ] {
        let calls = world.calls().await;
        node.get("tenant-001", equal[0]).await.assert_miss();
        for path in &equal[1..] {
            node.get("tenant-001", path).await.assert_hit("local");
        }
        assert_eq!(world.calls().await, calls + 1, "{equal:?}");
    }
    for twice in [
        "/dashboard/trends?days=30&days=31",
        "/dashboard/trends?days=30&days=30",
        "/products?q=a&q=b",
    ] {
        node.get("tenant-001", twice)
            .await
            .problem(400, "invalid-parameter");
    }
    seen(
        "F77",
        "2,000 pairs of inputs: equal keys for equal inputs alone; 10 spellings of 3 reads: 3 loads; repeated parameters 400",
    );
}

#[tokio::test]
async fn f78_all_hashes_of_keys_are_equal() {
    const TENANTS: usize = 8;
    const READS_EACH: usize = 8;
    const COUNT: usize = TENANTS * READS_EACH;
    let cache = Cache::builder()
        .with_tenant_loads_max(COUNT)
        .with_loads_max(COUNT)
        .dangerous_with_equal_hashes()
        .build()
        .unwrap();
    // Every load waits for all others, so that all flights are under way at once: none can have joined another.
    let (calls, all) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(COUNT)));
    let read = async |tenant: usize, n: usize| {
        let id = TenantId::new(&format!("tenant-{tenant}")).unwrap();
        let entry = cache.tenant(&id).entry(&Endpoint::new("products").unwrap());
        let (calls, all) = (Arc::clone(&calls), Arc::clone(&all));
        let load = async move |context: tenantcache::LoadContext| {
            calls.fetch_add(1, Ordering::SeqCst);
            all.wait().await;
            Ok::<_, io::Error>(Loaded::new(context.key.to_string()))
        };
        let answer = entry.param("n", n).get_or_load(load).await.unwrap();
        let expected = format!("products:tenant-{tenant}:n:{n}");
        assert_eq!(answer.body(), expected.as_bytes());
        answer.outcome().status.is_hit()
    };
    let everything = || (0..TENANTS).flat_map(|tenant| (0..READS_EACH).map(move |n| (tenant, n)));
    let flights: Vec<_> = everything().map(|(tenant, n)| read(tenant, n)).collect();
    let hits = futures_util::future::join_all(flights).await;
    assert!(hits.iter().all(|hit| !hit));
    assert_eq!(calls.load(Ordering::SeqCst), COUNT);
    for (tenant, n) in everything() {
        assert!(read(tenant, n).await, "{tenant} {n}");
    }
    let first = cache.tenant(&TenantId::new("tenant-0").unwrap());
    let _ = first.invalidate(&[Scope::Tenant]).await.unwrap();
    let endpoint = Endpoint::new("products").unwrap();
    assert!(
        first
            .entry(&endpoint)
            .param("n", 0)
            .get()
            .await
            .unwrap()
            .is_none()
    );
    for (tenant, n) in everything().filter(|(tenant, _)| *tenant > 0) {
        assert!(read(tenant, n).await, "{tenant} {n}");
    }
    seen(
        "F78",
        format!(
            "{COUNT} keys of {TENANTS} tenants with one hash: {COUNT} flights at once, {COUNT} own answers, one tenant invalidated alone"
        ),
    );
}

#[tokio::test]
async fn f79_globs_and_others_in_a_prefix_to_delete() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    // What is tried here is no matter of time.
    let variables = [("REDIS_COMMAND_TIMEOUT", "10s")];
    let node = world.node_on(&redis, &variables).await;
    for tenant in ["tenant-001", "tenant-002"] {
        for (path, _) in READS {
            node.get(tenant, path).await.ok();
        }
    }
    let ann = token("tenant-001");
    let refused = async |query: &str, status: u16, code: &str| {
        let reply = node.invalidate(&ann, query).await;
        reply.problem(status, code);
    };
    for query in ["?prefix=", "?prefix=%00", "?prefix=dash&endpoint=products"] {
        let reply = node.invalidate(&ann, query).await;
        assert_eq!(reply.status, 400, "{query}: {reply:?}");
    }
    refused("?prefix=dash&tenant=tenant-002", 403, "forbidden").await;
    refused("?key=dashboard_kpis:tenant-002", 403, "forbidden").await;
    let mut literal = 0;
    for prefix in [
        "*",
        "?",
        "dashboard*",
        "d?shboard",
        "%5Ba-z%5D",
        "%5Ba-z%5D*",
        "tenant-002",
        "dashboard_kpis:tenant-002",
        "%25",
        "dash%2A",
        "^d",
        ".*",
    ] {
        let reply = node.invalidate(&ann, &format!("?prefix={prefix}")).await;
        assert!([200, 400].contains(&reply.status), "{prefix}: {reply:?}");
        literal += 1;
    }
    assert_all_hit(&node, "tenant-001", |_| true).await;
    assert_all_hit(&node, "tenant-002", |_| true).await;
    // One that is meant: the caller's own endpoints of that name, and nobody else's.
    node.applied("tenant-001", "?prefix=dash").await;
    assert_all_hit(&node, "tenant-002", |_| true).await;
    assert_all_hit(&node, "tenant-001", |path| !path.starts_with("/dash")).await;
    node.get("tenant-001", "/dashboard/kpis")
        .await
        .assert_miss();
    seen(
        "F79",
        format!(
            "{literal} globs covered nothing; empty or two selectors 400, another tenant 403; `dash` covered the caller's alone"
        ),
    );
}

/// The tenant's entries are as they were.
async fn assert_all_hit(node: &Node, tenant: &str, which: impl Fn(&str) -> bool) {
    for (path, _) in READS.iter().filter(|(path, _)| which(path)) {
        let cache = node.get(tenant, path).await.ok();
        assert!(cache.hit, "{tenant} {path}: {cache:?}");
    }
}
