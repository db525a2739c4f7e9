//! Hits beside the router: whatever they answer, it would have answered too.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use tenantcache::{Cache, Loaded, Tenant, TenantId};
use tower::ServiceExt as _;

use super::*;
use crate::app::events::Intake;
use crate::app::latency::Answered;
use crate::app::limits::Limits;
use crate::app::metrics::Metrics;
use crate::app::operate::{Course, wall};
use crate::app::read::Read;
use crate::app::router::router;
use crate::app::source::{Form, Source, UpstreamSource};
use crate::auth::{NewToken, Verifier, sign};
use crate::config::{AuthSettings, Secret};

const TENANTS: [&str; 2] = ["tenant-001", "tenant-002"];

/// A service whose source of data is not there, its hits and its router.
struct Both {
    app: AppState,
    hits: Hits,
    router: Router,
    /// A token for each tenant.
    tokens: [String; 2],
}

impl Both {
    fn new(rate_limit: Option<NonZeroU32>) -> Self {
        let settings = AuthSettings {
            secret: Some(Secret::new("a secret of the tests, long enough for HS256")),
            ..AuthSettings::default()
        };
        let tokens = TENANTS.map(|tenant| {
            let token = NewToken::new(tenant, "u@shop.example");
            sign(&settings, &token, UNIX_EPOCH + wall()).unwrap()
        });
        let cache = Cache::builder().build().unwrap();
        let timeout = Duration::from_secs(5);
        let nobody = UpstreamSource::new("http://127.0.0.1:1".parse().unwrap(), timeout).unwrap();
        let source = Source::new(Form::Upstream(nobody), timeout);
        let app = AppState {
            metrics: Arc::new(Metrics::new(
                cache.clone(),
                None,
                source.origin(),
                Arc::default(),
            )),
            cache,
            course: Arc::new(Course::begin()),
            events: Arc::new(Intake::new(None)),
            invalidations: Arc::default(),
            latencies: Arc::default(),
            limits: Arc::new(Limits::new(rate_limit)),
            seats: Arc::default(),
            source,
            top_tenants: Arc::default(),
            verifier: Verifier::new(&settings).unwrap(),
        };
        Self {
            hits: Hits::new(app.clone()),
            router: router(app.clone(), None),
            app,
            tokens,
        }
    }

    fn tenant(&self, index: usize) -> Tenant {
        self.app
            .cache
            .tenant(&TenantId::new(TENANTS[index]).unwrap())
    }

    /// Puts an answer into the cache that names its tenant.
    async fn fill(&self, index: usize, read: &Read) {
        let entry = read.entry(&self.tenant(index));
        let missing = matches!(read, Read::Product { id } if id == "404");
        let loaded = if missing {
            Loaded::missing()
        } else {
            let body = format!("{{\"payload\":\"{read:?} of {}\"}}", TENANTS[index]);
            Loaded::new(body).with_content_type("application/json")
        };
        assert!(entry.insert(entry.begin().await, loaded).await.unwrap());
    }

    /// Verifies the tokens, so that they are remembered, and fills in a part of what can be read.
    async fn filled(rate_limit: Option<NonZeroU32>) -> Self {
        let both = Self::new(rate_limit);
        let product = |id: &str| Read::Product { id: id.to_owned() };
        for (index, token) in both.tokens.iter().enumerate() {
            both.app.verifier.verify(token).await.unwrap();
            let products = Read::Products {
                limit: 20,
                cursor: None,
                q: Some("mug & co".to_owned()),
            };
            for read in [
                Read::Kpis,
                Read::Trends { days: 7 },
                Read::Trends { days: 30 },
                products,
                product("101"),
                product("404"),
                product("ü"),
            ] {
                both.fill(index, &read).await;
            }
        }
        both
    }

    fn request(&self, asked: &Asked) -> Request<Body> {
        let mut request = Request::builder()
            .method(asked.method)
            .version(asked.version)
            .uri(format!("{}{}", asked.path, asked.query));
        let [own, other] = &self.tokens;
        let authorization = asked
            .authorization
            .replace("OWN", own)
            .replace("OTHER", other);
        for value in authorization.split('\n').filter(|value| !value.is_empty()) {
            request = request.header("authorization", value);
        }
        for (name, value) in &asked.headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    /// The answer of the hits, and what the router says to the same request while that would not have changed: ages go on.
    async fn ask(&self, asked: &Asked) -> Option<(Seen, Seen)> {
        loop {
            let before = self.hit(asked).await?;
            let routed = self.router.clone().oneshot(self.request(asked)).await;
            let routed = Seen::of(routed.unwrap()).await;
            if self.hit(asked).await.as_ref() == Some(&before) {
                return Some((before, routed));
            }
        }
    }

    async fn hit(&self, asked: &Asked) -> Option<Seen> {
        match self.hits.look(&mut self.request(asked)) {
            Look::Answer(hit) => Some(Seen::of(hit.map(Body::from)).await),
            Look::Read(_) | Look::Otherwise => None,
        }
    }
}

/// A request of either kind, before it has tokens.
#[derive(Clone, Debug)]
struct Asked {
    method: &'static str,
    version: Version,
    path: &'static str,
    query: String,
    /// Values of the header, a line each; OWN and OTHER stand for the tokens.
    authorization: &'static str,
    headers: Vec<(&'static str, &'static str)>,
}

impl Asked {
    fn plain(path: &'static str) -> Self {
        Self {
            method: "GET",
            version: Version::HTTP_11,
            path,
            query: String::new(),
            authorization: "Bearer OWN",
            headers: Vec::new(),
        }
    }
}

/// An answer as a client sees it, but for what differs from one to the next.
#[derive(Debug, PartialEq)]
struct Seen {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    async fn of(response: Response<Body>) -> Self {
        let (mut parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let mut body = String::from_utf8(body.to_vec()).unwrap();
        // The server that writes the answer adds the length, if the router has not.
        if let Some(length) = parts.headers.remove(CONTENT_LENGTH) {
            assert_eq!(length, body.len().to_string());
        }
        let id = parts.headers["x-request-id"].to_str().unwrap().to_owned();
        if id.len() == 32 {
            body = body.replace(&id, "(random)");
            let random = HeaderValue::from_static("(random)");
            parts.headers.insert("x-request-id", random);
        }
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let paths = [
        "/api/v1/dashboard/kpis",
        "/api/v1/dashboard/kpis/",
        "/api/v1/dashboard/KPIS",
        "/api/v1/dashboard/%6Bpis",
        "/api/v1//dashboard/kpis",
        "/api/v1/dashboard/trends",
        "/api/v1/products",
        "/api/v1/products/",
        "/api/v1/products/101",
        "/api/v1/products/%31%30%31",
        "/api/v1/products/101/",
        "/api/v1/products/..",
        "/api/v1/products/404",
        "/api/v1/products/ü",
        "/api/v1/products/%C3%BC",
        "/api/v1/products/%FF",
        "http://shop.example/api/v1/dashboard/kpis",
        "/api/v1/cache/metrics",
        "/healthz",
    ];
    let pairs = [
        "days=7",
        "days=07",
        "days=+7",
        "days=%37",
        "d%61ys=7",
        "days=",
        "days",
        "days=366",
        "days=30",
        "limit=20",
        "limit=1",
        "q=mug+%26+co",
        "q=MUG%20%26%20co",
        "q=%FF",
        "q=",
        "cursor=a",
        "unknown=1",
        "=",
        "",
        "tenant=tenant-002",
    ];
    let query = vec(select(pairs.to_vec()), 0..4).prop_map(|pairs| match pairs.len() {
        0 => String::new(),
        _ => format!("?{}", pairs.join("&")),
    });
    let authorization = [
        "",
        "Bearer OWN",
        "Bearer OWN",
        "Bearer OWN",
        "bearer  OWN ",
        "Bearer OTHER",
        "Basic OWN",
        "Bearer OWNx",
        "Bearer OWN\nBearer OWN",
        "Bearer OWN\nBearer OTHER",
        "Bearer OWN, Bearer OTHER",
    ];
    let headers = [
        ("if-none-match", "*"),
        ("if-none-match", "\"no\", W/\"KPIS\""),
        ("if-none-match", "\"\""),
        ("if-none-match", "W/\"a\""),
        ("cache-control", "no-cache"),
        ("cache-control", "max-age=0, No-Cache"),
        ("cache-control", "no-store"),
        ("x-request-id", "mine-1"),
        ("x-request-id", "not sane"),
        ("x-tenant-id", "tenant-002"),
        ("accept", "text/html"),
        ("range", "bytes=0-1"),
        ("content-length", "0"),
        ("expect", "100-continue"),
    ];
    let versions = [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2];
    (
        select(&["GET", "GET", "GET", "GET", "HEAD", "POST", "DELETE"][..]),
        select(versions.to_vec()),
        select(paths.to_vec()),
        query,
        select(authorization.to_vec()),
        option::of(vec(select(headers.to_vec()), 1..3)),
    )
        .prop_map(
            |(method, version, path, query, authorization, headers)| Asked {
                method,
                version,
                path,
                query,
                authorization,
                headers: headers.unwrap_or_default(),
            },
        )
}

#[test]
fn whatever_a_hit_answers_the_router_would_have_answered() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let both = runtime.block_on(Both::filled(None));
    proptest!(ProptestConfig::with_cases(4_000), |(asked in asked())| {
        if let Some((hit, routed)) = runtime.block_on(both.ask(&asked)) {
            prop_assert_eq!(hit, routed);
        }
    });
}

#[tokio::test]
async fn plain_hits_are_answered_at_once() {
    let both = Both::filled(None).await;
    let with = |path, query: &str, header: Option<(&'static str, &'static str)>| Asked {
        query: query.to_owned(),
        headers: header.into_iter().collect(),
        ..Asked::plain(path)
    };
    for (asked, status) in [
        (with("/api/v1/dashboard/kpis", "", None), 200),
        (
            with("/api/v1/dashboard/kpis", "?x", Some(("if-none-match", "*"))),
            304,
        ),
        (with("/api/v1/dashboard/trends", "", None), 200),
        (with("/api/v1/dashboard/trends", "?days=7", None), 200),
        (with("/api/v1/products", "?q=+MUG+%26+co", None), 200),
        (with("/api/v1/products/101", "", None), 200),
        (
            with("/api/v1/products/404", "", Some(("x-request-id", "a"))),
            404,
        ),
    ] {
        let (hit, routed) = both.ask(&asked).await.unwrap();
        assert_eq!(hit.status, status, "{asked:?}");
        assert_eq!(hit, routed);
    }
}

#[tokio::test]
async fn the_entity_tag_of_an_answer_is_answered_with_304() {
    let both = Both::filled(None).await;
    let mut asked = Asked::plain("/api/v1/dashboard/kpis");
    let (hit, _) = both.ask(&asked).await.unwrap();
    let tag = format!("\"other\", W/{}", hit.headers["etag"].to_str().unwrap());
    asked.headers = vec![("if-none-match", tag.leak())];
    let (hit, routed) = both.ask(&asked).await.unwrap();
    assert_eq!(hit.status, StatusCode::NOT_MODIFIED);
    assert_eq!(hit, routed);
}

/// Few hits are timed one by one, and each once, whichever way it goes.
#[tokio::test]
async fn the_time_of_a_read_is_kept_by_endpoint_and_outcome() {
    let both = Both::filled(None).await;
    let before = both.app.latencies.snapshot();
    let kpis = Asked::plain("/api/v1/dashboard/kpis");
    assert!(both.hit(&kpis).await.is_some());
    let routed = both.router.clone().oneshot(both.request(&kpis)).await;
    assert!(routed.unwrap().status().is_success());
    let alerts = both.request(&Asked::plain("/api/v1/dashboard/alerts"));
    let failed = both.router.clone().oneshot(alerts).await.unwrap();
    assert!(failed.status().is_server_error());
    let seen = both.app.latencies.snapshot().since(&before);
    assert_eq!(seen.of_endpoint("dashboard_kpis").count(), 2);
    assert_eq!(seen.of(Answered::HitLocal).count(), 2);
    assert_eq!(seen.of(Answered::Error).count(), 1);
    assert_eq!(seen.all().count(), 3);
}

#[tokio::test]
async fn each_tenant_hits_its_own_entries() {
    let both = Both::filled(None).await;
    for (authorization, tenant) in [("Bearer OWN", TENANTS[0]), ("Bearer OTHER", TENANTS[1])] {
        let asked = Asked {
            authorization,
            ..Asked::plain("/api/v1/dashboard/kpis")
        };
        let (hit, _) = both.ask(&asked).await.unwrap();
        assert!(hit.body.contains(tenant), "{hit:?}");
    }
}

#[tokio::test]
async fn what_is_not_at_hand_is_loaded_and_charged_and_counted_once() {
    let both = Both::filled(NonZeroU32::new(3)).await;
    let asked = Asked::plain("/api/v1/dashboard/alerts");
    let counted = || both.app.cache.counters().total.requests();
    for number in 1..=3 {
        let Look::Read(plain) = both.hits.look(&mut both.request(&asked)) else {
            panic!("a plain read");
        };
        assert_eq!(counted(), number - 1);
        let answer = both.hits.load(plain).await;
        assert_ne!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "{number}");
        assert_eq!(counted(), number);
    }
    let mut request = both.request(&asked);
    assert!(matches!(both.hits.look(&mut request), Look::Otherwise));
    let routed = both.router.clone().oneshot(request).await.unwrap();
    assert_eq!(routed.status(), StatusCode::TOO_MANY_REQUESTS);
}

/// Neither has an origin to ask, and neither has asked it before: it learns from failures.
#[tokio::test]
async fn what_is_loaded_is_what_the_router_would_have_answered() {
    for asked in [
        Asked::plain("/api/v1/dashboard/alerts"),
        Asked {
            query: "?days=7".to_owned(),
            headers: vec![("x-request-id", "mine"), ("if-none-match", "*")],
            ..Asked::plain("/api/v1/sentiment/overview")
        },
    ] {
        let (one, other) = (Both::filled(None).await, Both::filled(None).await);
        let Look::Read(plain) = one.hits.look(&mut one.request(&asked)) else {
            panic!("a plain read");
        };
        let loaded = Seen::of(one.hits.load(plain).await).await;
        let routed = other.router.clone().oneshot(other.request(&asked)).await;
        assert_eq!(loaded.status, StatusCode::BAD_GATEWAY);
        assert_eq!(loaded, Seen::of(routed.unwrap()).await);
    }
}

#[tokio::test]
async fn hits_are_rated_and_bounded_as_all_requests_are() {
    let both = Both::filled(NonZeroU32::new(2)).await;
    let plain = Asked::plain("/api/v1/dashboard/kpis");
    let answer = |asked: &Asked| {
        let looked = both.hits.look(&mut both.request(asked));
        !matches!(looked, Look::Otherwise)
    };
    let long = Asked {
        query: format!("?{}", "q".repeat(9 << 10)),
        ..plain.clone()
    };
    let large = Asked {
        headers: vec![("x-large", "x".repeat(33 << 10).leak())],
        ..plain.clone()
    };
    assert!(!answer(&long) && !answer(&large));
    assert!(answer(&plain) && answer(&plain));
    assert!(!answer(&plain), "the tenant's rate is used up");
}

#[tokio::test]
async fn an_invalidated_entry_is_no_hit() {
    let both = Both::filled(None).await;
    let asked = Asked::plain("/api/v1/dashboard/kpis");
    assert!(both.ask(&asked).await.is_some());
    let entry = Read::Kpis.entry(&both.tenant(0));
    let _applied = entry.invalidate().await.unwrap();
    assert!(both.ask(&asked).await.is_none());
}
