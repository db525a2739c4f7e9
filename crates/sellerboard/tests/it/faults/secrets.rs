//! F89: nothing secret is ever said.

use reqwest::Method;
use serde_json::json;
use testkit::RedisServer;

use super::report::seen;
use crate::events::{STRUCTURED, event, now, secret};
use crate::node::{client, eventually, send};
use crate::program::Program;
use crate::serve::serve;
use crate::tokens::{SECRET, admin, claims, encode, token};
use crate::world::{READS, World};

// `cargo xtask faults` looks for all of these in the output of every fault.
const REDIS_PASSWORD: &str = "the-password-of-redis-4711";
const WRONG_PASSWORD: &str = "a-wrong-password-4712";
const DATABASE_PASSWORD: &str = "the-password-of-the-database-4713";
/// A secret that no configuration has: it stands where callers put it.
const SENT_SECRET: &str = "only-a-caller-knows-4714";

/// What was printed, logged or answered, by where it was found.
#[derive(Default)]
struct Said(Vec<(String, String)>);

impl Said {
    fn add(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.0.push((place.into(), text.into()));
    }

    fn assert_nothing_of(&self, secrets: &[String]) {
        for secret in secrets {
            for (place, text) in &self.0 {
                assert!(!text.contains(secret), "{place} has {secret:?}");
            }
        }
    }
}

fn redis_url(redis: &RedisServer, password: &str) -> String {
    format!("redis://:{password}@127.0.0.1:{}/0", redis.port())
}

/// Tokens that are refused, with something secret in them.
fn bad_tokens() -> Vec<String> {
    let good = token("tenant-001");
    let (head, signature) = good.rsplit_once('.').unwrap();
    let mut odd = claims("tenant-001");
    odd["email"] = json!(SENT_SECRET);
    odd["exp"] = json!(1);
    vec![
        format!("{head}.{SENT_SECRET}"),
        format!("{SENT_SECRET}.{head}.{signature}"),
        encode(
            &claims("tenant-001"),
            "another secret, long enough for HS256",
        ),
        encode(&odd, SECRET),
        encode(
            &json!({ "tenant_id": [SENT_SECRET], "exp": "never" }),
            SECRET,
        ),
    ]
}

#[tokio::test]
async fn f89_no_secret_is_said() {
    let world = World::start().await;
    let redis = RedisServer::builder().with_config("requirepass", &[REDIS_PASSWORD]);
    let redis = redis.start().await;
    let (url, wrong) = (
        redis_url(&redis, REDIS_PASSWORD),
        redis_url(&redis, WRONG_PASSWORD),
    );
    let (webhook, webhook_secret) = secret();
    let database = format!("postgres://seller:{DATABASE_PASSWORD}@127.0.0.1:1/shop");
    let tokens = [token("tenant-001"), admin("tenant-001")];
    let mut said = Said::default();

    // What is printed without a service.
    let commands: [(&[&str], &str); 6] = [
        (&["serve", "--print-config"], &url),
        (&["serve", "--print-config", "--format", "json"], &url),
        (&["check-redis"], &url),
        (&["check-redis"], &wrong),
        (&["serve"], "redis://:the-password-of-redis-4711@:no-port"),
        (
            &["cache", "metrics", "--server", "http://127.0.0.1:1"],
            &url,
        ),
    ];
    for (arguments, url) in commands {
        let program = Program::new(arguments)
            .with_env("REDIS_URL", url)
            .with_env("JWT_SECRET", SECRET)
            .with_env(webhook, &webhook_secret)
            .with_env("DATABASE_URL", &database)
            .with_env("SELLERBOARD_TOKEN", &tokens[1])
            .with_env("RUST_LOG", "debug");
        let run = program.run_beside().await;
        said.add(format!("{arguments:?}"), run.stdout + &run.stderr);
    }
    // A store that cannot be reached.
    let variables = world.variables(&[("DATA_SOURCE", "sql"), ("DATABASE_URL", &database)]);
    let run = Program::new(&["serve"])
        .with_variables(&variables)
        .run_beside()
        .await;
    assert_ne!(run.code, Some(0));
    said.add("serve without its store", run.stdout + &run.stderr);

    // Services at work, in both formats, that say all they can.
    let filter = "debug,sellerboard=trace,tenantcache=trace,tenantcache_redis=trace";
    for (format, redis_url) in [("json", &url), ("pretty", &wrong)] {
        let variables = [
            ("REDIS_URL", redis_url.as_str()),
            (webhook, webhook_secret.as_str()),
            ("LOG_FORMAT", format),
            ("RUST_LOG", filter),
        ];
        let (mut service, origin) = serve(&world, &variables).await;
        let ask = async |said: &mut Said, method: Method, path: &str, token: &str| {
            let request = client().request(method, format!("{origin}{path}"));
            let reply = send(request.bearer_auth(token)).await;
            // An answer that is no error has the caller's own data, and nothing else.
            let headers = format!("{:?}", reply.headers);
            said.add(
                format!("{format}: {path}"),
                headers + &String::from_utf8_lossy(&reply.body),
            );
            reply.status
        };
        for (path, _) in READS {
            assert_eq!(
                ask(
                    &mut said,
                    Method::GET,
                    &format!("/api/v1{path}"),
                    &tokens[0]
                )
                .await,
                200
            );
        }
        for bad in &bad_tokens() {
            assert_eq!(
                ask(&mut said, Method::GET, "/api/v1/dashboard/kpis", bad).await,
                401
            );
            assert_eq!(
                ask(&mut said, Method::DELETE, "/api/v1/cache", bad).await,
                401
            );
        }
        for path in [
            "/metrics",
            "/readyz",
            "/openapi.json",
            "/api/v1/cache/metrics",
            "/api/v1/cache/entries",
            "/api/v1/cache/tenants",
            "/api/v1/cache/history",
            "/api/v1/cache/invalidations",
        ] {
            assert_eq!(
                ask(&mut said, Method::GET, path, &tokens[1]).await,
                200,
                "{path}"
            );
        }
        // An event that is signed badly, with a payload that is nobody's business.
        let mut body = event("product.updated", "tenant-001", "101");
        body["data"] = json!({ "card": SENT_SECRET });
        let request = client().post(format!("{origin}/api/v1/events"));
        let request = request
            .header("content-type", STRUCTURED)
            .header("webhook-id", "e-1")
            .header("webhook-timestamp", now())
            .header("webhook-signature", format!("v1,{SENT_SECRET}"));
        let reply = send(request.body(body.to_string())).await;
        assert_eq!(reply.status, 401);
        said.add(
            format!("{format}: bad event"),
            String::from_utf8_lossy(&reply.body),
        );
        // The origin fails, Redis goes, and an invalidation is queued.
        world
            .set_faults(&json!({ "error_rate": 1, "status": 500 }))
            .await;
        ask(
            &mut said,
            Method::GET,
            "/api/v1/dashboard/trends?days=77",
            &tokens[0],
        )
        .await;
        world.heal().await;
        if format == "json" {
            eventually("Redis is up", async || {
                let reply = send(client().get(format!("{origin}/readyz"))).await;
                (reply.json()["redis"] == "up").then_some(())
            })
            .await;
            let _ = redis.cli(&[
                "-a",
                REDIS_PASSWORD,
                "--no-auth-warning",
                "CONFIG",
                "SET",
                "requirepass",
                WRONG_PASSWORD,
            ]);
            let _ = redis.cli(&[
                "-a",
                WRONG_PASSWORD,
                "--no-auth-warning",
                "CLIENT",
                "KILL",
                "TYPE",
                "normal",
            ]);
            ask(&mut said, Method::DELETE, "/api/v1/cache", &tokens[0]).await;
            let _ = redis.cli(&[
                "-a",
                WRONG_PASSWORD,
                "--no-auth-warning",
                "CONFIG",
                "SET",
                "requirepass",
                REDIS_PASSWORD,
            ]);
        }
        let run = service.stop();
        assert!(run.stderr.lines().count() > 50, "{}", run.stderr);
        said.add(format!("{format}: log"), run.stdout + &run.stderr);
    }

    let mut secrets = [
        SECRET,
        REDIS_PASSWORD,
        WRONG_PASSWORD,
        DATABASE_PASSWORD,
        SENT_SECRET,
    ]
    .map(str::to_owned)
    .to_vec();
    secrets.push(webhook_secret.trim_start_matches("whsec_").to_owned());
    secrets.extend(tokens);
    secrets.extend(bad_tokens());
    said.assert_nothing_of(&secrets);
    // Answers have payloads; logs and errors have not.
    let logs = said
        .0
        .iter()
        .filter(|(place, _)| !place.contains("/api/v1/"));
    for (place, text) in logs {
        assert!(!text.contains("Lovely mug"), "{place} has a payload");
    }
    let bytes: usize = said.0.iter().map(|(_, text)| text.len()).sum();
    seen(
        "F89",
        format!(
            "{} secrets and tokens, none in {} outputs of {} KiB: debug logs, errors, --print-config, check-redis, /metrics",
            secrets.len(),
            said.0.len(),
            bytes / 1024
        ),
    );
}
