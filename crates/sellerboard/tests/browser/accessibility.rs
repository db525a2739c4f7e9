//! No page has a serious violation of WCAG 2.2 AA, as axe-core judges it, in light or dark, on a wide or a narrow screen.

use std::path::Path;

use browser::{Page, Screen};
use serde_json::Value;

use crate::console::ask_to_invalidate;
use crate::stage::Stage;

/// Where `cargo xtask test` puts it.
const AXE: &str = "tools/node_modules/axe-core/axe.min.js";
const JUDGE: &str = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target}: ${failureSummary}`)))";
const SCREENS: [Screen; 3] = [Screen::DESKTOP, Screen::DESKTOP.dark(), Screen::PHONE];

pub(crate) async fn sign_in_and_docs_have_no_serious_violation(stage: &mut Stage<'_>) {
    for path in ["/", "/docs"] {
        let page = stage.open(path, Screen::DESKTOP).await;
        page.wait("document.querySelector('h1')").await;
        judge_everywhere(&page).await;
        stage.assert_clean(&page);
    }
}

pub(crate) async fn the_dashboard_has_no_serious_violation(stage: &mut Stage<'_>) {
    let page = stage.dashboard("tenant-001", Screen::DESKTOP).await;
    judge_everywhere(&page).await;
    stage.assert_clean(&page);
}

pub(crate) async fn the_console_has_no_serious_violation(stage: &mut Stage<'_>) {
    stage.is_hit("tenant-001", "/products").await;
    let page = stage.console(Screen::DESKTOP).await;
    judge_everywhere(&page).await;
    page.show_on(Screen::DESKTOP).await;
    ask_to_invalidate(&page, 2, "products").await;
    judge_everywhere(&page).await;
    stage.assert_clean(&page);
}

async fn judge_everywhere(page: &Page) {
    let axe = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(AXE);
    let axe = std::fs::read_to_string(&axe)
        .unwrap_or_else(|error| panic!("{AXE}: {error}; `cargo xtask test` fetches it"));
    page.run(&format!("{axe}; true")).await;
    for screen in SCREENS {
        page.show_on(screen).await;
        let violations = page.run(JUDGE).await;
        let Value::Array(violations) = violations else {
            panic!("axe gives a list: {violations}");
        };
        let lines: Vec<_> = violations.iter().filter_map(Value::as_str).collect();
        assert!(lines.is_empty(), "{screen:?}\n{}", lines.join("\n"));
    }
}
