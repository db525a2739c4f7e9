use axum::body::{Body, to_bytes};
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};
use http::{Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{HEADERS_COUNT_MAX, Problem, RequestId, bound_head, identify};
use crate::auth::AuthError;

fn router() -> Router {
    Router::new()
        .route(
            "/id",
            get(|Extension(id): Extension<RequestId>| async move { id.to_string() }),
        )
        .route(
            "/denied",
            get(|| async { Problem::from(AuthError::Expired) }),
        )
        .route(
            "/days",
            get(|| async { Problem::invalid_parameter("days", "a whole number from 1 to 365") }),
        )
        .route("/echo", post(|body: String| async { body }))
        .layer(DefaultBodyLimit::max(4))
        .layer(middleware::from_fn(bound_head))
        .layer(middleware::from_fn(identify))
}

async fn answer(request: Request<Body>) -> Response {
    router().oneshot(request).await.unwrap()
}

async fn get_with_id(path: &str, id: &str) -> Response {
    let request = Request::get(path).header("x-request-id", id);
    answer(request.body(Body::empty()).unwrap()).await
}

async fn text(response: Response) -> String {
    let body = to_bytes(response.into_body(), 1 << 16).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Checks that the answer is a problem document with the id of its header, and gives the document.
async fn problem(response: Response, status: StatusCode, code: &str) -> Value {
    assert_eq!(response.status(), status);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let document: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(document["type"], format!("urn:sellerboard:problem:{code}"));
    assert_eq!(document["status"], status.as_u16());
    assert_eq!(document["code"], code);
    assert_eq!(document["request_id"], id);
    assert!(document["title"].is_string() && document["detail"].is_string());
    document
}

#[tokio::test]
async fn a_sane_request_id_is_kept_for_handler_and_answer() {
    let response = get_with_id("/id", "a-Z_0.9").await;
    assert_eq!(response.headers()["x-request-id"], "a-Z_0.9");
    assert_eq!(text(response).await, "a-Z_0.9");
}

#[tokio::test]
async fn any_other_request_id_is_replaced_by_a_random_one() {
    let long = "a".repeat(65);
    for id in ["", "a b", "a/b", "ä", long.as_str()] {
        let response = get_with_id("/id", id).await;
        let chosen = response.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(chosen.len(), 32, "{id:?}");
        assert_eq!(text(response).await, chosen);
    }
    let twice = Request::get("/id")
        .header("x-request-id", "a")
        .header("x-request-id", "b");
    let response = answer(twice.body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["x-request-id"].len(), 32);
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_with_an_id() {
    let response = get_with_id("/nowhere", "id-1").await;
    let document = problem(response, StatusCode::NOT_FOUND, "not-found").await;
    assert_eq!(document["request_id"], "id-1");
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_keeps_allow() {
    let request = Request::delete("/id").body(Body::empty()).unwrap();
    let response = answer(request).await;
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    problem(
        response,
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
    )
    .await;
}

#[tokio::test]
async fn a_body_too_large_is_a_problem() {
    let request = Request::post("/echo").body(Body::from("12345")).unwrap();
    problem(
        answer(request).await,
        StatusCode::PAYLOAD_TOO_LARGE,
        "payload-too-large",
    )
    .await;
}

#[tokio::test]
async fn heads_have_bounds() {
    let ask = async |path: &str, size: usize, count: usize| {
        let mut request = Request::get(path).header("x-long", "x".repeat(size));
        for number in 1..count {
            request = request.header(format!("x-{number}"), "x");
        }
        answer(request.body(Body::empty()).unwrap()).await
    };
    let most = ask("/id", 30 << 10, HEADERS_COUNT_MAX).await;
    assert_eq!(most.status(), StatusCode::OK);
    for (size, count) in [(33 << 10, 1), (1, HEADERS_COUNT_MAX + 1)] {
        let response = ask("/id", size, count).await;
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        problem(response, status, "headers-too-large").await;
    }
    let path = format!("/id?{}", "q".repeat(8 << 10));
    let response = ask(&path, 1, 1).await;
    problem(response, StatusCode::URI_TOO_LONG, "uri-too-long").await;
}

#[tokio::test]
async fn a_handlers_problem_keeps_its_words_and_headers() {
    let response = get_with_id("/denied", "x").await;
    assert_eq!(
        response.headers()["www-authenticate"],
        "Bearer realm=\"sellerboard\", error=\"invalid_token\", error_description=\"the token has expired\""
    );
    let document = problem(response, StatusCode::UNAUTHORIZED, "unauthenticated").await;
    assert_eq!(document["detail"], "the token has expired");

    let document = get_with_id("/days", "x").await;
    let document = problem(document, StatusCode::BAD_REQUEST, "invalid-parameter").await;
    assert_eq!(document["parameter"], "days");
    assert_eq!(
        document["detail"],
        "parameter days: expected a whole number from 1 to 365"
    );
}

#[tokio::test]
async fn a_success_is_left_alone() {
    let response = get_with_id("/id", "x").await;
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    assert_eq!(response.headers()["content-length"], "1");
}
