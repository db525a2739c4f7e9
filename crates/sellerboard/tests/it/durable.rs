//! What was queued while Redis was away outlives the process that queued it.

use reqwest::Method;
use testkit::RedisServer;

use crate::node::{client, send};
use crate::program::Program;
use crate::reply::Reply;
use crate::serve::serve;
use crate::tokens::token;
use crate::world::World;

const INVALIDATIONS: u32 = 10;

async fn api(origin: &str, method: Method, path: &str) -> Reply {
    let request = client().request(method, format!("{origin}/api/v1{path}"));
    send(request.bearer_auth(token("tenant-001"))).await
}

async fn trends(origin: &str, days: u32) -> Reply {
    api(
        origin,
        Method::GET,
        &format!("/dashboard/trends?days={days}"),
    )
    .await
}

/// Redis does not answer, so that it has everything when it is back: only the queue can make it invalid.
#[tokio::test]
async fn ten_invalidations_in_an_outage_survive_kill_9() {
    let world = World::start().await;
    let redis = RedisServer::start().await;
    let url = redis.url();
    let variables = [("REDIS_URL", url.as_str())];
    let (service, origin) = serve(&world, &variables).await;
    for days in 1..=INVALIDATIONS + 1 {
        trends(&origin, days).await.assert_miss();
    }
    redis.freeze();
    for days in 1..=INVALIDATIONS {
        let key = format!("dashboard_trends:tenant-001:days:{days}");
        let reply = api(&origin, Method::DELETE, &format!("/cache?key={key}")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json()["status"], "queued");
    }
    // SIGKILL.
    drop(service);
    redis.thaw();
    let (_service, origin) = serve(&world, &variables).await;
    for days in 1..=INVALIDATIONS {
        trends(&origin, days).await.assert_miss();
    }
    // What was not invalidated is as good as before: without the queue, so would be the rest.
    let other = trends(&origin, INVALIDATIONS + 1).await;
    other.assert_hit("redis");
}

/// As an operator does it: Redis is stopped, and started again with what it had saved.
#[tokio::test]
async fn ten_invalidations_survive_a_restart_of_both() {
    let world = World::start().await;
    let saving = RedisServer::builder().with_config("appendonly", &["yes"]);
    let mut redis = saving.with_config("appendfsync", &["always"]).start().await;
    let url = redis.url();
    let variables = [("REDIS_URL", url.as_str())];
    let (service, origin) = serve(&world, &variables).await;
    for days in 1..=INVALIDATIONS {
        trends(&origin, days).await.assert_miss();
    }
    redis.kill();
    for days in 1..=INVALIDATIONS {
        let key = format!("dashboard_trends:tenant-001:days:{days}");
        let reply = api(&origin, Method::DELETE, &format!("/cache?key={key}")).await;
        assert_eq!(reply.json()["status"], "queued", "{reply:?}");
    }
    drop(service);
    redis.restart().await;
    let (_service, origin) = serve(&world, &variables).await;
    for days in 1..=INVALIDATIONS {
        trends(&origin, days).await.assert_miss();
    }
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_used_stops_the_start_only_with_redis() {
    let world = World::start().await;
    let start = |redis: &str| {
        let variables = [
            ("REDIS_URL", redis),
            ("SELLERBOARD_STATE_DIR", "/dev/null/state"),
        ];
        Program::new(&["serve"]).with_variables(&world.variables(&variables))
    };
    let run = start("redis://127.0.0.1:1/0").run_beside().await;
    assert_eq!(run.code, Some(1), "{run:?}");
    for part in ["SELLERBOARD_STATE_DIR", "/dev/null/state"] {
        assert!(run.stderr.contains(part), "{run:?}");
    }
    let variables = [("SELLERBOARD_STATE_DIR", "/dev/null/state")];
    let (_service, _origin) = serve(&world, &variables).await;
}
