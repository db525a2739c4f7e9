//! Sessions: what they leave behind, and how they end.

use browser::Page;

use crate::demo::token;
use crate::stage::{Stage, all_ready};

const TENANT: &str = "tenant-001";

pub(crate) async fn the_end_of_a_session_is_told(stage: &mut Stage<'_>) {
    let page = stage.dashboard_with(&token(TENANT, "8s", None)).await;
    page.text("[data-testid=tenant]").await;
    page.wait_text("[data-testid=sign-in-reason]", "Your session has ended")
        .await;
    assert_forgotten(&page).await;
    stage.assert_clean_but_for_failures(&page);
}

pub(crate) async fn a_refused_token_is_told(stage: &mut Stage<'_>) {
    let foreign = token(
        TENANT,
        "1h",
        Some("another secret, that the service does not know"),
    );
    let page = stage.dashboard_with(&foreign).await;
    page.wait_text(
        "[data-testid=sign-in-reason]",
        "no longer accepts this session",
    )
    .await;
    assert_forgotten(&page).await;
    stage.assert_clean_but_for_failures(&page);
}

pub(crate) async fn what_is_no_token_is_not_sent(stage: &mut Stage<'_>) {
    let page = stage.dashboard_with("hello").await;
    // Some browsers ask a server how words are spelt.
    let spelling = page.run("document.querySelector('[data-testid=token]').spellcheck");
    assert_eq!(spelling.await, false);
    page.wait_text("[data-testid=sign-in]", "This is not a token.")
        .await;
    let requests = page.requests();
    assert!(
        requests
            .iter()
            .all(|request| !request.url.contains("/api/"))
    );
    stage.assert_clean(&page);
}

pub(crate) async fn nothing_is_left_of_a_session(stage: &mut Stage<'_>) {
    let token = token(TENANT, "1h", None);
    let page = stage.dashboard_with(&token).await;
    all_ready(&page).await;
    page.reload().await;
    all_ready(&page).await;
    for request in page.requests() {
        assert!(!request.url.contains(&token), "{}", request.url);
    }
    let kept = page.run("JSON.stringify([location.href, document.cookie, localStorage])");
    assert!(!kept.await.as_str().unwrap().contains(&token));

    page.click("[data-testid=sign-out]").await;
    page.text("[data-testid=sign-in]").await;
    assert_forgotten(&page).await;
    page.reload().await;
    page.text("[data-testid=sign-in]").await;
    stage.assert_clean(&page);
}

async fn assert_forgotten(page: &Page) {
    assert_eq!(page.run("sessionStorage.length").await, 0);
    assert!(
        !page
            .run("JSON.stringify(localStorage)")
            .await
            .as_str()
            .unwrap()
            .contains("ey")
    );
}
