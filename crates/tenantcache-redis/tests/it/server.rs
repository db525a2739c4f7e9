//! Start-up: what is set on the server, and what is left alone.

use tenantcache::remote::{HealthState, Remote};
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::RedisServer;

async fn start(url: &str) -> RedisTier {
    let options = RedisOptions::new(url)
        .unwrap()
        .with_max_memory_bytes(64 << 20);
    let tier = RedisTier::start(options);
    tier.ready().await;
    tier
}

fn setting(server: &RedisServer, name: &str) -> String {
    server
        .cli(&["config", "get", name])
        .lines()
        .last()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn a_server_without_a_limit_gets_one() {
    let server = RedisServer::start().await;
    let tier = start(&server.url()).await;
    assert_eq!(setting(&server, "maxmemory"), (64 << 20).to_string());
    assert_eq!(setting(&server, "maxmemory-policy"), "allkeys-lru");
    let usage = tier.usage().unwrap();
    assert!(usage.used_bytes > 0);
    assert_eq!(usage.max_bytes, 64 << 20, "known at once");
}

#[tokio::test]
async fn a_server_with_a_limit_is_left_alone() {
    let server = RedisServer::builder()
        .with_config("maxmemory", &["32mb"])
        .with_config("maxmemory-policy", &["volatile-ttl"])
        .start()
        .await;
    let _tier = start(&server.url()).await;
    assert_eq!(setting(&server, "maxmemory"), (32 << 20).to_string());
    assert_eq!(setting(&server, "maxmemory-policy"), "volatile-ttl");
}

#[tokio::test]
async fn a_server_that_refuses_config_is_used_all_the_same() {
    let server = RedisServer::builder()
        .with_config("rename-command", &["CONFIG", ""])
        .start()
        .await;
    let tier = start(&server.url()).await;
    assert_eq!(tier.health().borrow().state, HealthState::Up);
}

#[tokio::test]
async fn unix_sockets_work() {
    let server = RedisServer::start().await;
    let tier = start(&server.unix_url()).await;
    assert_eq!(tier.health().borrow().state, HealthState::Up);
}

#[tokio::test]
async fn users_and_passwords_work() {
    let server = RedisServer::start().await;
    let _ = server.cli(&["acl", "setuser", "seller", "on", ">s3cret", "~*", "+@all"]);
    let _ = server.cli(&["acl", "setuser", "default", "off"]);
    let address = format!("127.0.0.1:{}", server.port());
    let state = async |url: String| start(&url).await.health().borrow().state;
    assert_eq!(
        state(format!("redis://seller:s3cret@{address}/0")).await,
        HealthState::Up
    );
    assert_eq!(
        state(format!("redis://seller:wrong@{address}/0")).await,
        HealthState::Down
    );
    assert_eq!(
        state(format!("redis://{address}/0")).await,
        HealthState::Down
    );
}

#[tokio::test]
async fn a_replica_is_not_used() {
    let primary = RedisServer::start().await;
    let port = primary.port().to_string();
    let replica = RedisServer::builder()
        .with_config("replicaof", &["127.0.0.1", &port])
        .start()
        .await;
    let tier = start(&replica.url()).await;
    assert_eq!(tier.health().borrow().state, HealthState::Down);
}

#[test]
fn a_bad_url_is_refused_without_repeating_it() {
    for url in [
        "",
        "http://user:s3cret@host",
        "redis://user:s3cret@host:port",
        "localhost:6379",
    ] {
        let error = RedisOptions::new(url).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
    for url in ["redis-sentinel://host/0", "redis-cluster://host"] {
        let error = RedisOptions::new(url).unwrap_err().to_string();
        assert!(error.contains("not supported yet"), "{error}");
    }
    let options = RedisOptions::new("redis://user:s3cret@host:6379/1").unwrap();
    assert!(!format!("{options:?}").contains("s3cret"));
}
