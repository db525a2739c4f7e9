use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::program::{Program, Run};

/// A service that answers everything with one document and remembers what it was asked.
#[derive(Clone)]
struct Service {
    addr: SocketAddr,
    status: StatusCode,
    document: Value,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Service {
    async fn start(status: StatusCode, document: Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            addr: listener.local_addr().unwrap(),
            status,
            document,
            asked: Arc::default(),
        };
        let router = Router::new()
            .fallback(Self::respond)
            .with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        service
    }

    async fn respond(State(service): State<Self>, request: Request) -> Response {
        let token = request.headers()["authorization"].to_str().unwrap();
        let asked = format!("{} {} {token}", request.method(), request.uri());
        service.asked.lock().push(asked);
        (service.status, service.document.to_string()).into_response()
    }

    async fn run(&self, args: &[&str]) -> Run {
        let server = format!("http://{}", self.addr);
        let mut all = vec!["cache"];
        all.extend(args);
        all.extend(["--server", &server]);
        let program = Program::new(&all).with_env("SELLERBOARD_TOKEN", "T0KEN");
        program.run_beside().await
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

#[tokio::test]
async fn metrics_are_a_table_with_the_eight_fields_first() {
    let service = Service::start(
        StatusCode::OK,
        json!({
            "redis": {"state": "up"}, "collapsed": 1, "hits": 150, "misses": 50, "total_requests": 200,
            "hit_rate_percent": 75.0, "used_memory_mb": 12.5, "max_memory_mb": 256,
            "memory_usage_percent": 4.88, "redis_evicted_keys": 0,
        }),
    )
    .await;
    let run = service.run(&["metrics"]).await;
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let lines: Vec<Vec<&str>> = run
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines,
        [
            ["FIELD", "VALUE"],
            ["hits", "150"],
            ["misses", "50"],
            ["total_requests", "200"],
            ["hit_rate_percent", "75.0"],
            ["used_memory_mb", "12.5"],
            ["max_memory_mb", "256"],
            ["memory_usage_percent", "4.88"],
            ["redis_evicted_keys", "0"],
            ["collapsed", "1"],
            ["redis.state", "up"],
        ]
    );
    assert_eq!(service.asked(), ["GET /api/v1/cache/metrics Bearer T0KEN"]);

    let run = service.run(&["metrics", "--format", "json", "--own"]).await;
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["hits"], 150);
    assert!(service.asked()[1].starts_with("GET /api/v1/cache/metrics?scope=tenant "));
}

#[tokio::test]
async fn get_shows_header_and_value_of_any_key() {
    let service = Service::start(
        StatusCode::OK,
        json!({"key": "products:t:q:a&b", "tags": ["a", "b"], "value": {"payload": 1}}),
    )
    .await;
    let run = service.run(&["get", "products:t:q:a&b"]).await;
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("products:t:q:a&b"), "{}", run.stdout);
    assert!(run.stdout.contains("a b"));
    assert!(
        run.stdout.ends_with("{\n  \"payload\": 1\n}\n"),
        "{}",
        run.stdout
    );
    assert!(
        service.asked()[0].starts_with("GET /api/v1/cache/entry?key=products%3At%3Aq%3Aa%26b ")
    );
}

#[tokio::test]
async fn list_has_a_row_per_entry_and_says_when_there_are_more() {
    let service = Service::start(
        StatusCode::OK,
        json!({"items": [{"key": "a", "tier": "local", "tags": ["t"]}, {"key": "b", "bytes": 7}], "next_cursor": "c1"}),
    )
    .await;
    let run = service
        .run(&["list", "--prefix", "dash", "--limit", "2", "--cursor", "c0"])
        .await;
    let words: Vec<Vec<&str>> = run
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        words,
        [
            ["KEY", "TIER", "STATE", "AGE", "TTL", "BYTES"],
            ["a", "local", "-", "-", "-", "-"],
            ["b", "-", "-", "-", "-", "7"]
        ]
    );
    assert_eq!(run.stderr, "there are more: --cursor c1\n");
    let asked = &service.asked()[0];
    assert!(
        asked.starts_with("GET /api/v1/cache/entries?prefix=dash&limit=2&cursor=c0 "),
        "{asked}"
    );
}

#[tokio::test]
async fn invalidate_sends_its_one_selector() {
    let service = Service::start(
        StatusCode::OK,
        json!({"status": "applied", "generation": 12}),
    )
    .await;
    let run = service
        .run(&["invalidate", "--tag", "product:123", "--tenant", "t2"])
        .await;
    assert_eq!(run.stdout, "applied (generation 12)\n");
    service.run(&["invalidate"]).await;
    let asked = service.asked();
    assert!(
        asked[0].starts_with("DELETE /api/v1/cache?tag=product%3A123&tenant=t2 "),
        "{asked:?}"
    );
    assert!(asked[1].starts_with("DELETE /api/v1/cache "), "{asked:?}");

    let run = service
        .run(&["invalidate", "--tag", "a", "--key", "b"])
        .await;
    assert_eq!(run.code, Some(2));
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn a_refusal_is_told_with_its_cause_and_a_next_step() {
    let service = Service::start(
        StatusCode::UNAUTHORIZED,
        json!({"detail": "the token has expired", "request_id": "r-1"}),
    )
    .await;
    let run = service.run(&["metrics"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        run.stderr,
        "error: the service answered 401 Unauthorized: the token has expired (request r-1); give a \
         valid token with --token or in SELLERBOARD_TOKEN\n"
    );
}

#[test]
fn without_a_service_or_a_token_the_message_says_what_to_do() {
    let run = Program::new(&["cache", "metrics"]).run();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("error: no token; give one with --token"),
        "{}",
        run.stderr
    );

    let server = format!("http://127.0.0.1:{}", testkit::free_port());
    let run = Program::new(&["cache", "list", "--token", "T0KEN", "--server", &server]).run();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .contains("start the service or name another with --server"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("T0KEN"));
}
