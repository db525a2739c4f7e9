//! F15, F16, F18, F24: Redis answers, but is not ready, not the primary, or does not know us.

use std::sync::Arc;
use std::time::Duration;

use testkit::{RedisServer, TcpProxy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::load::{Delays, Load};
use super::report::seen;
use super::subject::{
    BOUND, PATIENT, SLACK, Subject, TENANT, assert_price, invalidate, is_stored, recovery,
    refusals, time_until_price, until_not_up, until_settled, until_up,
};
use crate::node::eventually;
use crate::outage::time_until_used;
use crate::world::World;

/// What a server says to a PING, whatever it is.
async fn ping(port: u16) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else {
        return String::new();
    };
    let mut reply = [0; 128];
    let _cut = stream.write_all(b"PING\r\n").await;
    let len = stream.read(&mut reply).await.unwrap_or(0);
    String::from_utf8_lossy(&reply[..len]).into_owned()
}

/// A server that takes 4 s to load its snapshot, and says so meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f15_a_server_that_loads_is_waited_for() {
    const FILL: &str =
        "for i = 1, 400 do redis.call('SET', 'filler:' .. i, string.rep('x', 2048)) end";
    let slow = RedisServer::builder()
        .with_config("key-load-delay", &["10000"])
        .with_config("loading-process-events-interval-bytes", &["1024"])
        .with_config("rdbcompression", &["no"]);
    let (world, mut redis) = (World::start().await, slow.start().await);
    assert_eq!(redis.cli(&["eval", FILL, "0"]), "");
    redis.snapshot();
    let proxy = TcpProxy::start(redis.port()).await;
    let subject = Subject::on(&world, &proxy.url(), &[PATIENT]).await;
    let node = Arc::clone(&subject.node);
    let load = Load::start(&[Arc::clone(&node)]);
    load.go_on(200).await;
    let port = redis.port();
    redis.kill();
    until_not_up(&node).await;
    let errors = async || node.figure("tenantcache_remote_errors_total").await;
    let watch = async {
        eventually("it loads", async || {
            ping(port).await.starts_with("-LOADING").then_some(())
        })
        .await;
        let (begun, errors_before) = (Instant::now(), errors().await);
        let connected = proxy.counts().connections;
        let mut states = Vec::new();
        while ping(port).await.starts_with("-LOADING") {
            states.push(node.redis_state().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        (
            begun,
            begun.elapsed(),
            errors().await - errors_before,
            proxy.counts().connections - connected,
            states,
        )
    };
    let ((), (begun, loading, errors, connections, states)) = tokio::join!(redis.restart(), watch);
    let until = Instant::now();
    assert!(loading > Duration::from_secs(2), "{loading:?}");
    // Only the last look may see it joined.
    let (_last, earlier) = states.split_last().unwrap();
    assert!(earlier.iter().all(|state| state != "up"), "{states:?}");
    let joined = recovery(&node, &redis).await;
    load.go_on(100).await;
    let record = load.end().await;
    let during = record.between(begun, until);
    assert!(during.count > 50, "{during}");
    // It is waited for on the open connection, and by the reader of the event stream once a second.
    assert!(connections <= 12, "{connections} in {loading:?}");
    assert!(
        errors <= 5.0,
        "{errors} errors for {} requests",
        during.count
    );
    let log = subject.end().await;
    log.assert_calm(8);
    assert!(log.names(&["loading"]), "{log:#?}");
    seen(
        "F15",
        format!(
            "{} ms of -LOADING: 0 of {} failed, {errors} errors, {connections} connections, {during}; joined {} ms after; {} changes told",
            loading.as_millis(),
            during.count,
            joined.as_millis(),
            log.changes()
        ),
    );
}

/// The service's address leads to a primary that becomes a replica of another; later it leads there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f16_a_demoted_primary_is_left() {
    let start = || RedisServer::builder().with_config("repl-diskless-sync-delay", &["0"]);
    let world = World::start().await;
    let (old, new) = (start().start().await, start().start().await);
    let address = TcpProxy::start(old.port()).await;
    let subject = Subject::on(&world, &address.url(), &[PATIENT]).await;
    let other = world.node_on(&old, &[]).await;
    let node = &subject.node;
    world.reprice(TENANT, "1.00").await;
    assert_price(node, "1.00").await;
    // What only Redis has: the node would take it from there if it relied on it.
    other.get(TENANT, "/dashboard/trends?days=5").await.ok();
    new.replicate(old.port());
    eventually("the replica is in step", async || {
        new.is_in_step().then_some(())
    })
    .await;
    new.promote();

    let demoted = Instant::now();
    old.replicate(new.port());
    let load = Load::start(&[Arc::clone(node)]);
    let noticed = until_not_up(node).await;
    assert!(noticed < BOUND + SLACK, "{noticed:?}");
    let cold = node.get(TENANT, "/dashboard/trends?days=5").await;
    assert_ne!(cold.ok().detail.as_deref(), Some("redis"), "{cold:?}");
    world.reprice(TENANT, "2.00").await;
    assert_eq!(invalidate(node).await, "queued");
    for _ in 0..20 {
        assert_price(node, "2.00").await;
    }
    load.go_on(100).await;

    address.retarget(new.port());
    let moved = Instant::now();
    let recovered = recovery(node, &new).await;
    let record = load.end().await;
    until_settled(node).await;
    assert_price(node, "2.00").await;
    let during = record.between(demoted, moved);
    let log = subject.end().await;
    log.assert_calm(8);
    assert!(log.names(&["replica"]), "{log:#?}");
    seen(
        "F16",
        format!(
            "left after {} ms, 0 of {} failed, {during}; invalidations queued; at the new primary in {} ms, applied there",
            noticed.as_millis(),
            record.count(),
            recovered.as_millis()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f18_a_wrong_password_is_told_once_and_heals() {
    const OURS: &str = "ours-5d1f0c7a";
    const THEIRS: &str = "theirs-93b2e6d4";
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let open = redis.url();
    let closed = open.replace("redis://", &format!("redis://:{OURS}@"));
    assert_eq!(redis.cli(&["config", "set", "requirepass", THEIRS]), "OK");
    let auth = ["-a", THEIRS, "--no-auth-warning"];

    // At the start: one service has no password, the other a wrong one.
    let without = Subject::start(&world, &[("REDIS_URL", &open)]).await;
    let wrong = Subject::start(&world, &[("REDIS_URL", &closed)]).await;
    for subject in [&without, &wrong] {
        assert_eq!(subject.node.redis_state().await, "down");
    }
    let before = refusals(&redis, &auth, "WRONGPASS");
    let begun = Instant::now();
    let mut took = Vec::new();
    while begun.elapsed() < Duration::from_secs(2) {
        for (limit, subject) in (1..).zip([&without, &wrong].into_iter().cycle().take(20)) {
            let asked = Instant::now();
            let path = format!("/products?limit={limit}");
            subject.node.get(TENANT, &path).await.ok();
            took.push(asked.elapsed());
        }
    }
    let delays = Delays::of(took);
    let tries = refusals(&redis, &auth, "WRONGPASS") - before;
    assert!(
        tries <= 2,
        "{tries} in {:?}: at most one each 5 s",
        begun.elapsed()
    );
    let mut set = auth.to_vec();
    set.extend(["config", "set", "requirepass", OURS]);
    assert_eq!(redis.cli(&set), "OK");
    let righted = Instant::now();
    until_up(&wrong.node).await;
    let joined = righted.elapsed();
    assert!(joined < Duration::from_secs(6) + SLACK, "{joined:?}");

    // In the midst of it: the password changes, and the server ends the connections that knew the old one.
    let auth = ["-a", OURS, "--no-auth-warning"];
    let as_admin = |args: &[&str]| redis.cli(&[&auth[..], args].concat());
    assert_eq!(as_admin(&["config", "set", "requirepass", THEIRS]), "OK");
    let as_admin =
        |args: &[&str]| redis.cli(&[&["-a", THEIRS, "--no-auth-warning"], args].concat());
    as_admin(&["client", "kill", "type", "normal"]);
    until_not_up(&wrong.node).await;
    wrong.node.get(TENANT, "/dashboard/alerts").await.ok();
    assert_eq!(as_admin(&["config", "set", "requirepass", ""]), "OK");
    let healed = Instant::now();
    until_up(&without.node).await;
    let recovered = healed.elapsed();
    assert!(recovered < Duration::from_secs(10), "{recovered:?}");

    for (subject, cause, changes_max) in [
        (without, ["noauth", "authentication required"], 3),
        (wrong, ["wrongpass", "authentication failed"], 6),
    ] {
        let log = subject.end().await;
        log.assert_calm(changes_max);
        assert!(log.names(&cause), "{cause:?}: {log:#?}");
        log.assert_silent_of(OURS);
        log.assert_silent_of(THEIRS);
    }
    seen(
        "F18",
        format!(
            "0 failed, {delays}; {tries} tries with a wrong password in 2 s; joined {} ms after it was right, {} ms where none was asked; cause told, no secret",
            joined.as_millis(),
            recovered.as_millis()
        ),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f24_scripts_are_flushed_and_one_is_busy() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let flushed = Subject::on(&world, &redis.url(), &[PATIENT]).await;
    let node = &flushed.node;
    let errors = async || node.figure("tenantcache_remote_errors_total").await;
    let (errors_before, mut limit) = (errors().await, 0);
    for _ in 0..20 {
        assert_eq!(redis.cli(&["script", "flush"]), "OK");
        limit += 1;
        node.get(TENANT, &format!("/products?limit={limit}"))
            .await
            .assert_miss();
        assert!(is_stored(
            &redis,
            &format!("products:{TENANT}:limit:{limit}")
        ));
        node.applied(TENANT, "?endpoint=products").await;
    }
    let unseen = errors().await - errors_before;
    // A flush may fall between the loading of a script and its run, on behalf of nobody who waits.
    assert!(unseen < 2.5, "{unseen} errors of flushed scripts");
    // A late reply of a busy machine may have slowed it down; a flush alone does no harm that lasts.
    eventually("it is up", async || {
        (node.redis_state().await == "up").then_some(())
    })
    .await;
    drop(flushed);

    // Somebody's script runs for longer than the server likes, which then tells everybody that it is busy.
    assert_eq!(
        redis.cli(&["config", "set", "busy-reply-threshold", "50"]),
        "OK"
    );
    let subject = Subject::on(&world, &redis.url(), &[]).await;
    let node = &subject.node;
    let load = Load::start(&[Arc::clone(node)]);
    load.go_on(200).await;
    let port = redis.port();
    let mut busy = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    busy.write_all(b"*3\r\n$4\r\nEVAL\r\n$17\r\nwhile true do end\r\n$1\r\n0\r\n")
        .await
        .unwrap();
    eventually("the script is in the way", async || {
        ping(port).await.starts_with("-BUSY").then_some(())
    })
    .await;
    let begun = Instant::now();
    world.reprice(TENANT, "1.00").await;
    assert_price(node, "1.00").await;
    world.reprice(TENANT, "2.00").await;
    assert_eq!(invalidate(node).await, "queued");
    tokio::time::sleep(Duration::from_secs(5)).await;
    time_until_price(node, "2.00", begun).await;
    load.go_on(200).await;
    assert_eq!(redis.cli(&["script", "kill"]), "OK");
    let killed = Instant::now();
    let recovered = time_until_used(node, &redis).await;
    assert!(recovered < Duration::from_secs(10), "{recovered:?}");
    until_settled(node).await;
    load.go_on(100).await;
    let record = load.end().await;
    let during = record.between(begun, killed);
    let log = subject.end().await;
    log.assert_calm(8);
    let refused = refusals(&redis, &[], "BUSY");
    seen(
        "F24",
        format!(
            "20 SCRIPT FLUSH: no error; busy {} s: 0 of {} failed, {during}, {refused} refusals; back in {} ms",
            (killed - begun).as_secs(),
            record.count(),
            recovered.as_millis()
        ),
    );
}
