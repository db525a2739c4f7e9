//! The pages that explain the API. They are made from the OpenAPI document, and need no script.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use super::router::openapi;

/// Nothing is loaded but our own style sheet.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'";
const STYLE: &str = include_str!("docs.css");

/// `/openapi.json`.
pub(super) async fn document() -> Response {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi().to_string());
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

/// `/docs`: every operation with its parameters and answers.
pub(super) async fn page() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| render(&openapi()));
    ([(CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE.as_str())).into_response()
}

/// `/docs.css`.
pub(super) async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

fn render(document: &Value) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>sellerboard API</title><link rel=\"stylesheet\" href=\"/docs.css\"></head><body>\
         <h1>sellerboard API</h1><p>The machine-readable description is \
         <a href=\"/openapi.json\">/openapi.json</a>. Everything under <code>/api/v1</code> needs \
         <code>Authorization: Bearer</code> and a token.</p>",
    );
    // What sellers use stands first.
    for tag in ["dashboard", "events", "cache", "operation"] {
        for (path, operations) in members(&document["paths"]) {
            for (method, operation) in members(operations).filter(|(_, o)| o["tags"][0] == tag) {
                operation_to_html(&mut page, method, path, operation);
            }
        }
    }
    page.push_str("</body></html>");
    page
}

fn operation_to_html(page: &mut String, method: &str, path: &str, operation: &Value) {
    let text = |value: &Value| marked_up(value.as_str().unwrap_or_default());
    let (method, path) = (method.to_uppercase(), escape(path));
    let summary = text(&operation["summary"]);
    let _ = write!(
        page,
        "<section><h2><b>{method}</b> <code>{path}</code></h2><p>{summary}</p>"
    );
    let params = operation["parameters"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if !params.is_empty() {
        page.push_str("<h3>Parameters</h3><dl>");
        for param in params {
            let (name, about) = (text(&param["name"]), text(&param["description"]));
            let range = match (&param["schema"]["minimum"], &param["schema"]["maximum"]) {
                (Value::Null, Value::Null) => String::new(),
                (minimum, maximum) => format!(" ({minimum} to {maximum})"),
            };
            let _ = write!(page, "<dt><code>{name}</code>{range}</dt><dd>{about}</dd>");
        }
        page.push_str("</dl>");
    }
    page.push_str("<h3>Answers</h3><dl>");
    for (status, answer) in members(&operation["responses"]) {
        let about = text(&answer["description"]);
        let _ = write!(page, "<dt>{}</dt><dd>{about}</dd>", escape(status));
    }
    page.push_str("</dl></section>");
}

/// Escaped text in which `code` is marked up as such.
fn marked_up(text: &str) -> String {
    let parts = escape(text);
    let parts = parts.split('`').enumerate();
    let mark = |(index, part)| {
        if index % 2 == 1 {
            format!("<code>{part}</code>")
        } else {
            String::from(part)
        }
    };
    parts.map(mark).collect()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
