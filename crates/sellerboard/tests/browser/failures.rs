//! What goes wrong is said where it concerns somebody, and nowhere else.

use browser::Screen;
use serde_json::json;

use crate::stage::{Stage, all_ready};

const TENANT: &str = "tenant-001";

pub(crate) async fn a_panel_that_fails_leaves_the_others_alone(stage: &mut Stage<'_>) {
    stage
        .set_faults(
            &json!({ "status": 503, "error_rate": 1, "path": "/api/v1/sentiment/overview" }),
        )
        .await;
    let page = stage.open("/", Screen::DESKTOP).await;
    page.click("[data-testid=demo-tenant-001]").await;
    page.wait_text("[data-testid=panel-sentiment]", "This could not be loaded.")
        .await;
    let others = "[...document.querySelectorAll('.panel:not([data-testid=panel-sentiment])')]";
    page.wait(&format!(
        "{others}.length === 8 && {others}.every(({{ dataset }}) => dataset.state === 'ready')"
    ))
    .await;
    stage.heal().await;
    page.click("[data-testid=panel-sentiment] .failed button")
        .await;
    all_ready(&page).await;
    stage.assert_clean_but_for_failures(&page);
}

pub(crate) async fn offline_keeps_the_last_numbers(stage: &mut Stage<'_>) {
    let page = stage.dashboard(TENANT, Screen::DESKTOP).await;
    let numbers = page.text("[data-testid=panel-kpis] .kpis").await;
    page.set_offline(true).await;
    page.wait_text("[data-testid=offline-banner]", "You are offline.")
        .await;
    assert_eq!(page.text("[data-testid=panel-kpis] .kpis").await, numbers);
    page.set_offline(false).await;
    page.wait_gone("[data-testid=offline-banner]").await;
    all_ready(&page).await;
    stage.assert_clean_but_for_failures(&page);
}

pub(crate) async fn a_service_that_ends_is_told(stage: &mut Stage<'_>) {
    let page = stage.dashboard(TENANT, Screen::DESKTOP).await;
    let numbers = page.text("[data-testid=panel-kpis] .kpis").await;
    stage.demo.kill();
    page.wait_text(
        "[data-testid=offline-banner]",
        "The service does not answer.",
    )
    .await;
    assert_eq!(page.text("[data-testid=panel-kpis] .kpis").await, numbers);
    stage.assert_clean_but_for_failures(&page);
}
