//! The tables that the scripts keep are the tables of the core.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use tenantcache::remote::Remote;
use tenantcache::{Endpoint, EndpointPrefix, Key, Scope, Tag, TenantId};
use tenantcache_core::Table;
use testkit::RedisServer;

use crate::support::Node;

fn scope() -> impl Strategy<Value = Scope> {
    let tenant = TenantId::new("t").unwrap();
    prop_oneof![
        1 => Just(Scope::Tenant),
        20 => "[a-c]{1,2}".prop_map(|name| Scope::Endpoint(Endpoint::new(&name).unwrap())),
        200 => "product:[0-9]{1,4}".prop_map(|tag| Scope::Tag(Tag::new(&tag).unwrap())),
        50 => "[a-e*]{1,3}".prop_map(|text| Scope::Prefix(EndpointPrefix::new(&text).unwrap())),
        100 => (0..900).prop_map(move |n| {
            Scope::Key(Key::new(&Endpoint::new("a").unwrap(), &tenant).param("n", n).unwrap())
        }),
    ]
}

#[tokio::test]
async fn scripts_and_core_keep_the_same_tables() {
    let server = RedisServer::start().await;
    let node = Node::patient(&server, |builder| builder).await;
    let mut runner = TestRunner::new(Config::default());
    for round in 0..3 {
        let tenant = TenantId::new(&format!("tenant-{round}")).unwrap();
        let made = node.table(&tenant).await;
        let mut expected = Table::new(made.incarnation());
        let history = proptest::collection::vec(proptest::collection::vec(scope(), 1..4), 500);
        for scopes in history.new_tree(&mut runner).unwrap().current() {
            expected.invalidate(scopes.iter().cloned());
            let table = node.invalidate(&tenant, &scopes).await;
            assert_eq!(table, expected, "after {scopes:?}");
        }
        assert_eq!(node.table(&tenant).await, expected);
    }
}

#[tokio::test]
async fn a_lost_table_comes_back_as_another() {
    let server = RedisServer::start().await;
    let node = Node::patient(&server, |builder| builder).await;
    let tenant = TenantId::new("t").unwrap();
    let table = async || node.table(&tenant).await;
    let first = table().await;
    assert_eq!(table().await, first, "a read changes nothing");

    let _ = server.cli(&["del", "tenantcache:table:t"]);
    let second = table().await;
    assert_ne!(second.incarnation(), first.incarnation());

    let _ = server.cli(&["set", "tenantcache:table:t", "not a hash"]);
    let third = table().await;
    assert_ne!(third.incarnation(), second.incarnation());

    let _ = server.cli(&["hset", "tenantcache:table:t", "_h", "another history"]);
    let fourth = node.invalidate(&tenant, &[Scope::Tenant]).await;
    assert_ne!(
        fourth.incarnation(),
        third.incarnation(),
        "a rollback is a loss"
    );
}

/// Transactions compare what stands beside a table in place of reading it.
#[tokio::test]
async fn what_stands_beside_a_table_is_what_it_is() {
    let server = RedisServer::start().await;
    let node = Node::patient(&server, |builder| builder).await;
    let tenant = TenantId::new("t").unwrap();
    let agree = || {
        let mut fields = server.cli(&["hmget", "tenantcache:table:t", "i", "n", "_h"]);
        fields = fields.lines().collect::<Vec<_>>().join(" ");
        assert_eq!(server.cli(&["get", "tenantcache:known:t"]), fields);
        fields
    };
    let read = async || node.tier.read(&tenant, &[]).await.unwrap().table.table;
    let made = read().await;
    let first = agree();
    for _ in 0..3 {
        node.invalidate(&tenant, &[Scope::Tenant]).await;
        assert_ne!(agree(), first);
    }
    let damage: [&[&str]; 5] = [
        &["del", "tenantcache:known:t"],
        &["set", "tenantcache:known:t", "x"],
        &["rpush", "tenantcache:known:t", "x"],
        &["hincrby", "tenantcache:table:t", "n", "1"],
        &["del", "tenantcache:table:t"],
    ];
    for command in damage {
        let _ = server.cli(&["del", command[1]]);
        let _ = server.cli(command);
        read().await;
        agree();
    }
    assert_ne!(read().await.incarnation(), made.incarnation());
}

/// It is no less current if the text beside it is what was lost, or kept.
#[tokio::test]
async fn a_known_table_that_is_lost_is_not_known() {
    let server = RedisServer::start().await;
    let node = Node::patient(&server, |builder| builder).await;
    let tenant = TenantId::new("t").unwrap();
    let known = node.tier.read(&tenant, &[]).await.unwrap().table.table;
    let read = async || {
        node.tier
            .read_known(&tenant, &[], &known)
            .await
            .unwrap()
            .table
            .table
    };
    let _ = server.cli(&["del", "tenantcache:known:t"]);
    assert_eq!(read().await, known);
    assert!(std::sync::Arc::ptr_eq(&read().await, &known));
    let _ = server.cli(&["del", "tenantcache:table:t"]);
    assert_ne!(read().await.incarnation(), known.incarnation());
}

#[tokio::test]
async fn tables_outlive_entries_and_are_renewed_when_half_is_left() {
    let server = RedisServer::start().await;
    let node = Node::patient(&server, |builder| builder).await;
    let tenant = TenantId::new("t").unwrap();
    let ttl = || {
        server
            .cli(&["ttl", "tenantcache:table:t"])
            .parse::<u64>()
            .unwrap()
    };
    node.tier.read(&tenant, &[]).await.unwrap();
    assert!(ttl() > 4 * 3_600 - 60);
    let _ = server.cli(&["expire", "tenantcache:table:t", "9000"]);
    node.tier.read(&tenant, &[]).await.unwrap();
    assert!(ttl() <= 9_000, "not renewed while more than half is left");
    let _ = server.cli(&["expire", "tenantcache:table:t", "7000"]);
    node.tier.read(&tenant, &[]).await.unwrap();
    assert!(ttl() > 4 * 3_600 - 60);
}

#[tokio::test]
async fn an_invalidation_is_applied_when_memory_is_full() {
    let server = RedisServer::builder()
        .with_config("maxmemory", &["3mb"])
        .with_config("maxmemory-policy", &["noeviction"])
        .start()
        .await;
    let node = Node::patient(&server, |builder| builder).await;
    let filler = "x".repeat(50_000);
    let full = |n: u32| server.cli(&["set", &format!("filler:{n}"), &filler]) != "OK";
    assert!((0..1_000).any(full));
    let tenant = TenantId::new("t").unwrap();
    let table = node.invalidate(&tenant, &[Scope::Tenant]).await;
    assert_eq!(table.now().get(), 1);
}
