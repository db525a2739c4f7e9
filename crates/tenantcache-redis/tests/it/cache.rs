//! The cache over Redis: what one node loads, all have; what one invalidates, no node serves.

use std::sync::Arc;
use std::time::Duration;

use tenantcache::clock::ManualClock;
use tenantcache::remote::HealthState;
use tenantcache::{
    Endpoint, EndpointPrefix, Invalidation, Loaded, Policy, PolicyTable, Scope, Source, Status,
    Tag, TenantId,
};
use tenantcache_redis::RedisOptions;
use testkit::RedisServer;
use tokio::sync::oneshot;

use crate::support::{Node, Origin, eventually, text};

#[tokio::test]
async fn a_second_node_hits_what_the_first_one_loaded() {
    let server = RedisServer::start().await;
    let (one, two) = (Node::start(&server).await, Node::start(&server).await);
    let origin = Origin::default();
    let first = origin.read(one.entry("tenant-001", "dashboard_kpis")).await;
    assert_eq!(
        (first.outcome().status, first.outcome().stored),
        (Status::Miss, true)
    );

    let second = origin.read(two.entry("tenant-001", "dashboard_kpis")).await;
    assert_eq!(
        (second.outcome().status, second.outcome().source),
        (Status::Hit, Source::Remote)
    );
    assert_eq!(second.body(), first.body());
    assert_eq!(second.content_type(), "text/plain");
    assert_eq!(second.body_hash(), first.body_hash());
    let third = origin.read(two.entry("tenant-001", "dashboard_kpis")).await;
    assert_eq!(third.outcome().source, Source::Local);
    assert_eq!(origin.calls(), 1);
}

#[tokio::test]
async fn an_entry_stands_under_its_key_until_its_hard_ttl() {
    let server = RedisServer::start().await;
    let node = Node::start(&server).await;
    let _ = Origin::default()
        .read(
            node.entry("tenant-001", "dashboard_trends")
                .param("days", 30),
        )
        .await;
    let key = "dashboard_trends:tenant-001:days:30";
    assert!(server.cli(&["get", key]).contains("answer 1"));
    let ttl: u64 = server.cli(&["ttl", key]).parse().unwrap();
    assert!((590..=600).contains(&ttl), "{ttl}");
    let mut keys: Vec<String> = server
        .cli(&["keys", "*"])
        .lines()
        .map(str::to_owned)
        .collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            key,
            "tenantcache:epoch",
            "tenantcache:index:tenant-001",
            "tenantcache:known:tenant-001",
            "tenantcache:table:tenant-001"
        ]
    );
    for key in keys {
        assert!(
            server.cli(&["ttl", &key]).parse::<i64>().unwrap() > 0,
            "{key}"
        );
    }
}

#[tokio::test]
async fn tenants_share_nothing() {
    let server = RedisServer::start().await;
    let (one, two) = (Node::start(&server).await, Node::start(&server).await);
    let origin = Origin::default();
    for tenant in ["tenant-001", "tenant-002"] {
        let _ = origin
            .read(one.entry(tenant, "products").param("id", 101))
            .await;
    }
    let of = async |tenant| {
        origin
            .read(two.entry(tenant, "products").param("id", 101))
            .await
    };
    assert_eq!(text(&of("tenant-001").await), "answer 1");
    assert_eq!(text(&of("tenant-002").await), "answer 2");
}

#[tokio::test]
async fn an_invalidation_reaches_the_other_node_within_the_bound() {
    let server = RedisServer::start().await;
    let clock = ManualClock::new();
    let one = Node::start(&server).await;
    let two = Node::start_with(&server, |builder| builder.with_clock(clock.clone())).await;
    let origin = Origin::default();
    let read = async || origin.read(two.entry("tenant-001", "products")).await;
    let _ = read().await;
    assert_eq!(read().await.outcome().status, Status::Hit);
    let outcome = one
        .tenant("tenant-001")
        .invalidate(&[Scope::Tenant])
        .await
        .unwrap();
    assert!(matches!(outcome, Invalidation::Applied { .. }));
    clock.advance(Duration::from_secs(2));
    assert_eq!(read().await.outcome().status, Status::Miss);
    assert_eq!(origin.calls(), 2);
}

#[tokio::test]
async fn an_unchanged_tenant_stays_warm_beyond_the_bound() {
    let server = RedisServer::start().await;
    let clock = ManualClock::new();
    let node = Node::start_with(&server, |builder| builder.with_clock(clock.clone())).await;
    let origin = Origin::default();
    node.settled().await;
    let _ = origin.read(node.entry("tenant-001", "products")).await;
    node.told().await;
    clock.advance(Duration::from_secs(60));
    let answer = origin.read(node.entry("tenant-001", "products")).await;
    assert_eq!(
        (answer.outcome().status, answer.outcome().source),
        (Status::Hit, Source::Local)
    );
    assert_eq!(answer.age(), Duration::from_secs(60));
}

/// Every scope kills exactly what it covers, in both tiers, on both nodes.
#[tokio::test]
async fn every_scope_kills_exactly_what_it_covers() {
    let server = RedisServer::start().await;
    let clock = ManualClock::new();
    let one = Node::start(&server).await;
    let two = Node::start_with(&server, |builder| builder.with_clock(clock.clone())).await;
    let tag = Tag::new("product:123").unwrap();
    let entries = |node: &Node| {
        [
            node.entry("a", "products")
                .param("id", 123)
                .tag(tag.clone()),
            node.entry("a", "products"),
            node.entry("a", "products_more"),
            node.entry("a", "dashboard_kpis"),
            node.entry("b", "products")
                .param("id", 123)
                .tag(tag.clone()),
        ]
    };
    let key = entries(&one)[0].key().unwrap();
    let endpoint = Endpoint::new("products").unwrap();
    let prefix = EndpointPrefix::new("products").unwrap();
    let glob = EndpointPrefix::new("products*").unwrap();
    for (scope, killed) in [
        (Scope::Key(key), vec![0]),
        (Scope::Tag(tag.clone()), vec![0]),
        (Scope::Endpoint(endpoint), vec![0, 1]),
        (Scope::Prefix(prefix), vec![0, 1, 2]),
        (Scope::Prefix(glob), vec![]),
        (Scope::Tenant, vec![0, 1, 2, 3]),
    ] {
        let origin = Origin::default();
        for entry in entries(&one) {
            let _ = origin.read(entry).await;
        }
        one.tenant("a")
            .invalidate(std::slice::from_ref(&scope))
            .await
            .unwrap_applied();
        clock.advance(Duration::from_secs(2));
        for node in [&one, &two] {
            for (at, entry) in entries(node).into_iter().enumerate() {
                let found = entry.get().await.unwrap();
                assert_eq!(
                    found.is_none(),
                    killed.contains(&at),
                    "{scope} at {at}: {found:?}"
                );
            }
        }
    }
}

trait Applied {
    fn unwrap_applied(self) -> u64;
}

impl Applied for Result<Invalidation, tenantcache::Error> {
    fn unwrap_applied(self) -> u64 {
        match self.unwrap() {
            Invalidation::AppliedUnreplicated { .. } => panic!("no replica was asked for"),
            Invalidation::Applied { generation } => generation.get(),
            Invalidation::Queued => panic!("queued"),
        }
    }
}

/// A load that began before an invalidation leaves nothing behind: not here, not in Redis, not on the other node.
#[tokio::test]
async fn a_load_in_flight_leaves_nothing_behind() {
    let server = RedisServer::start().await;
    let (one, two) = (Node::start(&server).await, Node::start(&server).await);
    let (started, has_started) = oneshot::channel();
    let (go_on, gate) = oneshot::channel::<()>();
    let slow = one
        .entry("tenant-001", "products")
        .get_or_load(async move |_| {
            started.send(()).unwrap();
            gate.await.unwrap();
            Ok::<_, std::io::Error>(Loaded::new("old"))
        });
    let slow = tokio::spawn(slow);
    has_started.await.unwrap();
    // The invalidation is another node's: this one has not heard of it when its load ends.
    two.tenant("tenant-001")
        .invalidate(&[Scope::Tenant])
        .await
        .unwrap_applied();
    go_on.send(()).unwrap();
    let answer = slow.await.unwrap().unwrap();
    assert_eq!(
        answer.body(),
        b"old",
        "the caller came before the invalidation"
    );
    assert!(!answer.outcome().stored);
    assert_eq!(one.cache.counters().fills_refused, 1);
    assert_eq!(server.cli(&["exists", "products:tenant-001"]), "0");
    for node in [&one, &two] {
        assert!(
            node.entry("tenant-001", "products")
                .get()
                .await
                .unwrap()
                .is_none()
        );
    }
}

/// A value that got into Redis with an outdated stamp, by whatever way, is never taken up.
#[tokio::test]
async fn an_outdated_value_in_redis_is_never_promoted() {
    let server = RedisServer::start().await;
    let (one, two) = (Node::start(&server).await, Node::start(&server).await);
    let origin = Origin::default();
    let _ = origin.read(one.entry("tenant-001", "products")).await;
    let _ = server.cli(&["copy", "products:tenant-001", "kept"]);
    one.tenant("tenant-001")
        .invalidate(&[Scope::Tenant])
        .await
        .unwrap_applied();
    let _ = server.cli(&["copy", "kept", "products:tenant-001", "replace"]);
    for node in [&one, &two] {
        assert!(
            node.entry("tenant-001", "products")
                .get()
                .await
                .unwrap()
                .is_none()
        );
        assert_eq!(node.cache.counters().promotions_refused, 1);
    }
}

/// The 2023 mix-up: a sound entry of one tenant under another one's key.
#[tokio::test]
async fn another_tenants_entry_is_recognised_and_dropped() {
    let server = RedisServer::start().await;
    let (one, two) = (Node::start(&server).await, Node::start(&server).await);
    let origin = Origin::default();
    let _ = origin.read(one.entry("tenant-001", "products")).await;
    let _ = server.cli(&["copy", "products:tenant-001", "products:tenant-002"]);
    let answer = origin.read(two.entry("tenant-002", "products")).await;
    assert_eq!(
        (answer.outcome().status, text(&answer)),
        (Status::Miss, "answer 2")
    );
    let unusable = two.cache.counters().unusable_entries;
    assert!(unusable.contains(&("foreign", 1)), "{unusable:?}");
}

#[tokio::test]
async fn damaged_entries_are_misses() {
    let server = RedisServer::start().await;
    let node = Node::start(&server).await;
    let origin = Origin::default();
    let damage: [&[&str]; 4] = [
        &["set", "products:tenant-001", "{}"],
        &["setrange", "products:tenant-001", "40", "x"],
        &["append", "products:tenant-001", "x"],
        &["lpush", "products:tenant-001", "x"],
    ];
    for (round, command) in damage.into_iter().enumerate() {
        let _ = origin.read(node.entry("tenant-001", "products")).await;
        if command[0] == "lpush" {
            let _ = server.cli(&["del", "products:tenant-001"]);
        }
        let _ = server.cli(command);
        let other = Node::start(&server).await;
        let answer = origin.read(other.entry("tenant-001", "products")).await;
        assert_eq!(answer.outcome().status, Status::Miss, "{command:?}");
        assert!(answer.outcome().stored, "overwritten after {command:?}");
        assert_eq!(origin.calls(), round + 2);
    }
}

#[tokio::test]
async fn many_entries_are_read_in_one_round_trip() {
    let server = RedisServer::start().await;
    let (one, two) = (Node::start(&server).await, Node::start(&server).await);
    let origin = Origin::default();
    let entry = |node: &Node, id: u32| node.entry("tenant-001", "products").param("id", id);
    for id in [1, 2, 4] {
        let _ = origin.read(entry(&one, id)).await;
    }
    let _ = origin.read(entry(&two, 4)).await;
    let keys: Vec<_> = (1..=4).map(|id| entry(&two, id).key().unwrap()).collect();
    let before = (calls(&server, "evalsha"), calls(&server, "exec"));
    let answers = two.tenant("tenant-001").get_many(&keys).await.unwrap();
    let after = (calls(&server, "evalsha"), calls(&server, "exec"));
    assert_eq!(after, (before.0, before.1 + 1));
    let sources: Vec<_> = answers
        .iter()
        .map(|a| a.as_ref().map(|a| a.outcome().source))
        .collect();
    let (remote, local) = (Some(Source::Remote), Some(Source::Local));
    assert_eq!(sources, [remote, remote, None, local]);
    let foreign = entry(&two, 1).key().unwrap();
    assert!(two.tenant("tenant-002").get_many(&[foreign]).await.is_err());
}

#[tokio::test]
async fn what_is_wanted_at_once_is_read_at_once() {
    let server = RedisServer::start().await;
    let (one, two) = (Node::start(&server).await, Node::start(&server).await);
    let origin = Origin::default();
    let tenants = ["a", "b", "c"];
    for tenant in tenants {
        let _ = origin.read(one.entry(tenant, "products")).await;
        // Which table it has is what this node has to know.
        let _ = origin.read(two.entry(tenant, "pricing")).await;
    }
    // It reads tables again that it is told of.
    two.settled().await;
    let before = (calls(&server, "evalsha"), calls(&server, "exec"));
    let read = |tenant| origin.read(two.entry(tenant, "products"));
    let answers = tokio::join!(read("a"), read("a"), read("b"), read("c"));
    for answer in <[_; 4]>::from(answers) {
        assert_eq!(answer.outcome().status, Status::Hit);
    }
    let after = (calls(&server, "evalsha"), calls(&server, "exec"));
    assert_eq!(
        after,
        (before.0, before.1 + 1),
        "one transaction, no script"
    );
    assert_eq!(origin.calls(), 6);
}

#[tokio::test]
async fn a_user_who_may_not_read_in_transactions_reads_by_scripts() {
    let server = RedisServer::start().await;
    let rights = ["acl", "setuser", "u", "on", ">p", "~*", "+@all", "-multi"];
    assert_eq!(server.cli(&rights), "OK");
    let url = server.url().replace("redis://", "redis://u:p@");
    let node = Node::start_on(RedisOptions::new(&url).unwrap(), |builder| builder).await;
    let (one, origin) = (Node::start(&server).await, Origin::default());
    let _ = origin.read(one.entry("a", "products")).await;
    let _ = origin.read(node.entry("a", "pricing")).await;
    let answer = origin.read(node.entry("a", "products")).await;
    assert_eq!(answer.outcome().source, Source::Remote);
    assert_eq!(node.cache.remote_health().unwrap().state, HealthState::Up);
}

/// A claim and a fill: the caller says which entry it has, so its body does not travel first.
#[tokio::test]
async fn a_refresh_takes_the_lease_at_once() {
    let server = RedisServer::start().await;
    let clock = ManualClock::new();
    let policy = Policy::new(Duration::from_secs(60)).with_grace(Duration::from_secs(60));
    let policies = PolicyTable::uniform(policy);
    let node = Node::start_with(&server, |builder| {
        builder.with_clock(clock.clone()).with_policies(policies)
    })
    .await;
    let origin = Origin::default();
    let _ = origin.read(node.entry("a", "products")).await;
    clock.advance(Duration::from_secs(90));
    // Reads the table, which is too old to be relied on.
    let (before, sets) = (calls(&server, "evalsha"), calls(&server, "set"));
    let stale = origin.read(node.entry("a", "products")).await;
    assert_eq!(stale.outcome().status, Status::StaleHit);
    // The lease, then the entry.
    eventually(async || calls(&server, "set") >= sets + 2).await;
    assert_eq!(origin.calls(), 2);
    assert_eq!(calls(&server, "evalsha"), before + 2);
}

fn calls(server: &RedisServer, command: &str) -> u64 {
    let stats = server.cli(&["info", "commandstats"]);
    let line = stats
        .lines()
        .find(|line| line.starts_with(&format!("cmdstat_{command}:")));
    let calls = line.and_then(|line| line.split_once("calls=")?.1.split_once(','));
    calls.map_or(0, |(calls, _)| calls.parse().unwrap())
}

#[tokio::test]
async fn no_path_scans() {
    let server = RedisServer::start().await;
    let node = Node::start(&server).await;
    let origin = Origin::default();
    let _ = origin.read(node.entry("a", "products")).await;
    for scope in [
        Scope::Tenant,
        Scope::Endpoint(Endpoint::new("products").unwrap()),
        Scope::Prefix(EndpointPrefix::new("p").unwrap()),
        Scope::Tag(Tag::new("t").unwrap()),
    ] {
        node.tenant("a").invalidate(&[scope]).await.unwrap_applied();
        let _ = origin.read(node.entry("a", "products")).await;
    }
    assert_eq!(node.tenant("a").keys("", None, 10).await.len(), 1);
    for command in ["scan", "keys", "flushall", "flushdb"] {
        assert_eq!(calls(&server, command), 0, "{command}");
    }
}

#[tokio::test]
async fn negative_entries_are_shared_and_covered_by_the_requests_tags() {
    let server = RedisServer::start().await;
    let (one, two) = (Node::start(&server).await, Node::start(&server).await);
    let tag = Tag::new("product:9").unwrap();
    let entry = |node: &Node| node.entry("a", "products").param("id", 9).tag(tag.clone());
    let missing = entry(&one).get_or_load(async |_| Ok::<_, std::io::Error>(Loaded::missing()));
    assert!(missing.await.unwrap().is_missing());
    assert!(entry(&two).get().await.unwrap().unwrap().is_missing());
    two.tenant("a")
        .invalidate(&[Scope::Tag(tag.clone())])
        .await
        .unwrap_applied();
    assert!(entry(&two).get().await.unwrap().is_none());
}

#[tokio::test]
async fn entries_listed_are_those_of_the_tenant() {
    let server = RedisServer::start().await;
    let (one, two) = (Node::start(&server).await, Node::start(&server).await);
    let origin = Origin::default();
    for (tenant, endpoint) in [
        ("a", "products"),
        ("a", "dashboard_kpis"),
        ("ab", "products"),
    ] {
        let _ = origin.read(one.entry(tenant, endpoint)).await;
    }
    let keys = two.tenant("a").keys("", None, 10).await;
    let texts: Vec<_> = keys.iter().map(tenantcache::Key::as_str).collect();
    assert_eq!(texts, ["dashboard_kpis:a", "products:a"]);
    let rest = two
        .tenant("a")
        .keys("p", Some("dashboard_kpis:a"), 10)
        .await;
    assert_eq!(rest.len(), 1);
    let details = two.tenant("a").inspect(&rest[0]).await.unwrap();
    assert_eq!((details.len(), details[0].tier), (1, Source::Remote));
    assert!(details[0].valid);
}

#[tokio::test]
async fn two_hundred_cold_reads_are_one_load() {
    let server = RedisServer::start().await;
    let node = Arc::new(Node::start(&server).await);
    let origin = Origin::default();
    let reads: Vec<_> = (0..200)
        .map(|_| {
            let (node, origin) = (Arc::clone(&node), origin.clone());
            tokio::spawn(async move { origin.read(node.entry("a", "products")).await })
        })
        .collect();
    let mut collapsed = 0;
    for read in reads {
        let answer = read.await.unwrap();
        assert_eq!(text(&answer), "answer 1");
        collapsed += u32::from(answer.outcome().collapsed);
    }
    assert_eq!(origin.calls(), 1);
    assert!(collapsed <= 199);
}

#[tokio::test]
async fn an_unknown_tenant_costs_nothing_it_did_not_ask_for() {
    let server = RedisServer::start().await;
    let node = Node::start(&server).await;
    let tenant = node.cache.tenant(&TenantId::new("nobody").unwrap());
    assert!(tenant.keys("", None, 10).await.is_empty());
    assert_eq!(server.cli(&["keys", "*"]), "tenantcache:epoch");
}
