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
