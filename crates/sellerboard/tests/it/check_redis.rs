use std::time::Duration;

use testkit::{RedisServer, free_port};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use crate::program::{Program, Run};

async fn check(url: &str) -> Run {
    Program::new(&["check-redis", "--redis-url", url])
        .run_beside()
        .await
}

#[tokio::test]
async fn a_live_server_passes_in_the_words_of_the_reference() {
    let server = RedisServer::start().await;
    let run = check(&server.url()).await;
    let version = server.cli(&["INFO", "server"]);
    let version = version
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"))
        .unwrap();
    let expected = format!(
        "Testing Redis connection...\n\
         Redis URL: {}\n\
         --------------------------------------------------\n\
         Test 1: Ping Redis...\n\
         ✅ Redis ping successful! Result: True\n\
         \n\
         Test 2: Set a test key...\n\
         ✅ Redis set successful!\n\
         \n\
         Test 3: Get the test key...\n\
         ✅ Redis get successful! Value: hello_from_windows\n\
         \n\
         Test 4: Delete the test key...\n\
         ✅ Redis delete successful!\n\
         \n\
         Server: Redis {} (standalone)\n\
         Eviction: noeviction, no maxmemory set\n\
         Tracking: works (invalidation messages arrive)\n\
         \n\
         ==================================================\n\
         ✅ ALL TESTS PASSED - Redis is fully working!\n\
         ==================================================\n",
        server.url(),
        version.trim_end(),
    );
    assert_eq!(run.stdout, expected);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(server.cli(&["DBSIZE"]), "0");
}

#[tokio::test]
async fn the_limits_of_a_server_are_told_and_left_alone() {
    let server = RedisServer::builder()
        .with_config("maxmemory", &["64mb"])
        .with_config("maxmemory-policy", &["volatile-ttl"])
        .start()
        .await;
    let run = check(&server.unix_url()).await;
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(
        run.stdout
            .contains("Eviction: volatile-ttl, maxmemory 64 MB\nWarning: not every key "),
        "{}",
        run.stdout
    );
    assert!(
        server
            .cli(&["CONFIG", "GET", "maxmemory"])
            .ends_with("67108864")
    );
}

#[tokio::test]
async fn passwords_are_used_but_never_printed() {
    let server = RedisServer::builder()
        .with_config("requirepass", &["hunter2-hunter2"])
        .start()
        .await;
    let with = |password: &str| format!("redis://:{password}@127.0.0.1:{}/0", server.port());
    let run = check(&with("hunter2-hunter2")).await;
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(run.stdout.contains("Redis URL: redis://:***@127.0.0.1:"));
    assert!(!run.stdout.contains("hunter2"));

    let run = check(&with("wrong-password")).await;
    assert_eq!(run.code, Some(1));
    assert!(!run.stdout.contains("wrong-password") && !run.stderr.contains("wrong-password"));
}

#[tokio::test]
async fn an_absent_server_fails_the_first_test() {
    let run = check(&format!("redis://127.0.0.1:{}", free_port())).await;
    assert_eq!(run.code, Some(1));
    assert!(
        run.stdout.contains("❌ Redis ping failed: "),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("❌ TESTS FAILED"));
    assert!(!run.stdout.contains("Test 2"));
    assert!(
        run.stderr.starts_with("next step: start Redis there"),
        "{}",
        run.stderr
    );
}

/// A listener whose connections are accepted by the kernel and never answered.
#[tokio::test]
async fn a_hung_server_fails_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let began = Instant::now();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let run = timeout(Duration::from_secs(10), check(&url)).await.unwrap();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stdout.contains("❌ Redis ping failed: no answer"),
        "{}",
        run.stdout
    );
    assert!(began.elapsed() < Duration::from_secs(10));
}

/// A real server that stopped in its tracks.
#[tokio::test]
async fn a_frozen_server_fails_in_time() {
    let server = RedisServer::start().await;
    server.freeze();
    let run = timeout(Duration::from_secs(10), check(&server.url())).await;
    let run = run.unwrap();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stdout.contains("❌ Redis ping failed: no answer"),
        "{}",
        run.stdout
    );
}

#[tokio::test]
async fn another_kind_of_server_fails_the_first_test() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new()).await });
    let run = check(&url).await;
    assert_eq!(run.code, Some(1));
    assert!(
        run.stdout
            .contains("❌ Redis ping failed: what answers is not Redis\n"),
        "{}",
        run.stdout
    );
}

#[tokio::test]
async fn a_server_that_takes_no_writes_fails_the_second_test() {
    let server = RedisServer::start().await;
    assert_eq!(server.cli(&["REPLICAOF", "127.0.0.1", "1"]), "OK");
    let run = check(&server.url()).await;
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("✅ Redis ping successful!"));
    assert!(
        run.stdout.contains("❌ Redis set failed: "),
        "{}",
        run.stdout
    );
}

#[test]
fn what_is_no_server_is_wrong_use() {
    for url in [
        "none",
        "localhost:6379",
        "http://localhost",
        "redis-cluster://a:1,b:2",
    ] {
        let run = Program::new(&["check-redis", "--redis-url", url]).run();
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{url}");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
}
