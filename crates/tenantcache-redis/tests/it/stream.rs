//! Events from a Redis Stream: once over all nodes, and not lost with the node that took them.

use std::time::Duration;

use tenantcache::Status;
use tenantcache::events::Event;
use tenantcache_redis::StreamState;
use testkit::RedisServer;

use crate::stream_support::{
    FailingClock, GROUP, Reader, STREAM, add, eager, event, eventually, pending, publish, take,
    until_acknowledged,
};

#[tokio::test]
async fn three_nodes_handle_each_event_once() {
    let server = RedisServer::start().await;
    let readers = [0; 3].map(|_| Reader::start(&server));
    for reader in &readers {
        reader
            .until("it reads", |now| now.state == StreamState::Reading)
            .await;
    }
    for _ in 0..10 {
        publish(&server, 50);
    }
    let applied = || {
        readers
            .iter()
            .map(|reader| reader.snapshot().applied)
            .sum::<u64>()
    };
    eventually("all are applied", || applied() >= 500).await;
    until_acknowledged(&server).await;
    let published: u64 = readers
        .iter()
        .map(|reader| reader.cache.counters().events)
        .sum();
    assert_eq!((applied(), published), (500, 500));
    for reader in &readers {
        assert_eq!(reader.snapshot().gaps, 0);
    }
}

#[tokio::test]
async fn an_event_invalidates_what_its_rule_names_and_only_its_tenant() {
    let server = RedisServer::start().await;
    let reader = Reader::start(&server);
    for tenant in ["tenant-001", "tenant-002"] {
        assert_eq!(reader.read(tenant).await, Status::Miss);
        assert_eq!(reader.read(tenant).await, Status::Hit);
    }
    publish(&server, 1);
    reader.until_applied(&server, 1).await;
    assert_eq!(reader.read("tenant-001").await, Status::Miss);
    assert_eq!(reader.read("tenant-002").await, Status::Hit);
}

#[tokio::test]
async fn what_was_published_before_the_first_node_started_is_handled() {
    let server = RedisServer::start().await;
    publish(&server, 40);
    let reader = Reader::start(&server);
    reader.until_applied(&server, 40).await;
    assert_eq!(reader.snapshot().gaps, 0);
}

#[tokio::test]
async fn what_a_killed_node_took_is_claimed_by_another() {
    let server = RedisServer::start().await;
    let first = Reader::start(&server);
    publish(&server, 1);
    first.until_applied(&server, 1).await;
    drop(first);
    publish(&server, 40);
    take(&server, 40);
    assert_eq!(pending(&server), "40");
    let second = Reader::start_eager(&server);
    second.until_applied(&server, 40).await;
    assert_eq!((second.snapshot().claimed, second.snapshot().gaps), (40, 0));
}

#[tokio::test]
async fn what_another_node_has_just_taken_is_left_to_it() {
    let server = RedisServer::start().await;
    let long = Duration::from_secs(60);
    let reader = Reader::start_with(
        &server,
        |options| eager(options).with_claim_after(long),
        |b| b,
    );
    publish(&server, 1);
    reader.until_applied(&server, 1).await;
    // Atomic, so that the reader cannot be the one that takes it.
    let script = "redis.call('XADD', KEYS[1], '*', 'event', ARGV[2]) \
        return redis.call('XREADGROUP', 'GROUP', ARGV[1], 'other', 'STREAMS', KEYS[1], '>')";
    let _ = server.cli(&[
        "eval",
        script,
        "1",
        STREAM,
        GROUP,
        &event("product.updated"),
    ]);
    publish(&server, 1);
    reader
        .until("the last is applied", |now| now.applied == 2)
        .await;
    eventually("one is pending", || pending(&server) == "1").await;
    assert_eq!(reader.snapshot().claimed, 0);
}

/// An invalidation that fails is not acknowledged: the same node tries again, and another one when it is gone.
#[tokio::test]
async fn an_event_that_fails_stays_pending_and_is_tried_again() {
    let server = RedisServer::start().await;
    let clock = FailingClock::default();
    let with_clock = clock.clone();
    let reader = Reader::start_with(&server, eager, move |builder| {
        builder.with_clock(with_clock)
    });
    reader
        .until("it reads", |now| now.state == StreamState::Reading)
        .await;
    clock.fail(true);
    publish(&server, 2);
    reader.until("it fails twice", |now| now.failed >= 4).await;
    assert_eq!(
        (reader.snapshot().applied, pending(&server).as_str()),
        (0, "2")
    );
    clock.fail(false);
    reader.until_applied(&server, 2).await;

    clock.fail(true);
    publish(&server, 1);
    let failed = reader.snapshot().failed;
    reader.until("it fails", |now| now.failed > failed).await;
    drop(reader);
    assert_eq!(pending(&server), "1");
    let other = Reader::start_eager(&server);
    other.until_applied(&server, 1).await;
}

#[tokio::test]
async fn what_is_no_event_is_counted_and_holds_up_nothing() {
    let server = RedisServer::start().await;
    let reader = Reader::start(&server);
    add(&server, "*", "event", "{");
    add(&server, "*", "event", "");
    add(&server, "*", "payload", &event("product.updated"));
    add(
        &server,
        "*",
        "event",
        &event("product.updated").replace("tenant-001", "tenant 1"),
    );
    add(&server, "*", "event", &event("weather.changed"));
    publish(&server, 1);
    reader.until_applied(&server, 1).await;
    let now = reader.snapshot();
    assert_eq!((now.malformed, now.unmatched, now.failed), (4, 1, 0));
    assert_eq!(reader.cache.counters().events_unmatched, 1);
}

#[tokio::test]
async fn an_event_of_a_megabyte_is_handled() {
    let server = RedisServer::start().await;
    let reader = Reader::start(&server);
    let head = event("product.updated").replace('}', r#","data":""#);
    let script = "for i = 1, 20 do \
        redis.call('XADD', KEYS[1], '*', 'event', ARGV[1] .. string.rep('x', 1048576) .. '\"}') end";
    let _ = server.cli(&["eval", script, "1", STREAM, &head]);
    reader.until_applied(&server, 20).await;
}

#[tokio::test]
async fn a_field_beside_the_event_is_ignored() {
    let server = RedisServer::start().await;
    let reader = Reader::start(&server);
    let event = event("product.updated");
    let _ = server.cli(&[
        "xadd", STREAM, "*", "trace", "1", "event", &event, "more", "2",
    ]);
    reader.until_applied(&server, 1).await;
}

#[tokio::test]
async fn the_observer_is_told_of_each_event() {
    let server = RedisServer::start().await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let reader = Reader::start_with(
        &server,
        |options| {
            options.with_observer(move |event: &Event, published| {
                let _ = told.send((event.kind().to_owned(), published.outcome.is_some()));
            })
        },
        |builder| builder,
    );
    publish(&server, 1);
    add(&server, "*", "event", &event("weather.changed"));
    assert_eq!(
        heard.recv().await,
        Some(("product.updated".to_owned(), true))
    );
    assert_eq!(
        heard.recv().await,
        Some(("weather.changed".to_owned(), false))
    );
    drop(reader);
}

#[tokio::test]
async fn the_stream_has_a_time_to_live_and_a_bound() {
    let server = RedisServer::start().await;
    let _ = server.cli(&["xadd", STREAM, "*", "event", &event("product.updated")]);
    assert_eq!(server.cli(&["pttl", STREAM]), "-1");
    let reader = Reader::start_with(
        &server,
        |options| eager(options).with_length_max(100),
        |b| b,
    );
    let day = 24 * 60 * 60 * 1_000;
    for key in [STREAM, "tenantcache:events:sellerboard"] {
        eventually("it has a TTL", || {
            let ttl = server.cli(&["pttl", key]).parse::<i64>().unwrap();
            ttl > 2 * 60 * 60 * 1_000 && ttl < day
        })
        .await;
    }
    let _ = server.cli(&["pexpire", STREAM, "60000"]);
    eventually("it is renewed when under half", || {
        server.cli(&["pttl", STREAM]).parse::<i64>().unwrap() > 2 * 60 * 60 * 1_000
    })
    .await;
    publish(&server, 2_000);
    eventually("it is short", || {
        server.cli(&["xlen", STREAM]).parse::<u64>().unwrap() <= 200
    })
    .await;
    drop(reader);
}

#[tokio::test]
async fn names_of_nodes_that_are_gone_are_forgotten() {
    let server = RedisServer::start().await;
    let first = Reader::start(&server);
    publish(&server, 1);
    first.until_applied(&server, 1).await;
    let _ = server.cli(&["xgroup", "createconsumer", STREAM, GROUP, "gone"]);
    drop(first);
    publish(&server, 1);
    take(&server, 1);
    let hour = Duration::from_secs(3_600);
    let second = Reader::start_with(
        &server,
        |options| {
            eager(options)
                .with_consumer("me")
                .with_claim_after(hour)
                .with_forget_after(Duration::from_millis(1))
        },
        |builder| builder,
    );
    publish(&server, 1);
    second.until("it reads", |now| now.applied == 1).await;
    let names = || {
        let reply = server.cli(&["xinfo", "consumers", STREAM, GROUP]);
        let lines: Vec<_> = reply.lines().collect();
        let names = lines.windows(2).filter(|pair| pair[0] == "name");
        names.map(|pair| pair[1].to_owned()).collect::<Vec<_>>()
    };
    eventually("only they are left", || names() == ["killed", "me"]).await;
}

#[tokio::test]
async fn a_user_that_may_not_read_streams_has_none_and_the_cache_works() {
    let server = RedisServer::start().await;
    let _ = server.cli(&["acl", "setuser", "default", "-@stream"]);
    let reader = Reader::start(&server);
    reader
        .until("it is off", |now| now.state == StreamState::Forbidden)
        .await;
    assert_eq!(reader.read("tenant-001").await, Status::Miss);
    assert_eq!(reader.read("tenant-001").await, Status::Hit);

    let server = RedisServer::start().await;
    let _ = server.cli(&["acl", "setuser", "default", "-evalsha", "-eval", "-script"]);
    let reader = Reader::start(&server);
    reader
        .until("it is off", |now| now.state == StreamState::Forbidden)
        .await;
}

#[tokio::test]
async fn a_key_that_is_no_stream_is_left_alone() {
    let server = RedisServer::start().await;
    let _ = server.cli(&["set", STREAM, "mine"]);
    let reader = Reader::start(&server);
    reader
        .until("it waits", |now| now.state == StreamState::Away)
        .await;
    assert_eq!(server.cli(&["get", STREAM]), "mine");
    let _ = server.cli(&["del", STREAM]);
    publish(&server, 1);
    reader.until_applied(&server, 1).await;
}

#[tokio::test]
async fn a_full_server_still_has_its_events_handled() {
    let server = RedisServer::start().await;
    let reader = Reader::start(&server);
    publish(&server, 1);
    reader.until_applied(&server, 1).await;
    // Another consumer would need memory only for its name.
    let script = "redis.call('XADD', KEYS[1], '*', 'event', ARGV[1]) \
        return redis.call('CONFIG', 'SET', 'maxmemory', '1mb')";
    let _ = server.cli(&["eval", script, "1", STREAM, &event("product.updated")]);
    let _ = server.cli(&["config", "set", "maxmemory", "1"]);
    reader.until_applied(&server, 2).await;
}

#[tokio::test]
async fn a_reader_ends_when_it_is_dropped() {
    let server = RedisServer::start().await;
    let reader = Reader::start(&server);
    let clients = || {
        let list = server.cli(&["client", "list", "type", "normal"]);
        list.lines()
            .filter(|line| line.contains("laddr=127.0.0.1"))
            .count()
    };
    eventually("it is connected", || clients() == 1).await;
    drop(reader);
    eventually("it is gone", || clients() == 0).await;
}
