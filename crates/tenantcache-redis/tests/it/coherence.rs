//! What several nodes on one server promise each other.

use std::time::Duration;

use tenantcache::remote::{Claim, Durability, Fill, HealthState, Lease, LeaseToken, Remote};
use tenantcache::{
    Change, Consistency, Endpoint, Invalidation, Key, Loaded, Policy, PolicyTable, Scope, Source,
    Status, TenantId,
};
use tenantcache_core::{Lifetime, Stamp, StoredEntry, Tags};
use tenantcache_redis::RedisOptions;
use testkit::RedisServer;

use crate::support::{Node, Origin, eventually};

const LONG: Duration = Duration::from_secs(3_600);

fn products() -> Scope {
    Scope::Endpoint(Endpoint::new("products").unwrap())
}

/// Nodes that would rely on a table for an hour if they were told of nothing.
async fn trusting_nodes(server: &RedisServer) -> [Node; 2] {
    let node = || Node::patient(server, |builder| builder.with_coherence_bound(LONG));
    let nodes = [node().await, node().await];
    for node in &nodes {
        node.settled().await;
    }
    nodes
}

#[tokio::test]
async fn other_nodes_are_told_of_an_invalidation() {
    let server = RedisServer::start().await;
    let [one, two] = trusting_nodes(&server).await;
    let origin = Origin::default();
    let read = async |node: &Node| origin.read(node.entry("a", "products")).await.outcome();
    for _ in 0..10 {
        let _ = read(&one).await;
        let _ = read(&two).await;
        eventually(async || read(&two).await.source == Source::Local).await;
        let before = origin.calls();
        let _ = one.tenant("a").invalidate(&[products()]).await.unwrap();
        eventually(async || {
            let _ = read(&two).await;
            origin.calls() > before
        })
        .await;
    }
    assert!(two.cache.counters().pushes >= 10);
    assert!(
        two.cache
            .counters()
            .lag
            .buckets()
            .iter()
            .any(|(_, count)| *count > 0)
    );
}

/// What did not change is valid again as soon as the table was read: no flush, no cold start.
#[tokio::test]
async fn a_disconnect_costs_a_read_of_the_table_and_no_load() {
    let server = RedisServer::start().await;
    let [one, two] = trusting_nodes(&server).await;
    let origin = Origin::default();
    for node in [&one, &two] {
        let _ = origin.read(node.entry("a", "products")).await;
    }
    let _ = server.cli(&["client", "kill", "type", "normal"]);
    let _ = server.cli(&["client", "kill", "type", "pubsub"]);
    for node in [&one, &two] {
        eventually(async || node.cache.is_notified()).await;
        let answer = origin.read(node.entry("a", "products")).await;
        assert_eq!(answer.outcome().status, Status::Hit);
    }
    assert_eq!(origin.calls(), 1);
}

#[tokio::test]
async fn an_invalidation_during_a_disconnect_is_found_after_it() {
    let server = RedisServer::start().await;
    let [one, two] = trusting_nodes(&server).await;
    let origin = Origin::default();
    let _ = origin.read(two.entry("a", "products")).await;
    let all = server.cli(&["client", "list"]);
    let tracking = all
        .lines()
        .find(|line| line.contains("resp=3") && line.contains(" flags=tB"));
    assert!(tracking.is_some() || all.contains("flags=t"), "{all}");
    for line in all.lines().filter(|line| line.contains("resp=3")) {
        let id = line.split(' ').next().unwrap().trim_start_matches("id=");
        let _ = server.cli(&["client", "kill", "id", id]);
    }
    let _ = one.tenant("a").invalidate(&[products()]).await.unwrap();
    eventually(async || {
        let _ = origin.read(two.entry("a", "products")).await;
        origin.calls() == 2
    })
    .await;
}

#[tokio::test]
async fn a_server_without_tracking_is_used_all_the_same() {
    let server = RedisServer::start().await;
    let _ = server.cli(&[
        "acl", "setuser", "app", "on", ">secret", "~*", "&*", "+@all", "-client",
    ]);
    let url = format!("redis://app:secret@127.0.0.1:{}/0", server.port());
    let options = RedisOptions::new(&url)
        .unwrap()
        .with_command_timeout(Duration::from_secs(10));
    let bound = Duration::from_millis(200);
    let node = || {
        Node::start_on(options.clone(), |builder| {
            builder.with_coherence_bound(bound)
        })
    };
    let (one, two) = (node().await, node().await);
    let origin = Origin::default();
    let _ = origin.read(two.entry("a", "products")).await;
    let _ = one.tenant("a").invalidate(&[products()]).await.unwrap();
    eventually(async || {
        let _ = origin.read(two.entry("a", "products")).await;
        origin.calls() == 2
    })
    .await;
    assert!(!two.cache.is_notified());
}

#[tokio::test]
async fn many_readers_on_three_nodes_cost_one_load() {
    let server = RedisServer::start().await;
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Node::patient(&server, |builder| builder).await);
    }
    let origin = Origin::default();
    let mut reads = tokio::task::JoinSet::new();
    for at in 0..60 {
        let (entry, origin) = (nodes[at % 3].entry("a", "products"), origin.clone());
        reads.spawn(async move {
            entry
                .get_or_load(async move |_| {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    Ok::<_, std::io::Error>(origin.answer())
                })
                .await
                .unwrap()
        });
    }
    while let Some(answer) = reads.join_next().await {
        assert_eq!(answer.unwrap().body(), b"answer 1");
    }
    assert_eq!(origin.calls(), 1);
}

/// The lease of a node that died ends by time; the others load then.
#[tokio::test]
async fn a_dead_holders_lease_is_taken_over() {
    let server = RedisServer::start().await;
    let timeout = Duration::from_millis(400);
    let policy = Policy::new(LONG).with_load_timeout(timeout);
    let node = Node::patient(&server, |builder| {
        builder.with_policies(PolicyTable::uniform(policy))
    })
    .await;
    let key = node.entry("a", "products").key().unwrap();
    let claim = claim(&key, 1, timeout);
    let claimed = node.tier.claim(claim).await.unwrap();
    assert!(matches!(claimed.lease, Lease::Taken));
    let origin = Origin::default();
    let begun = tokio::time::Instant::now();
    let answer = origin.read(node.entry("a", "products")).await;
    assert_eq!(answer.outcome().status, Status::Miss);
    assert!(answer.outcome().stored);
    assert!(
        begun.elapsed() >= Duration::from_millis(300),
        "it waited for the holder"
    );
    assert!(begun.elapsed() < timeout + Duration::from_secs(5));
}

fn claim(key: &Key, number: u64, lease_ttl: Duration) -> Claim<'_> {
    Claim {
        key,
        tags: &[],
        seen: &[],
        lease: lease(number),
        lease_ttl,
        force: false,
    }
}

/// Of another node than the caches of the tests.
fn lease(number: u64) -> LeaseToken {
    LeaseToken {
        node: number,
        number,
    }
}

fn entry(key: &Key, stamp: Stamp, loaded_at: u64) -> StoredEntry {
    let hour = Duration::from_secs(3_600);
    StoredEntry {
        key: key.clone(),
        schema: 0,
        stamp,
        loaded_at: Duration::from_secs(loaded_at),
        lifetime: Lifetime {
            soft: hour,
            hard: hour,
        },
        tags: Tags::none(),
        negative: false,
        content_type: String::new(),
        body: "x".into(),
        body_hash: StoredEntry::hash_body(b"x"),
    }
}

#[tokio::test]
async fn a_fill_needs_the_lease_or_that_nobody_holds_it() {
    let server = RedisServer::start().await;
    let node = Node::patient(&server, |builder| builder).await;
    let tenant = TenantId::new("a").unwrap();
    let key = Key::new(&Endpoint::new("products").unwrap(), &tenant);
    let fill = async |entry: &StoredEntry, token| node.tier.fill(entry, token).await.unwrap();
    let take = async |number, seen: &[u8]| {
        let claim = Claim {
            seen,
            ..claim(&key, number, LONG)
        };
        node.tier.claim(claim).await.unwrap()
    };
    let claimed = take(1, &[]).await;
    assert!(matches!(claimed.lease, Lease::Taken));
    let stamp = claimed.table.table.stamp();
    let (first, second) = (entry(&key, stamp, 1), entry(&key, stamp, 2));
    assert!(matches!(take(2, &[]).await.lease, Lease::Held(_)));
    assert_eq!(fill(&second, None).await, Fill::Refused);
    assert_eq!(fill(&second, Some(lease(2))).await, Fill::Refused);
    assert_eq!(fill(&second, Some(lease(1))).await, Fill::Stored);
    assert_eq!(
        fill(&first, None).await,
        Fill::Refused,
        "a later one is there"
    );
    assert_eq!(fill(&second, None).await, Fill::Stored, "nobody holds it");

    let Lease::Another(found) = take(3, &[]).await.lease else {
        panic!("there is an entry")
    };
    let head = StoredEntry::head(&found.bytes).to_vec();
    assert!(matches!(take(3, &head).await.lease, Lease::Taken));
    node.tier.release(&key, lease(1)).await.unwrap();
    assert!(
        matches!(take(4, &head).await.lease, Lease::Held(_)),
        "another's is not released"
    );
    node.invalidate(
        &tenant,
        &[Scope::Endpoint(Endpoint::new("orders").unwrap())],
    )
    .await;
    assert!(
        matches!(take(4, &head).await.lease, Lease::Held(_)),
        "another endpoint"
    );
    node.invalidate(&tenant, &[products()]).await;
    assert!(
        matches!(take(4, &head).await.lease, Lease::Taken),
        "what it brings is dead"
    );
    assert_eq!(fill(&second, Some(lease(3))).await, Fill::Refused);
    assert_eq!(
        fill(&second, Some(lease(4))).await,
        Fill::Refused,
        "outdated"
    );
    assert!(
        matches!(take(5, &head).await.lease, Lease::Taken),
        "a refusal releases"
    );
    node.tier.release(&key, lease(5)).await.unwrap();
    assert!(matches!(take(6, &head).await.lease, Lease::Taken));
    for key in server.cli(&["keys", "*"]).lines() {
        assert_ne!(server.cli(&["ttl", key]), "-1", "{key} has no end");
    }
}

#[tokio::test]
async fn a_strict_endpoint_heeds_other_nodes_at_once() {
    let server = RedisServer::start().await;
    let strict = Policy::new(LONG).with_consistency(Consistency::Strict);
    let node = || {
        let policies = PolicyTable::uniform(strict.clone());
        Node::patient(&server, |builder| {
            builder.with_policies(policies).with_coherence_bound(LONG)
        })
    };
    let (one, two) = (node().await, node().await);
    let origin = Origin::default();
    for _ in 0..200 {
        let _ = origin.read(two.entry("a", "products")).await;
        let hit = origin.read(two.entry("a", "products")).await.outcome();
        assert_eq!((hit.status, hit.source), (Status::Hit, Source::Local));
        let _ = one.tenant("a").invalidate(&[products()]).await.unwrap();
        let after = origin.read(two.entry("a", "products")).await.outcome();
        assert_eq!(after.status, Status::Miss);
    }
}

#[tokio::test]
async fn a_strict_endpoint_loads_when_there_is_no_server_to_ask() {
    let mut server = RedisServer::start().await;
    let strict = Policy::new(LONG).with_consistency(Consistency::Strict);
    let node = Node::patient(&server, |builder| {
        builder.with_policies(PolicyTable::uniform(strict))
    })
    .await;
    let origin = Origin::default();
    let _ = origin.read(node.entry("a", "products")).await;
    server.kill();
    for calls in 2..5 {
        let answer = origin.read(node.entry("a", "products")).await;
        assert_eq!(
            (answer.outcome().status, origin.calls()),
            (Status::Miss, calls)
        );
    }
    let failed = node
        .entry("a", "products")
        .get_or_load(async |_| Err::<Loaded, _>("the origin is down"));
    assert!(failed.await.is_err(), "nothing old stands in");
}

#[tokio::test]
async fn a_replicated_invalidation_says_whether_it_is() {
    let server = RedisServer::start().await;
    let node = Node::patient(&server, |builder| builder).await;
    let tenant = node.tenant("a");
    let invalidate = async || {
        let scopes = [products()];
        let outcome = tenant.invalidate_durably(&scopes, Durability::Replicated);
        outcome.await.unwrap()
    };
    assert!(matches!(
        invalidate().await,
        Invalidation::AppliedUnreplicated { .. }
    ));
    let port = server.port().to_string();
    let replica = RedisServer::builder()
        .with_config("replicaof", &["127.0.0.1", &port])
        .start()
        .await;
    eventually(async || {
        replica
            .cli(&["info", "replication"])
            .contains("master_link_status:up")
    })
    .await;
    eventually(async || matches!(invalidate().await, Invalidation::Applied { .. })).await;
}

#[tokio::test]
async fn changes_made_on_another_node_are_told() {
    let server = RedisServer::start().await;
    let [one, two] = trusting_nodes(&server).await;
    let mut changes = two.tenant("a").changes();
    // Nobody reads the tenant on that node: the subscription alone makes it follow.
    let (told, _) = tokio::join!(
        async {
            loop {
                if let Change::Scopes(scopes) = changes.next().await {
                    return scopes;
                }
            }
        },
        async {
            eventually(async || !server.cli(&["exists", "tenantcache:table:a"]).contains('0'))
                .await;
            one.tenant("a").invalidate(&[products()]).await.unwrap()
        }
    );
    assert_eq!(told.as_ref(), [products()]);
}

#[tokio::test]
async fn everything_can_be_invalidated_at_once() {
    let server = RedisServer::start().await;
    let bound = Duration::from_millis(200);
    let node = || Node::patient(&server, |builder| builder.with_coherence_bound(bound));
    let (one, two) = (node().await, node().await);
    let origin = Origin::default();
    for tenant in ["a", "b"] {
        let _ = origin.read(one.entry(tenant, "products")).await;
        let _ = origin.read(two.entry(tenant, "products")).await;
    }
    let _ = origin.read(two.entry("only-on-two", "products")).await;
    assert_eq!(origin.calls(), 3);
    one.cache.invalidate_everything().await.unwrap();
    let answer = origin.read(one.entry("a", "products")).await;
    assert_eq!(answer.outcome().status, Status::Miss);
    for tenant in ["b", "only-on-two"] {
        let before = origin.calls();
        eventually(async || {
            let _ = origin.read(two.entry(tenant, "products")).await;
            origin.calls() > before
        })
        .await;
    }
}

/// A node that is told that the server's history changed repeats what it had acknowledged, though nothing asks it to.
#[tokio::test]
async fn a_change_of_history_repeats_recent_invalidations() {
    let server = RedisServer::start().await;
    let node = Node::patient(&server, |builder| builder).await;
    let _ = node.tenant("a").invalidate(&[products()]).await.unwrap();
    // A replica that is promoted begins a history of its own; so does a primary that was one for a moment.
    let other = RedisServer::start().await;
    let port = other.port().to_string();
    let _ = server.cli(&["replicaof", "127.0.0.1", &port]);
    eventually(async || {
        server
            .cli(&["info", "replication"])
            .contains("master_link_status:up")
    })
    .await;
    let _ = server.cli(&["replicaof", "no", "one"]);
    eventually(async || server.cli(&["hget", "tenantcache:table:a", "e:products"]) == "1").await;
}

/// An older database comes back, whose tables and entries agree with each other. It had been left before the invalidation.
#[tokio::test]
async fn a_database_that_was_swapped_away_does_not_come_back() {
    let server = RedisServer::start().await;
    let [one, two] = trusting_nodes(&server).await;
    let origin = Origin::default();
    for node in [&one, &two] {
        let _ = origin.read(node.entry("a", "products")).await;
    }
    assert_eq!(server.cli(&["swapdb", "0", "1"]), "OK");
    let _ = one.tenant("a").invalidate(&[products()]).await.unwrap();
    assert_eq!(server.cli(&["swapdb", "0", "1"]), "OK");
    let after = origin.read(one.entry("a", "products")).await.outcome();
    assert_eq!(after.status, Status::Miss, "here at once");
    eventually(async || {
        let answer = origin.read(two.entry("a", "products")).await;
        answer.body() != b"answer 1"
    })
    .await;
}

/// Nobody reads, but the heartbeat sees that the database is not the one it was.
#[tokio::test]
async fn an_idle_node_notices_an_older_database() {
    let server = RedisServer::start().await;
    let node = Node::patient(&server, |builder| builder).await;
    let epoch = || server.cli(&["get", "tenantcache:epoch"]);
    eventually(async || !epoch().is_empty()).await;
    let first = epoch();
    let _ = server.cli(&["swapdb", "0", "1"]);
    eventually(async || !epoch().is_empty()).await;
    let _ = server.cli(&["swapdb", "0", "1"]);
    eventually(async || epoch() != first).await;
    node.until(HealthState::Up).await;
}
