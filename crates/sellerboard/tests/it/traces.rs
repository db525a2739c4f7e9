//! Traces, as a receiver of OTLP gets them: request, cache, Redis, origin; and what they must not hold, or harm.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Text;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use testkit::{RedisServer, Response, ScriptedOrigin, free_port};

use crate::node::{client, send};
use crate::program::{Program, Run};
use crate::reply::Reply;
use crate::serve::serve;
use crate::tokens::{SECRET, token};
use crate::world::World;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
/// What must be in no trace: the tenant, what its caller wrote, its key and its data.
const PRIVATE: [&str; 4] = ["tenant-001", "my-words", "dashboard_alerts:", "stock"];

/// What was exported, and whose it was.
struct Exported {
    spans: Vec<Span>,
    bytes: Vec<u8>,
    service: String,
}

impl Exported {
    fn by(receiver: &ScriptedOrigin) -> Self {
        let mut exported = Self {
            spans: Vec::new(),
            bytes: Vec::new(),
            service: String::new(),
        };
        for request in receiver.requests() {
            assert_eq!(
                (request.method.as_str(), request.target.as_str()),
                ("POST", "/v1/traces")
            );
            assert_eq!(
                request.header("content-type"),
                Some("application/x-protobuf")
            );
            exported.bytes.extend(&request.body);
            let batch = ExportTraceServiceRequest::decode(request.body.as_slice()).unwrap();
            for resource in batch.resource_spans {
                let attributes = resource.resource.unwrap().attributes;
                let name = attributes.iter().find(|one| one.key == "service.name");
                exported.service = text(
                    name.unwrap()
                        .value
                        .as_ref()
                        .unwrap()
                        .value
                        .as_ref()
                        .unwrap(),
                );
                let scopes = resource.scope_spans.into_iter();
                exported.spans.extend(scopes.flat_map(|scope| scope.spans));
            }
        }
        exported
    }

    /// The spans of one trace, each as its names from the outermost one, with how it ended.
    fn paths(&self, trace: &str) -> BTreeMap<String, BTreeMap<String, String>> {
        let of_trace = |span: &&Span| hex(&span.trace_id) == trace;
        let spans: Vec<&Span> = self.spans.iter().filter(of_trace).collect();
        let parent = |span: &Span| spans.iter().find(|one| one.span_id == span.parent_span_id);
        let mut paths = BTreeMap::new();
        for span in &spans {
            let (mut path, mut inner) = (span.name.clone(), *span);
            while let Some(outer) = parent(inner) {
                path = format!("{} > {path}", outer.name);
                inner = *outer;
            }
            assert_eq!(
                hex(&inner.parent_span_id),
                CALLER,
                "{path} has lost its caller"
            );
            let attributes = span.attributes.iter();
            let attributes = attributes.map(|one| {
                let value = one.value.as_ref().unwrap().value.as_ref().unwrap();
                (one.key.clone(), text(value))
            });
            paths.insert(path, attributes.collect());
        }
        paths
    }

    fn holds(&self, private: &str) -> bool {
        let mut windows = self.bytes.windows(private.len());
        windows.any(|window| window == private.as_bytes())
    }
}

fn text(value: &Text) -> String {
    match value {
        Text::StringValue(text) => text.clone(),
        Text::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An origin that gives the alerts of a real shop.
async fn origin(world: &World) -> ScriptedOrigin {
    let origin = ScriptedOrigin::start().await;
    let alerts = world.ask("tenant-001", "/dashboard/alerts").await;
    origin.always(Response::json(
        String::from_utf8(alerts.body.to_vec()).unwrap(),
    ));
    origin
}

async fn read(origin: &str, parent: &str) -> Reply {
    let request = client().get(format!("{origin}/api/v1/dashboard/alerts?note=my-words"));
    let request = request.header("traceparent", parent);
    send(request.bearer_auth(token("tenant-001"))).await
}

#[tokio::test]
async fn a_trace_leads_from_the_request_over_cache_and_redis_to_the_origin() {
    let (world, redis) = (World::start().await, RedisServer::start().await);
    let (origin, receiver) = (origin(&world).await, ScriptedOrigin::start().await);
    let (upstream, endpoint) = (origin.url(), receiver.url());
    let variables = [
        ("REDIS_URL", redis.url()),
        ("UPSTREAM_URL", upstream),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
    ];
    let variables = variables
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let (service, at) = serve(&world, &variables).await;
    read(&at, &format!("00-{TRACE}-{CALLER}-01"))
        .await
        .assert_miss();
    let hit = TRACE.replace('4', "5");
    read(&at, &format!("00-{hit}-{CALLER}-01"))
        .await
        .assert_hit("local");
    // Its caller does not want it recorded.
    let unsampled = TRACE.replace('4', "6");
    read(&at, &format!("00-{unsampled}-{CALLER}-00"))
        .await
        .assert_hit("local");
    service.terminate();
    assert_eq!(service.end().await.code, Some(0));

    let exported = Exported::by(&receiver);
    assert_eq!(exported.service, "sellerboard");
    let miss = exported.paths(TRACE);
    const ROUTE: &str = "GET /api/v1/dashboard/alerts";
    let request = &miss[ROUTE];
    assert_eq!(request["http.route"], "/api/v1/dashboard/alerts");
    assert_eq!(request["http.response.status_code"], "200");
    let cache = &miss[&format!("{ROUTE} > cache")];
    assert_eq!(
        (
            cache["cache.outcome"].as_str(),
            cache["cache.source"].as_str()
        ),
        ("miss", "origin")
    );
    assert_eq!(cache["cache.endpoint"], "dashboard_alerts");
    let claim = &miss[&format!("{ROUTE} > cache > flight > redis claim")];
    assert_eq!(claim["db.operation.name"], "claim");
    assert!(miss.contains_key(&format!("{ROUTE} > cache > flight > redis fill")));
    let call = &miss[&format!("{ROUTE} > cache > flight > GET")];
    assert_eq!(call["http.response.status_code"], "200");

    let asked = origin.requests();
    let sent = asked[0].header("traceparent").unwrap();
    let spans = exported
        .spans
        .iter()
        .filter(|span| hex(&span.trace_id) == TRACE);
    let call = spans.into_iter().find(|span| span.name == "GET").unwrap();
    assert_eq!(sent, format!("00-{TRACE}-{}-01", hex(&call.span_id)));

    let hit = exported.paths(&hit);
    assert_eq!(hit.len(), 1, "{hit:?}");
    assert_eq!(hit[ROUTE]["cache.outcome"], "hit");
    assert!(exported.paths(&unsampled).is_empty());
    for private in PRIVATE
        .into_iter()
        .chain([token("tenant-001").as_str(), SECRET])
    {
        assert!(!exported.holds(private), "{private}");
    }
}

#[tokio::test]
async fn a_receiver_that_is_not_there_harms_nobody_and_is_told_once() {
    let world = World::start().await;
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", nowhere.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
    ];
    let (mut service, at) = serve(&world, &variables).await;
    for _ in 0..50 {
        read(&at, "00-0-0-00").await.ok();
    }
    let run = service.stop();
    assert_eq!(run.code, Some(0));
    let told = run.stderr.matches("Traces are lost").count();
    assert_eq!(told, 1, "{}", run.stderr);
}

#[tokio::test]
async fn without_a_variable_nothing_is_sent_and_the_origin_gets_no_header() {
    let world = World::start().await;
    let (origin, receiver) = (origin(&world).await, ScriptedOrigin::start().await);
    let (upstream, endpoint) = (origin.url(), receiver.url());
    let disabled = [
        ("UPSTREAM_URL", upstream.as_str()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_SDK_DISABLED", "true"),
    ];
    for variables in [&disabled[..1], &disabled[..]] {
        let (mut service, at) = serve(&world, variables).await;
        read(&at, &format!("00-{TRACE}-{CALLER}-01")).await.ok();
        assert_eq!(service.stop().code, Some(0));
    }
    let asked = origin.requests();
    assert_eq!(asked.len(), 2);
    assert!(
        asked
            .iter()
            .all(|request| request.header("traceparent").is_none())
    );
    assert_eq!(receiver.calls(), 0);
}

#[test]
fn what_cannot_be_spoken_stops_the_start() {
    let Run { code, stderr, .. } = Program::new(&["serve"])
        .with_env("JWT_SECRET", SECRET)
        .with_env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
        .with_env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        .run();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("use http/protobuf"), "{stderr}");
}
