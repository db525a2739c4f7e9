//! What stands in Redis, or comes from it, is not what this cache put there or asked for.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tenantcache::remote::{Durability, HealthState, Remote, RemoteErrorKind};
use tenantcache::{Invalidation, Key, Loaded, Scope, Status, TenantId};
use tenantcache_redis::RedisOptions;
use testkit::{RedisServer, TcpProxy};

use crate::support::{Node, Origin, eventually, text};

/// The largest entry, in bytes, as documented.
const ENTRY_BYTES_MAX: usize = 32 << 20;

fn tenant(id: &str) -> TenantId {
    TenantId::new(id).unwrap()
}

async fn node_behind(proxy: &TcpProxy) -> Node {
    let options = RedisOptions::new(&proxy.url()).unwrap();
    let options = options.with_command_timeout(Duration::from_secs(10));
    Node::start_on(options, |builder| builder).await
}

/// Of replies that carry entries, and of those that carry nothing but a table: nothing in a table says whose it is.
#[tokio::test]
async fn replies_of_two_tenants_are_told_apart_and_end_their_connection() {
    let server = RedisServer::start().await;
    let proxy = TcpProxy::start(server.port()).await;
    let node = node_behind(&proxy).await;
    let (a, b) = (tenant("a"), tenant("b"));
    let tables = (node.table(&a).await, node.table(&b).await);
    let key = |tenant: &str| -> Vec<Key> { vec![node.entry(tenant, "products").key().unwrap()] };
    let none = Vec::new;
    for (round, (beginning, of_a, of_b)) in [
        (&b"*1\r\n"[..], none(), none()),
        (b"*3\r\n", key("a"), key("b")),
    ]
    .into_iter()
    .enumerate()
    {
        let connections = proxy.counts().connections;
        proxy.swap_replies(1, beginning);
        let reads = (node.tier.read(&a, &of_a), node.tier.read(&b, &of_b));
        for read in <[_; 2]>::from(tokio::join!(reads.0, reads.1)) {
            assert_eq!(read.unwrap_err().kind(), RemoteErrorKind::Misdirected);
        }
        assert_eq!(proxy.counts().swapped, u64::try_from(round).unwrap() + 1);
        eventually(async || proxy.counts().connections > connections).await;
        node.until(HealthState::Up).await;
    }
    let after = (node.table(&a).await, node.table(&b).await);
    assert_eq!(after, tables);
}

/// The same where each knows its table already: what comes says that it is still that one.
#[tokio::test]
async fn transactions_of_two_tenants_are_told_apart_and_end_their_connection() {
    let server = RedisServer::start().await;
    let proxy = TcpProxy::start(server.port()).await;
    let node = node_behind(&proxy).await;
    let (a, b) = (tenant("a"), tenant("b"));
    let known = |table| Arc::new(table);
    let tables = (known(node.table(&a).await), known(node.table(&b).await));
    // As many of each as go together.
    let reads = async || {
        let of_a = (0..64).map(|_| node.tier.read_known(&a, &[], &tables.0));
        let of_b = (0..64).map(|_| node.tier.read_known(&b, &[], &tables.1));
        tokio::join!(join_all(of_a), join_all(of_b))
    };
    let (of_a, of_b) = reads().await;
    for (reads, known) in [(of_a, &tables.0), (of_b, &tables.1)] {
        for read in reads {
            assert!(Arc::ptr_eq(&read.unwrap().table.table, known));
        }
    }
    proxy.swap_replies(1, b"*5\r\n");
    let (of_a, of_b) = reads().await;
    for read in of_a.into_iter().chain(of_b) {
        assert_eq!(read.unwrap_err().kind(), RemoteErrorKind::Misdirected);
    }
    assert_eq!(proxy.counts().swapped, 1);
    node.until(HealthState::Up).await;
}

/// A table that one tenant was given in place of its own would vouch for what was loaded under it, after the tenant's own
/// had changed.
#[tokio::test]
async fn an_invalidation_whose_reply_was_anothers_is_not_applied() {
    let server = RedisServer::start().await;
    let proxy = TcpProxy::start(server.port()).await;
    let node = node_behind(&proxy).await;
    let (a, b) = (tenant("a"), tenant("b"));
    let before = (node.table(&a).await, node.table(&b).await);
    // Both replies are tables of as many fields.
    let scopes = [Scope::Tenant];
    proxy.swap_replies(1, b"*1");
    let invalidations = (
        node.tier.invalidate(&a, &scopes, Durability::Applied),
        node.tier.invalidate(&b, &scopes, Durability::Applied),
    );
    for applied in <[_; 2]>::from(tokio::join!(invalidations.0, invalidations.1)) {
        assert_eq!(applied.unwrap_err().kind(), RemoteErrorKind::Misdirected);
    }
    assert_eq!(proxy.counts().swapped, 1);
    node.until(HealthState::Up).await;
    eventually(async || node.tier.read(&a, &[]).await.is_ok()).await;
    assert_eq!(node.table(&a).await.now(), before.0.now().next());
    assert_eq!(node.table(&b).await.now(), before.1.now().next());
}

/// It stands in Redis: another connection would bring it as well.
#[tokio::test]
async fn an_entry_of_another_key_does_not_end_the_connection() {
    let server = RedisServer::start().await;
    let proxy = TcpProxy::start(server.port()).await;
    let (node, other) = (node_behind(&proxy).await, Node::start(&server).await);
    let origin = Origin::default();
    let connections = proxy.counts().connections;
    for round in 0..20 {
        let theirs = other.entry("b", "products").param("id", round);
        let ours = node.entry("a", "products").param("id", round);
        let from = theirs.key().unwrap().to_string();
        let to = ours.key().unwrap().to_string();
        let _ = origin.read(theirs).await;
        assert_eq!(server.cli(&["rename", &from, &to]), "OK");
        assert_eq!(origin.read(ours).await.outcome().status, Status::Miss);
    }
    let counters = node.cache.counters();
    assert!(counters.unusable_entries.contains(&("foreign", 20)));
    assert_eq!(counters.misdirected_replies, 0);
    node.settled().await;
    // One more is the connection that tells of changes.
    assert!(proxy.counts().connections <= connections + 1);
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_made_anew() {
    let server = RedisServer::start().await;
    let node = Node::patient(&server, |builder| builder).await;
    let origin = Origin::default();
    let mut fields: Vec<String> = (0..2_000).map(|n| format!("g:product:{n}")).collect();
    fields = fields
        .into_iter()
        .flat_map(|field| [field, "1".to_owned()])
        .collect();
    let crowd: Vec<&str> = ["hset", "tenantcache:table:a"]
        .into_iter()
        .chain(fields.iter().map(String::as_str))
        .collect();
    let damage: [&[&str]; 4] = [
        &["hset", "tenantcache:table:a", "nonsense", "1"],
        &["hset", "tenantcache:table:a", "e:products", "x"],
        &["hset", "tenantcache:table:a", "n", "-1"],
        &crowd,
    ];
    for command in damage {
        let _ = origin.read(node.entry("a", "products")).await;
        let before = server.cli(&["hget", "tenantcache:table:a", "i"]);
        let _ = server.cli(command);
        eventually(async || {
            let applied = node.tenant("a").invalidate(&[Scope::Tenant]).await.unwrap();
            matches!(applied, Invalidation::Applied { .. })
        })
        .await;
        assert_ne!(server.cli(&["hget", "tenantcache:table:a", "i"]), before);
        assert!(
            server
                .cli(&["hlen", "tenantcache:table:a"])
                .parse::<u32>()
                .unwrap()
                < 10
        );
    }
}

#[tokio::test]
async fn what_is_larger_than_any_entry_is_a_miss_and_not_stored() {
    let server = RedisServer::start().await;
    let node = Node::patient(&server, |builder| builder).await;
    let origin = Origin::default();
    let key = "products:a";
    let too_large = ENTRY_BYTES_MAX.to_string();
    let _ = server.cli(&["setrange", key, &too_large, "x"]);
    let answer = origin.read(node.entry("a", "products")).await;
    assert_eq!(
        (answer.outcome().status, text(&answer)),
        (Status::Miss, "answer 1")
    );
    assert!(answer.outcome().stored);
    assert_ne!(server.cli(&["getrange", key, "0", "1"]), "");
    let unusable = node.cache.counters().unusable_entries;
    assert!(unusable.contains(&("not_an_entry", 1)), "{unusable:?}");

    let key = node.entry("a", "trends").key().unwrap();
    let loaded = node
        .entry("a", "trends")
        .get_or_load(async |_| Ok::<_, std::io::Error>(Loaded::new(vec![b'x'; ENTRY_BYTES_MAX])));
    assert_eq!(loaded.await.unwrap().body().len(), ENTRY_BYTES_MAX);
    assert_eq!(server.cli(&["exists", key.as_str()]), "0");
}
