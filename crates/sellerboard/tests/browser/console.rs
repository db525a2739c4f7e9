//! What an operator sees and does.

use browser::{Page, Screen};

use crate::stage::{Stage, all_ready};

const TENANT: &str = "tenant-001";
/// Each kind of scope, in the order of its buttons, with a text that covers a read.
const SCOPES: [(&str, &str, &str); 5] = [
    ("key", "products:tenant-001:limit:20", "/products"),
    ("endpoint", "products", "/products"),
    ("prefix", "dashboard", "/dashboard/kpis"),
    ("tag", "product:101", "/products/101"),
    ("tenant", "", "/dashboard/trends"),
];

pub(crate) async fn redis_that_goes_is_told_and_the_dashboard_goes_on(stage: &mut Stage<'_>) {
    let (dashboard, console) = tokio::join!(
        stage.dashboard(TENANT, Screen::DESKTOP),
        stage.console(Screen::DESKTOP)
    );
    redis_is(&console, "up", "").await;
    stage.demo.redis.freeze();
    redis_is(&console, "down", "it does not answer").await;
    reload(&dashboard).await;
    stage.demo.redis.thaw();
    redis_is(&console, "up", "").await;

    stage.demo.redis.kill();
    redis_is(&console, "down", "it cannot be reached").await;
    reload(&dashboard).await;
    invalidate(&console, 2, "products").await;
    console
        .wait_text("[data-testid=invalidate-result]", "Queued for tenant-001.")
        .await;
    console
        .wait_text("[data-testid=figure-redis]", "1 invalidation waits for it")
        .await;
    stage.demo.redis.restart().await;
    redis_is(&console, "up", "").await;
    console
        .wait_text("[data-testid=invalidations]", "replay")
        .await;
    stage.assert_clean(&dashboard);
    stage.assert_clean(&console);
}

pub(crate) async fn each_scope_is_invalidated_after_a_question(stage: &mut Stage<'_>) {
    let page = stage.console(Screen::DESKTOP).await;
    let mut shown = Vec::new();
    for (index, (kind, text, path)) in SCOPES.into_iter().enumerate() {
        stage.is_hit(TENANT, path).await;
        ask_to_invalidate(&page, index + 1, text).await;
        page.click("[data-testid=confirm-no]").await;
        page.wait_gone("[data-testid=confirm]").await;
        assert!(stage.is_hit(TENANT, path).await, "{kind}: nobody said yes");

        invalidate(&page, index + 1, text).await;
        page.wait_text("[data-testid=invalidate-result]", "Applied to tenant-001")
            .await;
        assert!(!stage.is_hit(TENANT, path).await, "{kind}");
        shown.push(text);
    }
    for text in shown {
        page.wait_text("[data-testid=invalidations]", text).await;
    }
    stage.assert_clean(&page);
}

pub(crate) async fn an_entry_can_be_looked_at(stage: &mut Stage<'_>) {
    stage.is_hit(TENANT, "/products").await;
    let page = stage.console(Screen::DESKTOP).await;
    page.fill("[data-testid=entries-tenant]", TENANT).await;
    page.click("[data-testid=entries-button]").await;
    page.wait_text("[data-testid=entries]", "products:tenant-001:limit:20")
        .await;
    page.click("[data-testid=entries] .row-button").await;
    for part in ["Soft TTL", "product:101"] {
        page.wait_text("[data-testid=entry]", part).await;
    }
    page.wait_text("[data-testid=entry-value]", "\"payload\"")
        .await;
    page.click("[data-testid=entry-back]").await;
    page.text("[data-testid=entries]").await;
    stage.assert_clean(&page);
}

pub(crate) async fn a_seller_may_not(stage: &mut Stage<'_>) {
    let page = stage.open("/console", Screen::DESKTOP).await;
    page.click("[data-testid=demo-tenant-001]").await;
    page.text("[data-testid=no-permission]").await;
    assert_eq!(
        page.run("document.querySelectorAll('.panel').length").await,
        0
    );
    stage.assert_clean(&page);
}

/// Fills in what is to go, of the shop's, and asks for it; `nth` is the kind's button.
pub(crate) async fn ask_to_invalidate(page: &Page, nth: usize, text: &str) {
    let form = "[data-testid=invalidate-form]";
    page.click(&format!("{form} .choice button:nth-child({nth})"))
        .await;
    if !text.is_empty() {
        page.fill("[data-testid=invalidate-text]", text).await;
    }
    // A key names its tenant.
    if nth > 1 {
        page.fill("[data-testid=invalidate-tenant]", TENANT).await;
    }
    page.click("[data-testid=invalidate-button]").await;
    page.wait_text("[data-testid=confirm]", "Invalidate for tenant-001?")
        .await;
}

async fn invalidate(page: &Page, nth: usize, text: &str) {
    ask_to_invalidate(page, nth, text).await;
    page.click("[data-testid=confirm-yes]").await;
}

async fn redis_is(page: &Page, state: &str, cause: &str) {
    page.wait_text(
        &format!("[data-testid=figure-redis][data-state={state}]"),
        cause,
    )
    .await;
}

async fn reload(page: &Page) {
    page.reload().await;
    all_ready(page).await;
}
