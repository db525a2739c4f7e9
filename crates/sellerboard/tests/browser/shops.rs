//! What a seller sees is the seller's own shop.

use browser::{Page, Screen};
use serde_json::Value;

use crate::demo::token;
use crate::stage::{Stage, all_ready};

const DASHBOARD: Screen = Screen::DESKTOP;

pub(crate) async fn two_sellers_side_by_side_see_their_own(stage: &mut Stage<'_>) {
    let tenants = ["tenant-001", "tenant-002"];
    let (one, other) = tokio::join!(
        stage.dashboard(tenants[0], DASHBOARD),
        stage.dashboard(tenants[1], DASHBOARD)
    );
    let mut seen = Vec::new();
    for (tenant, page) in tenants.into_iter().zip([&one, &other]) {
        assert_eq!(page.text("[data-testid=tenant]").await, tenant);
        let kpis = stage.api(tenant, "/dashboard/kpis").await;
        for name in ["net_revenue", "orders", "units", "customers", "refunds"] {
            let shown = format!("[data-testid=kpi-{name}] .figure-value");
            let shown = page.text(&shown).await;
            assert_eq!(figure(&shown), plain(&kpis[name]["value"]), "{name}");
        }
        let products = stage.api(tenant, "/products?limit=10").await;
        for product in products["items"].as_array().unwrap() {
            let row = format!("[data-testid=product-{}]", product["id"].as_str().unwrap());
            let price = page.text(&format!("{row} [data-testid=price]")).await;
            assert_eq!(figure(&price), plain(&product["price"]));
            page.wait_text(&row, product["name"].as_str().unwrap())
                .await;
        }
        stage.assert_clean(page);
        seen.push(page.text("#content").await);
    }
    assert_ne!(seen[0], seen[1]);
}

pub(crate) async fn who_comes_again_is_answered_from_the_cache(stage: &mut Stage<'_>) {
    let _first = stage.dashboard("tenant-001", DASHBOARD).await;
    let calls = stage.calls().await;
    assert!(calls > 0);
    let _again = stage.dashboard("tenant-001", DASHBOARD).await;
    assert_eq!(stage.calls().await, calls);
}

pub(crate) async fn an_empty_shop_is_told(stage: &mut Stage<'_>) {
    let page = stage
        .dashboard_with(&token("tenant-of-nothing", "1h", None))
        .await;
    page.wait_text("[data-testid=empty-shop]", "tenant-of-nothing is ready")
        .await;
    stage.assert_clean(&page);
}

pub(crate) async fn the_range_and_the_page_can_be_chosen(stage: &mut Stage<'_>) {
    let page = stage.dashboard("tenant-001", DASHBOARD).await;
    let first = first_product(&page).await;
    page.click("[data-testid=panel-trend] [aria-label=Range] button:last-child")
        .await;
    page.wait_text("[data-testid=panel-trend]", "in 365 days")
        .await;
    page.click("[data-testid=next-page]").await;
    page.wait_text("[data-testid=panel-products]", "Page 2")
        .await;
    all_ready(&page).await;
    assert_ne!(first_product(&page).await, first);

    page.fill("[data-testid=product-search]", "no such thing")
        .await;
    page.wait_text("[data-testid=panel-products]", "No product has")
        .await;
    stage.assert_clean(&page);
}

async fn first_product(page: &Page) -> String {
    page.text("[data-testid=products] tbody th").await
}

/// The digits of a figure as it is written for people.
fn figure(text: &str) -> String {
    let digits = text
        .chars()
        .filter(|char| char.is_ascii_digit() || *char == '.');
    digits.collect()
}

/// A number, or an amount, as the API has it.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
