//! The description of the API is checked in, and true.

use std::path::PathBuf;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::node::send;
use crate::tokens::scoped;
use crate::world::World;

fn file() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/openapi.json"
    ))
}

/// `UPDATE_SNAPSHOTS=1 cargo test -p sellerboard --test it openapi` renews the file.
#[test]
fn the_document_is_checked_in() {
    let now = sellerboard::app::openapi();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(file(), format!("{now:#}\n")).unwrap();
    }
    let known = std::fs::read_to_string(file()).unwrap_or_default();
    let known: Value = serde_json::from_str(&known).unwrap_or_default();
    assert!(
        known == now,
        "docs/openapi.json is out of date; renew it with \
         `UPDATE_SNAPSHOTS=1 cargo test -p sellerboard --test it openapi` and look at the difference"
    );
}

/// Every operation answers its good case, and without a token its 401, with a status that is described.
#[tokio::test]
async fn every_operation_answers_as_described() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    node.get("tenant-001", "/dashboard/kpis").await.ok();
    let document = send(node.request(Method::GET, "/openapi.json"))
        .await
        .json();
    assert_eq!(document, sellerboard::app::openapi());
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            let method: Method = method.to_uppercase().parse().unwrap();
            let mut url = path.replace("{id}", "101");
            if url.ends_with("/cache/entry") {
                url.push_str("?key=dashboard_kpis:tenant-001");
            }
            let request = || node.request(method.clone(), &url);
            let (status, content_type) = good_case(request(), &url).await;
            assert_described(operation, status, &content_type, &url);
            if operation["security"] != json!([{}]) {
                let reply = send(request()).await;
                assert_eq!(reply.status, 401, "{url}");
                assert_described(operation, 401, reply.header("content-type"), &url);
            } else {
                assert_eq!(send(request()).await.status, 200, "{url} needs no token");
            }
        }
    }
    assert_eq!(operations, 23);

    for path in ["/", "/docs", "/docs.css"] {
        assert_eq!(
            send(node.request(Method::GET, path)).await.status,
            200,
            "{path}"
        );
    }
    let page = send(node.request(Method::GET, "/docs")).await;
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(page.contains(path), "{path}");
    }
}

/// A payload has exactly the fields that its schema names.
#[tokio::test]
async fn payloads_have_the_fields_of_their_schemas() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let document = sellerboard::app::openapi();
    for (path, _) in crate::world::READS {
        let path = path.split('?').next().unwrap();
        let described = document["paths"]
            .get(format!("/api/v1{}", path.replace("101", "{id}")))
            .unwrap();
        let schema = &described["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let envelope = resolve(&document, schema);
        let payload = resolve(&document, &envelope["properties"]["payload"]);
        let described: Vec<&String> = payload["properties"].as_object().unwrap().keys().collect();
        let reply = node.get("tenant-001", path).await.json();
        for name in reply["payload"].as_object().unwrap().keys() {
            assert!(described.contains(&name), "{path}: {name}");
        }
        for name in payload["required"].as_array().unwrap() {
            assert!(
                reply["payload"].get(name.as_str().unwrap()).is_some(),
                "{path}: {name}"
            );
        }
    }
}

/// The status and the media type of the good case.
async fn good_case(request: RequestBuilder, url: &str) -> (u16, String) {
    let request = request.bearer_auth(scoped("tenant-001", &["events:publish"]));
    let (request, status) = if url.ends_with("/events") {
        let batch = "application/cloudevents-batch+json";
        (request.header("content-type", batch).body("[]"), 202)
    } else {
        (request, 200)
    };
    // The head alone: a stream has no end.
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), status, "{url}");
    let content_type = answer.headers()["content-type"].to_str().unwrap();
    (status, content_type.to_owned())
}

fn assert_described(operation: &Value, status: u16, content_type: &str, url: &str) {
    let described = &operation["responses"][status.to_string()]["content"];
    let kinds = described
        .as_object()
        .unwrap_or_else(|| panic!("{status} of {url}"));
    let kind = content_type.split(';').next().unwrap();
    assert!(
        kinds.contains_key(kind),
        "{url}: {kind} is none of {kinds:?}"
    );
}

/// The schema that a reference stands for.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').unwrap();
            document.pointer(pointer).unwrap()
        }
        None => schema,
    }
}
