//! Everything can be done without a mouse.

use browser::Screen;

use crate::stage::{Stage, all_ready};

pub(crate) async fn a_seller_needs_no_mouse(stage: &mut Stage<'_>) {
    let page = stage.open("/", Screen::DESKTOP).await;
    page.text("[data-testid=demo-tenant-001]:enabled").await;
    page.press("Tab").await;
    let first = page.run("document.activeElement.innerText").await;
    assert_eq!(first, "Skip to the content");
    page.tab_to("[data-testid=demo-tenant-001]").await;
    page.press("Enter").await;
    all_ready(&page).await;

    page.tab_to("[data-testid=panel-trend] [aria-label=Range] button:first-child")
        .await;
    page.press("Space").await;
    page.wait_text("[data-testid=panel-trend]", "in 7 days")
        .await;
    page.tab_to("[data-testid=next-page]").await;
    page.press("Enter").await;
    page.wait_text("[data-testid=panel-products]", "Page 2")
        .await;
    page.tab_to("[data-testid=sign-out]").await;
    page.press("Enter").await;
    page.text("[data-testid=sign-in]").await;
    stage.assert_clean(&page);
}

pub(crate) async fn an_operator_needs_no_mouse(stage: &mut Stage<'_>) {
    let page = stage.open("/console", Screen::DESKTOP).await;
    page.text("[data-testid=demo-operator]:enabled").await;
    page.tab_to("[data-testid=demo-operator]").await;
    page.press("Enter").await;
    page.text("[data-testid=console-head]").await;

    page.tab_to("[data-testid=invalidate-text]").await;
    page.write("products").await;
    page.tab_to("[data-testid=invalidate-tenant]").await;
    page.write("tenant-001").await;
    page.press("Enter").await;
    page.text("[data-testid=confirm]").await;
    // The focus is in the question, and stays there until it is answered.
    for _ in 0..5 {
        page.press("Tab").await;
        let active = "document.activeElement === document.body \
            || document.activeElement.closest('[data-testid=confirm]') !== null";
        assert_eq!(page.run(active).await, true);
    }
    page.press("Escape").await;
    page.wait_gone("[data-testid=confirm]").await;

    page.tab_to("[data-testid=invalidate-button]").await;
    page.press("Enter").await;
    page.text("[data-testid=confirm]").await;
    page.tab_to("[data-testid=confirm-yes]").await;
    page.press("Enter").await;
    page.wait_text("[data-testid=invalidate-result]", "Applied to tenant-001")
        .await;
    stage.assert_clean(&page);
}
