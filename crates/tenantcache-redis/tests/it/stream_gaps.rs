//! Entries that nobody will ever read: everything is invalidated, once, and reading goes on.

use std::sync::Arc;

use tenantcache::Status;
use tenantcache::remote::Remote;
use tenantcache_redis::{RedisOptions, RedisTier, StreamState};
use testkit::RedisServer;

use crate::stream_support::{
    GROUP, Reader, STREAM, add, eager, event, eventually, publish, take, until_acknowledged,
};

/// A server, and a reader that has handled three events and has a value.
async fn begin() -> (RedisServer, Reader) {
    let server = RedisServer::start().await;
    let reader = Reader::start_eager(&server);
    publish(&server, 3);
    reader.until_applied(&server, 3).await;
    warm(&reader).await;
    assert_eq!(reader.snapshot().gaps, 0, "a fresh stream has none");
    (server, reader)
}

async fn warm(reader: &Reader) {
    let _ = reader.read("tenant-002").await;
    assert_eq!(reader.read("tenant-002").await, Status::Hit);
}

/// One gap was found and made up for; what comes now is handled as ever.
async fn made_up_for(server: &RedisServer, reader: &Reader) {
    reader.until("the gap is found", |now| now.gaps >= 1).await;
    assert_eq!(reader.read("tenant-002").await, Status::Miss);
    goes_on(server, reader).await;
    assert_eq!(reader.snapshot().gaps, 1, "found once only");
}

async fn goes_on(server: &RedisServer, reader: &Reader) {
    reader
        .until("it reads", |now| now.state == StreamState::Reading)
        .await;
    let applied = reader.snapshot().applied;
    publish(server, 2);
    reader
        .until("it goes on", |now| now.applied >= applied + 2)
        .await;
    until_acknowledged(server).await;
}

/// Runs commands as one, so that no reader sees what is between them.
fn at_once(server: &RedisServer, script: &str) {
    let event = event("product.updated");
    let reply = server.cli(&["eval", script, "1", STREAM, GROUP, &event]);
    assert!(!reply.starts_with("ERR"), "{reply}");
}

const ADD: &str = "redis.call('XADD', KEYS[1], '*', 'event', ARGV[2]) ";

#[tokio::test]
async fn trimmed_beyond_the_position() {
    let (server, reader) = begin().await;
    at_once(
        &server,
        &format!("{ADD}{ADD}{ADD} redis.call('XTRIM', KEYS[1], 'MAXLEN', 1)"),
    );
    made_up_for(&server, &reader).await;
    assert_eq!(reader.snapshot().applied, 6, "the one that was left, too");
    let applied = reader.snapshot().applied;
    at_once(
        &server,
        &format!("{ADD}{ADD}{ADD} redis.call('XTRIM', KEYS[1], 'MAXLEN', 2)"),
    );
    reader
        .until("a second gap is another one", |now| now.gaps == 2)
        .await;
    reader
        .until("both are read", |now| now.applied == applied + 2)
        .await;
}

#[tokio::test]
async fn trimmed_to_nothing() {
    let (server, reader) = begin().await;
    at_once(
        &server,
        &format!("{ADD} redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)"),
    );
    made_up_for(&server, &reader).await;
}

#[tokio::test]
async fn trimmed_while_no_node_runs_is_found_by_the_first_only() {
    let (server, reader) = begin().await;
    drop(reader);
    publish(&server, 5);
    let _ = server.cli(&["xtrim", STREAM, "maxlen", "2"]);
    let first = Reader::start(&server);
    first.until_applied(&server, 2).await;
    assert_eq!(first.snapshot().gaps, 1);
    drop(first);
    let second = Reader::start_eager(&server);
    goes_on(&server, &second).await;
    assert_eq!(second.snapshot().gaps, 0);
}

#[tokio::test]
async fn trimmed_before_the_group_was_made() {
    let server = RedisServer::start().await;
    publish(&server, 5);
    let _ = server.cli(&["xtrim", STREAM, "maxlen", "2"]);
    let reader = Reader::start_eager(&server);
    reader.until_applied(&server, 2).await;
    assert_eq!(reader.snapshot().gaps, 1);
}

#[tokio::test]
async fn what_was_read_may_be_trimmed_and_deleted() {
    let (server, reader) = begin().await;
    let id = add(&server, "*", "event", &event("product.updated"));
    reader.until_applied(&server, 4).await;
    let _ = server.cli(&["xdel", STREAM, &id]);
    let _ = server.cli(&["xtrim", STREAM, "maxlen", "1"]);
    goes_on(&server, &reader).await;
    let _ = server.cli(&["xtrim", STREAM, "maxlen", "0"]);
    goes_on(&server, &reader).await;
    assert_eq!(reader.snapshot().gaps, 0);
    drop(reader);
    let next = Reader::start_eager(&server);
    goes_on(&server, &next).await;
    assert_eq!(next.snapshot().gaps, 0);
}

#[tokio::test]
async fn an_unread_entry_was_deleted() {
    let (server, reader) = begin().await;
    let delete = "local id = redis.call('XADD', KEYS[1], '*', 'event', ARGV[2]) redis.call('XDEL', KEYS[1], id) ";
    at_once(&server, &format!("{ADD}{delete}{ADD}"));
    made_up_for(&server, &reader).await;
    at_once(&server, &format!("{delete}{delete}"));
    reader.until("the next is found", |now| now.gaps == 2).await;
    goes_on(&server, &reader).await;
    assert_eq!(reader.snapshot().gaps, 2);
}

#[tokio::test]
async fn the_stream_was_deleted() {
    let (server, reader) = begin().await;
    let _ = server.cli(&["del", STREAM]);
    made_up_for(&server, &reader).await;
}

/// A reader at a higher id would get nothing of the new stream, for ever.
#[tokio::test]
async fn the_stream_was_deleted_and_begins_at_lower_ids() {
    let (server, reader) = begin().await;
    at_once(
        &server,
        "redis.call('DEL', KEYS[1]) redis.call('XADD', KEYS[1], '1-1', 'event', ARGV[2])",
    );
    made_up_for(&server, &reader).await;
    assert_eq!(
        reader.snapshot().applied,
        6,
        "the first of the new stream, too"
    );
}

#[tokio::test]
async fn the_stream_and_the_group_were_made_anew() {
    let (server, reader) = begin().await;
    at_once(
        &server,
        "redis.call('DEL', KEYS[1]) redis.call('XADD', KEYS[1], '1-1', 'event', ARGV[2]) \
         redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0')",
    );
    made_up_for(&server, &reader).await;
    assert_eq!(reader.snapshot().applied, 6);
}

#[tokio::test]
async fn the_stream_was_deleted_while_no_node_ran() {
    let (server, reader) = begin().await;
    drop(reader);
    let _ = server.cli(&["del", STREAM]);
    let next = Reader::start_eager(&server);
    next.until("the gap is found", |now| now.gaps == 1).await;
    goes_on(&server, &next).await;
    assert_eq!(next.snapshot().gaps, 1);
}

#[tokio::test]
async fn everything_was_flushed() {
    let (server, reader) = begin().await;
    let _ = server.cli(&["flushall"]);
    made_up_for(&server, &reader).await;
}

#[tokio::test]
async fn the_group_was_destroyed() {
    let (server, reader) = begin().await;
    let _ = server.cli(&["xgroup", "destroy", STREAM, GROUP]);
    reader.until("the gap is found", |now| now.gaps == 1).await;
    assert_eq!(reader.read("tenant-002").await, Status::Miss);
    // Everything that is left is read again, which is harmless.
    reader.until("it reads", |now| now.applied == 6).await;
    goes_on(&server, &reader).await;
}

#[tokio::test]
async fn an_entry_that_was_taken_is_gone() {
    for remove in [
        "redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)",
        // Between two that are still there.
        "redis.call('XDEL', KEYS[1], redis.call('XREVRANGE', KEYS[1], '+', '-')[2][1])",
    ] {
        let (server, reader) = begin().await;
        drop(reader);
        publish(&server, 3);
        take(&server, 3);
        let _ = server.cli(&["eval", remove, "1", STREAM]);
        let next = Reader::start_with(&server, |options| options, |builder| builder);
        next.until("it reads", |now| now.state == StreamState::Reading)
            .await;
        eventually("the gap is found", || next.snapshot().gaps == 1).await;
        until_acknowledged(&server).await;
        goes_on(&server, &next).await;
        assert_eq!(next.snapshot().gaps, 1, "{remove}");
    }
}

#[tokio::test]
async fn a_server_that_was_killed_and_lost_everything() {
    let (mut server, reader) = begin().await;
    server.kill();
    reader
        .until("it is away", |now| now.state == StreamState::Away)
        .await;
    assert_eq!(
        reader.read("tenant-002").await,
        Status::Hit,
        "the cache goes on"
    );
    server.restart().await;
    made_up_for(&server, &reader).await;
}

#[tokio::test]
async fn a_frozen_server_is_no_gap() {
    let (server, reader) = begin().await;
    server.freeze();
    reader
        .until("it is away", |now| now.state == StreamState::Away)
        .await;
    server.thaw();
    goes_on(&server, &reader).await;
    assert_eq!(reader.snapshot().gaps, 0);
}

#[tokio::test]
async fn cut_connections_are_no_gap_and_lose_nothing() {
    let (server, reader) = begin().await;
    for round in 1..=20 {
        publish(&server, 10);
        let _ = server.cli(&["client", "kill", "type", "normal"]);
        reader
            .until("they are applied", |now| now.applied >= 3 + 10 * round)
            .await;
    }
    goes_on(&server, &reader).await;
    assert_eq!(reader.snapshot().gaps, 0);
}

/// A gap is made up for as soon as everything can be invalidated, and not acknowledged before.
#[tokio::test]
async fn a_gap_waits_until_everything_can_be_invalidated() {
    let server = RedisServer::start().await;
    let mut tier_server = RedisServer::start().await;
    let tier = Arc::new(RedisTier::start(
        RedisOptions::new(&tier_server.url()).unwrap(),
    ));
    tier.ready().await;
    let remote = Arc::clone(&tier) as Arc<dyn Remote>;
    let reader = Reader::start_with(&server, eager, move |builder| builder.with_remote(remote));
    publish(&server, 3);
    reader.until_applied(&server, 3).await;
    tier_server.kill();
    let _ = server.cli(&["del", STREAM]);
    reader
        .until("it cannot", |now| now.state == StreamState::Away)
        .await;
    publish(&server, 1);
    assert_eq!((reader.snapshot().gaps, reader.snapshot().applied), (0, 3));
    tier_server.restart().await;
    reader.until("it can", |now| now.gaps >= 1).await;
    goes_on(&server, &reader).await;
    assert_eq!(reader.snapshot().gaps, 1, "found once only");
}
