//! The web pages: how they are sent, and what browsers are told to refuse. What people see is tested in a browser.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};

use crate::node::{Node, send};
use crate::reply::Reply;
use crate::world::World;

async fn node() -> Node {
    World::start().await.node(&[]).await
}

async fn get(node: &Node, path: &str, headers: &[(&'static str, &str)]) -> Reply {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.insert(*name, HeaderValue::from_str(value).unwrap());
    }
    send(node.request(Method::GET, path).headers(all)).await
}

fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.to_vec()).unwrap()
}

/// Where the page's own script is.
async fn script_of(node: &Node, page: &str) -> String {
    let page = text(&get(node, page, &[]).await);
    let (_, rest) = page.split_once("type=\"module\" src=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn pages_and_what_they_load_come_with_a_strict_policy() {
    let node = node().await;
    let script = script_of(&node, "/").await;
    let console = script_of(&node, "/console").await;
    assert_ne!(script, console);
    for path in ["/", &script, "/console", &console] {
        let reply = get(&node, path, &[]).await;
        assert_eq!(reply.status, 200, "{path}");
        let policy = reply.header("content-security-policy");
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|part| part == directive), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), value, "{path}");
        }
    }
}

#[tokio::test]
async fn a_page_is_asked_for_each_time_and_what_it_loads_once() {
    let node = node().await;
    let page = get(&node, "/", &[]).await;
    assert_eq!(page.header("cache-control"), "no-cache");
    let tag = page.header("etag").to_owned();
    let again = get(&node, "/", &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));

    let script = script_of(&node, "/").await;
    let kept = get(&node, &script, &[]).await;
    let for_good = "public, max-age=31536000, immutable";
    assert_eq!(kept.header("cache-control"), for_good);
    assert!(kept.header("content-type").starts_with("text/javascript"));
    // The page of another node, whose version is another.
    let version = script.split('/').nth(2).unwrap();
    let foreign = get(&node, &script.replace(version, "0"), &[]).await;
    assert_eq!(foreign.header("cache-control"), "no-cache");
    assert_eq!(foreign.body, kept.body);
}

#[tokio::test]
async fn who_takes_gzip_gets_it_under_a_tag_of_its_own() {
    let node = node().await;
    let path = script_of(&node, "/").await;
    let plain = get(&node, &path, &[("accept-encoding", "gzip;q=0, *")]).await;
    assert_eq!(plain.headers.get("content-encoding"), None);
    for accepted in ["gzip", "br, gzip;q=0.5", "*"] {
        let reply = get(&node, &path, &[("accept-encoding", accepted)]).await;
        assert_ne!(reply.header("etag"), plain.header("etag"), "{accepted}");
        assert_eq!(reply.header("vary"), "Accept-Encoding");
    }
}

#[tokio::test]
async fn what_is_not_embedded_is_not_found() {
    let node = node().await;
    for path in [
        "/assets/0/none.js",
        "/assets/0/../Cargo.toml",
        "/assets/0/%2e%2e/Cargo.toml",
        "/assets/",
    ] {
        assert_eq!(get(&node, path, &[]).await.status, 404, "{path}");
    }
}

/// Only the demo hands out tokens, and its pages alone ask for them.
#[tokio::test]
async fn a_service_that_is_no_demo_gives_nobody_a_token() {
    let node = node().await;
    assert_eq!(get(&node, "/demo/tokens", &[]).await.status, 404);
    assert!(!text(&get(&node, "/", &[]).await).contains("/demo/tokens"));
}
