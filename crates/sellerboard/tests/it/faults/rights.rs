//! F19, F20: Redis does not let this user do everything.

use std::sync::Arc;
use std::time::Duration;

use testkit::RedisServer;
use tokio::time::Instant;

use super::load::Load;
use super::refused::time_until_stored;
use super::report::seen;
use super::subject::{
    BOUND, OUTAGE_TTL, PATIENT, SLACK, Subject, TENANT, assert_price, invalidate, is_stored,
    time_until_price,
};
use crate::node::eventually;
use crate::tokens::token;
use crate::world::World;

/// A user's rights are taken away one after another while the service runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask faults"]
async fn f19_what_a_user_may_not_do_is_off() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let allow = |rules: &[&str]| {
        let user = [
            "acl",
            "setuser",
            "seller",
            "reset",
            "on",
            ">s3cret-2f81",
            "~*",
            "&*",
            "+@all",
        ];
        assert_eq!(redis.cli(&[&user, rules].concat()), "OK");
    };
    let url = redis
        .url()
        .replace("redis://", "redis://seller:s3cret-2f81@");
    let mut prices = (1..).map(|price| format!("{price}.00"));
    let mut figures = Vec::new();
    for (name, rules, bound, named) in [
        // Without tracking, tables are read again in time.
        ("tracking", &["-client|tracking"][..], BOUND, "tracking"),
        // Without fills, reads go on.
        ("SET", &["-set"], BOUND, "set"),
        // Without tables or scripts, or without knowing the server's history, a node is on its own.
        (
            "tables",
            &[
                "resetkeys",
                "~dashboard*",
                "~products*",
                "~tenantcache:[eil]*",
            ],
            OUTAGE_TTL,
            "",
        ),
        ("scripts", &["-@scripting"], OUTAGE_TTL, ""),
        ("INFO", &["-info"], OUTAGE_TTL, "info"),
    ] {
        allow(&[]);
        let subject = Subject::on(&world, &url, &[PATIENT]).await;
        let other = Subject::on(&world, &url, &[PATIENT]).await;
        let old = prices.next().unwrap();
        world.reprice(TENANT, &old).await;
        subject.node.invalidate(&token(TENANT), "").await;
        for subject in [&subject, &other] {
            time_until_price(&subject.node, &old, Instant::now()).await;
        }
        allow(rules);
        // A connection that tracks keeps on doing so: it begins anew, without the right.
        let _killed = redis.cli(&["client", "kill", "type", "normal"]);
        let load = Load::start(&[Arc::clone(&subject.node), Arc::clone(&other.node)]);
        load.go_on(150).await;
        let new = prices.next().unwrap();
        world.reprice(TENANT, &new).await;
        let mut said = invalidate(&subject.node).await;
        if bound == BOUND {
            // It may have come while the connection that was killed was being replaced.
            eventually("invalidations are applied", async || {
                said = invalidate(&subject.node).await;
                (said == "applied").then_some(())
            })
            .await;
        }
        let since = Instant::now();
        assert_price(&subject.node, &new).await;
        let heeded = time_until_price(&other.node, &new, since).await;
        assert!(heeded < bound + SLACK, "{name}: {heeded:?}");
        load.go_on(100).await;
        load.end().await;
        let state = subject.node.redis_state().await;
        allow(&[]);
        if name != "tracking" {
            let _used = time_until_stored(&subject.node, &redis).await;
        }
        let log = subject.end().await;
        log.assert_calm(8);
        assert!(log.names(&["noperm", "permission"]), "{name}: {log:#?}");
        assert!(log.names(&[named]), "{name}: {log:#?}");
        log.assert_silent_of("s3cret");
        drop(other);
        figures.push(format!("{name} {state}/{said}/{}", heeded.as_millis()));
    }
    let figures = figures.join(", ");
    seen("F19", format!("0 failed; state/said/ms: {figures}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f20_config_and_debug_are_not_there() {
    let world = World::start().await;
    let renamed = RedisServer::builder()
        .with_config("rename-command", &["CONFIG", ""])
        .with_config("rename-command", &["DEBUG", ""])
        .with_config("rename-command", &["FLUSHALL", ""])
        .start()
        .await;
    let limited = RedisServer::start().await;
    let user = [
        "acl",
        "setuser",
        "default",
        "-config",
        "-debug",
        "-flushall",
        "-keys",
    ];
    assert_eq!(limited.cli(&user), "OK");
    for redis in [&renamed, &limited] {
        let begun = Instant::now();
        let subject = Subject::on(&world, &redis.url(), &[PATIENT]).await;
        let started = begun.elapsed();
        assert!(started < Duration::from_secs(1) + SLACK, "{started:?}");
        let node = &subject.node;
        node.get(TENANT, "/dashboard/kpis").await.assert_miss();
        assert!(is_stored(redis, "dashboard_kpis:tenant-001"));
        node.applied(TENANT, "").await;
        node.get(TENANT, "/dashboard/kpis").await.assert_miss();
        node.await_figure("tenantcache_redis_tracking", 1.0).await;
        assert_eq!(node.redis_state().await, "up");
        let log = subject.end().await;
        let warnings = log.warnings();
        assert_eq!(warnings.len(), 1, "{log:#?}");
        for part in ["set maxmemory ", "allkeys-lru"] {
            assert!(warnings[0].contains(part), "{log:#?}");
        }
    }
    seen(
        "F20",
        "renamed and by ACL: starts, all works, 1 warning with what to set",
    );
}
