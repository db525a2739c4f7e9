//! TLS: a server that is trusted is used, any other is not.

use tenantcache::remote::{HealthState, Remote};
use tenantcache_redis::{RedisOptions, RedisTier};
use testkit::RedisServer;

async fn state(options: RedisOptions) -> HealthState {
    let tier = RedisTier::start(options);
    tier.ready().await;
    let health = *tier.health().borrow();
    health.state
}

fn trusting(server: &RedisServer, url: &str) -> RedisOptions {
    let options = RedisOptions::new(url).unwrap();
    options
        .with_ca_certificates(server.authority_pem().as_bytes())
        .unwrap()
}

#[tokio::test]
async fn a_server_whose_authority_is_trusted_is_used() {
    let server = RedisServer::builder().with_tls().start().await;
    for host in ["127.0.0.1", "localhost"] {
        let options = trusting(&server, &server.tls_url(host));
        assert_eq!(state(options).await, HealthState::Up, "{host}");
    }
}

/// The authority is not one of the system's.
#[tokio::test]
async fn a_server_of_an_unknown_authority_is_not_used() {
    let server = RedisServer::builder().with_tls().start().await;
    let options = RedisOptions::new(&server.tls_url("127.0.0.1")).unwrap();
    assert_eq!(state(options).await, HealthState::Down);
    let other = RedisServer::builder().with_tls().start().await;
    let options = trusting(&other, &server.tls_url("127.0.0.1"));
    assert_eq!(state(options).await, HealthState::Down);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let server = RedisServer::builder()
        .with_tls()
        .with_config("bind", &["127.0.0.1", "127.0.0.2"])
        .start()
        .await;
    let options = trusting(&server, &server.tls_url("127.0.0.2"));
    assert_eq!(state(options).await, HealthState::Down);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_not_used() {
    let server = RedisServer::builder().with_tls().start().await;
    let url = format!("rediss://127.0.0.1:{}/0", server.port());
    assert_eq!(state(trusting(&server, &url)).await, HealthState::Down);
}

#[test]
fn bad_certificates_are_refused_at_once() {
    let options = |url| RedisOptions::new(url).unwrap();
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in [b"".as_slice(), b"no certificate", broken] {
        let refused = options("rediss://localhost:6379").with_ca_certificates(pem);
        assert!(refused.is_err(), "{}", String::from_utf8_lossy(pem));
    }
    let plain = options("redis://localhost:6379").with_ca_certificates(broken);
    assert!(plain.is_err());
}
