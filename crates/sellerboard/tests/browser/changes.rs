//! What changes at the marketplace changes on the page, by itself.

use std::time::Duration;

use browser::{Page, Screen};
use tokio::time::Instant;

use crate::stage::Stage;

const TENANT: &str = "tenant-001";
const FIRST_ROW: &str = "[data-testid=products] tbody tr";

pub(crate) async fn a_change_at_the_marketplace_shows_without_a_reload(stage: &mut Stage<'_>) {
    let page = stage.dashboard(TENANT, Screen::DESKTOP).await;
    let product = first_product(&page).await;
    page.run("window.isTheSame = true").await;
    let mut took = Vec::new();
    for price in ["1234.56", "6543.21", "4321.65"] {
        let began = Instant::now();
        stage.change(TENANT, &product, price).await;
        let shown = format!("{},{}", &price[..1], &price[1..]);
        page.wait_text(&format!("[data-testid=product-{product}]"), &shown)
            .await;
        took.push(began.elapsed());
    }
    assert_eq!(page.run("window.isTheSame").await, true);
    report(&took);
    stage.assert_clean(&page);
}

pub(crate) async fn what_another_shop_changes_shows_nowhere_else(stage: &mut Stage<'_>) {
    let other = "tenant-002";
    let (page, others) = tokio::join!(
        stage.dashboard(TENANT, Screen::DESKTOP),
        stage.dashboard(other, Screen::DESKTOP)
    );
    let product = first_product(&others).await;
    let before = page.text("[data-testid=products]").await;
    page.forget_requests();
    stage.change(other, &product, "1234.56").await;
    let row = format!("[data-testid=product-{product}]");
    others.wait_text(&row, "1,234.56").await;
    // What this shop's page is told next is its own change, and nothing was asked before it.
    assert_eq!(page.requests().len(), 0);
    let own = first_product(&page).await;
    stage.change(TENANT, &own, "6543.21").await;
    page.wait_text(&format!("[data-testid=product-{own}]"), "6,543.21")
        .await;
    let after = page.text("[data-testid=products]").await;
    assert_ne!(before, after);
    assert!(!after.contains("1,234.56"), "{after}");
}

async fn first_product(page: &Page) -> String {
    let id = page
        .wait(&format!(
            "document.querySelector('{FIRST_ROW}')?.dataset.testid"
        ))
        .await;
    let (_, id) = id.as_str().unwrap().split_once('-').unwrap();
    id.to_owned()
}

#[expect(
    clippy::print_stderr,
    reason = "how long it took is told, and judged by nobody: a test's machine may be busy"
)]
fn report(took: &[Duration]) {
    eprintln!("from the change at the marketplace until it is on the page: {took:?}");
}
