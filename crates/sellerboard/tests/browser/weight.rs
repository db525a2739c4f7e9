//! How much a page asks for, and how soon something is seen.

use browser::{Page, Screen};
use serde_json::Value;

use crate::stage::{Stage, all_ready};

/// All that a page needs before it is whole, compressed, with headers.
const BYTES_MAX: u64 = 300 * 1024;
const LOADS: usize = 15;
const PAINTS: [&str; 3] = ["first paint", "first contentful", "largest"];
/// In milliseconds after the page was asked for.
const WHEN_PAINTED: &str = "new Promise((resolve) => {
    const [first, contentful] = performance.getEntriesByType('paint').map(({ startTime }) => startTime);
    const tell = (list) => resolve([first, contentful, list.getEntries().at(-1).startTime]);
    new PerformanceObserver(tell).observe({ type: 'largest-contentful-paint', buffered: true });
})";

pub(crate) async fn the_dashboard_is_light(stage: &mut Stage<'_>) {
    let page = stage.dashboard("tenant-001", Screen::DESKTOP).await;
    load_anew(&page).await;
    all_ready(&page).await;
    judge(stage, "dashboard", &page);
}

pub(crate) async fn the_console_is_light(stage: &mut Stage<'_>) {
    let page = stage.console(Screen::DESKTOP).await;
    load_anew(&page).await;
    page.text("[data-testid=console-head]").await;
    page.wait_gone(".skeleton").await;
    judge(stage, "console", &page);
}

async fn load_anew(page: &Page) {
    page.clear_cache().await;
    page.forget_requests();
    page.reload().await;
}

fn judge(stage: &Stage<'_>, name: &str, page: &Page) {
    let requests = page.requests();
    let bytes: u64 = requests.iter().map(|request| request.bytes).sum();
    let count = requests.len();
    report(&format!(
        "the {name}, nothing kept: {count} requests, {bytes} bytes"
    ));
    assert!(bytes <= BYTES_MAX, "{requests:#?}");
    // What it needs is counted, not missed.
    assert!(bytes > BYTES_MAX / 20, "{requests:#?}");
    stage.assert_clean(page);
}

/// With all answers in the service's cache: first with nothing kept by the browser, then with what it keeps for good.
pub(crate) async fn first_paint(stage: &mut Stage<'_>) {
    let page = stage.dashboard("tenant-001", Screen::DESKTOP).await;
    for (what, is_kept) in [("nothing kept", false), ("scripts kept", true)] {
        let mut loads = Vec::new();
        for _ in 0..LOADS {
            if !is_kept {
                page.clear_cache().await;
            }
            page.open(&stage.demo.origin).await;
            all_ready(&page).await;
            loads.push(painted(&page).await);
        }
        for (index, paint) in PAINTS.iter().enumerate() {
            let mut times: Vec<f64> = loads.iter().map(|load| load[index]).collect();
            times.sort_by(f64::total_cmp);
            let (median, last) = (times[LOADS / 2], times[LOADS - 1]);
            report(&format!(
                "the dashboard, {what}: {paint}: median {median:.0} ms, longest {last:.0} ms of {LOADS}"
            ));
        }
    }
}

async fn painted(page: &Page) -> Vec<f64> {
    let times = page.run(WHEN_PAINTED).await;
    let times = times.as_array().unwrap();
    times.iter().filter_map(Value::as_f64).collect()
}

#[expect(clippy::print_stderr, reason = "the figures are for the documentation")]
fn report(line: &str) {
    eprintln!("{line}");
}
