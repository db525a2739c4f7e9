//! What a test sees and does: pages of a browser, and the demo behind them.

use browser::{Browser, Page, Screen};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::demo::{Demo, token};

/// What the browser says of an answer of 400 and above.
const FAILED_REQUEST: &str = "network: Failed to load resource";

/// What all tests share: the browser, once the first of them needs it.
#[derive(Debug, Default)]
pub(crate) struct Theatre(OnceCell<Browser>);

/// A demo of one test's own.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) demo: Demo,
    browser: &'a Browser,
    client: Client,
}

impl Theatre {
    pub(crate) async fn stage(&self) -> Stage<'_> {
        Stage {
            demo: Demo::start().await,
            browser: self.0.get_or_init(Browser::start).await,
            client: Client::builder().no_proxy().build().unwrap(),
        }
    }
}

impl Stage<'_> {
    /// Opens a path of the demo, in a new context.
    pub(crate) async fn open(&self, path: &str, screen: Screen) -> Page {
        let page = self.browser.page(screen).await;
        page.open(&format!("{}{path}", self.demo.origin)).await;
        page
    }

    /// Opens the dashboard as the seller of a shop, and waits until every panel has its numbers.
    pub(crate) async fn dashboard(&self, tenant: &str, screen: Screen) -> Page {
        let page = self.open("/", screen).await;
        page.click(&format!("[data-testid=demo-{tenant}]")).await;
        all_ready(&page).await;
        page
    }

    /// Opens the dashboard, and signs in with a token.
    pub(crate) async fn dashboard_with(&self, token: &str) -> Page {
        let page = self.open("/", Screen::DESKTOP).await;
        page.fill("[data-testid=token]", token).await;
        page.click("[data-testid=sign-in-button]").await;
        page
    }

    /// Opens the console as an operator, and waits until every card has its figures.
    pub(crate) async fn console(&self, screen: Screen) -> Page {
        let page = self.open("/console", screen).await;
        page.click("[data-testid=demo-operator]").await;
        page.text("[data-testid=console-head]").await;
        page.wait_gone(".skeleton").await;
        page
    }

    /// What the API says to a seller.
    pub(crate) async fn api(&self, tenant: &str, path: &str) -> Value {
        let answer = self.ask(tenant, path).await;
        let document: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        document["payload"].clone()
    }

    /// Reads; whether the cache had the answer.
    pub(crate) async fn is_hit(&self, tenant: &str, path: &str) -> bool {
        let answer = self.ask(tenant, path).await;
        let status = answer.headers()["cache-status"]
            .to_str()
            .unwrap()
            .to_owned();
        status.contains("; hit")
    }

    async fn ask(&self, tenant: &str, path: &str) -> Response {
        let url = format!("{}/api/v1{path}", self.demo.origin);
        let token = token(tenant, "1h", None);
        sent(self.client.get(url).bearer_auth(token)).await
    }

    /// Invalidates as a seller; `query` says what.
    pub(crate) async fn invalidate(&self, tenant: &str, query: &str) {
        let url = format!("{}/api/v1/cache{query}", self.demo.origin);
        sent(
            self.client
                .delete(url)
                .bearer_auth(token(tenant, "1h", None)),
        )
        .await;
    }

    /// Changes a shop at the marketplace.
    pub(crate) async fn change(&self, tenant: &str, product: &str, price: &str) {
        let url = format!("{}/api/v1/products/{product}", self.demo.market);
        let request = self.client.patch(url).header("x-tenant-id", tenant);
        sent(request.body(json!({ "price": price }).to_string())).await;
    }

    /// How often the marketplace was asked for anything.
    pub(crate) async fn calls(&self) -> u64 {
        let url = format!("{}/calls", self.demo.market);
        let answer = sent(self.client.get(url)).await.bytes().await.unwrap();
        serde_json::from_slice::<Value>(&answer).unwrap()["total"]
            .as_u64()
            .unwrap()
    }

    /// Has the marketplace fail, until [`heal`](Self::heal).
    pub(crate) async fn set_faults(&self, faults: &Value) {
        let url = format!("{}/faults", self.demo.market);
        sent(self.client.post(url).body(faults.to_string())).await;
    }

    pub(crate) async fn heal(&self) {
        let url = format!("{}/faults", self.demo.market);
        sent(self.client.request(Method::DELETE, url)).await;
    }

    /// Checks that the page complained of nothing, and asked nobody but us.
    pub(crate) fn assert_clean(&self, page: &Page) {
        assert_eq!(page.problems(), [""; 0]);
        self.assert_at_home(page);
    }

    /// As [`assert_clean`](Self::assert_clean), where requests were meant to fail.
    pub(crate) fn assert_clean_but_for_failures(&self, page: &Page) {
        let mut problems = page.problems();
        problems.retain(|problem| !problem.starts_with(FAILED_REQUEST));
        assert_eq!(problems, [""; 0]);
        self.assert_at_home(page);
    }

    fn assert_at_home(&self, page: &Page) {
        for request in page.requests() {
            let url = request.url;
            let is_ours = url.starts_with(&format!("{}/", self.demo.origin));
            assert!(is_ours || url.starts_with("data:"), "{url}");
        }
    }
}

/// Waits until every panel has its numbers, and changes are followed.
pub(crate) async fn all_ready(page: &Page) {
    let is_ready = "(() => {
        const states = [...document.querySelectorAll('.panel')].map((panel) => panel.dataset.state);
        return states.length === 9 && states.every((state) => state === 'ready');
    })()";
    page.wait(is_ready).await;
    page.wait("document.querySelector('[data-testid=live]')?.dataset.state === 'live'")
        .await;
}

async fn sent(request: RequestBuilder) -> Response {
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    answer
}
