//! The pictures of the documentation.

use std::path::Path;
use std::time::Duration;

use browser::{Page, Screen};

use crate::stage::{Stage, all_ready};

const QUALITY: u8 = 75;
const BYTES_MAX: usize = 150 * 1024;
/// High enough for what matters first.
const DESKTOP: Screen = Screen {
    height: 1200,
    ..Screen::DESKTOP
};
const PHONE: Screen = Screen {
    height: 1600,
    ..Screen::PHONE
};
const SCREENS: [(&str, Screen); 3] = [
    ("light", DESKTOP),
    ("dark", DESKTOP.dark()),
    ("phone", PHONE),
];

const ROUNDS: u32 = 100;
const ROUND: Duration = Duration::from_millis(900);
const READS: [(&str, &str); 8] = [
    ("tenant-001", "/dashboard/kpis"),
    ("tenant-001", "/dashboard/trends"),
    ("tenant-001", "/dashboard/alerts"),
    ("tenant-001", "/products"),
    ("tenant-002", "/dashboard/kpis"),
    ("tenant-002", "/products"),
    ("tenant-003", "/forecast/demand"),
    ("tenant-003", "/sentiment/overview"),
];

pub(crate) async fn of_the_dashboard(stage: &mut Stage<'_>) {
    let page = stage.dashboard("tenant-001", Screen::DESKTOP).await;
    for (name, screen) in SCREENS {
        page.show_on(screen).await;
        all_ready(&page).await;
        keep(&page, &format!("dashboard-{name}")).await;
    }
}

/// After a minute of reads, in which somebody invalidates and Redis goes and comes back.
pub(crate) async fn of_the_console(stage: &mut Stage<'_>) {
    let page = stage.console(DESKTOP).await;
    for round in 0..ROUNDS {
        for (tenant, path) in READS {
            stage.is_hit(tenant, path).await;
        }
        match round {
            20 => stage.invalidate("tenant-002", "?endpoint=products").await,
            40 => stage.invalidate("tenant-001", "?tag=product:101").await,
            50 => stage.demo.redis.freeze(),
            60 => stage.demo.redis.thaw(),
            _ => {}
        }
        tokio::time::sleep(ROUND).await;
    }
    page.fill("[data-testid=entries-tenant]", "tenant-001")
        .await;
    page.click("[data-testid=entries-button]").await;
    page.text("[data-testid=entries]").await;
    page.run("scrollTo(0, 0)").await;
    for (name, screen) in SCREENS {
        page.show_on(screen).await;
        keep(&page, &format!("console-{name}")).await;
    }
}

async fn keep(page: &Page, name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    let picture = page.picture(QUALITY).await;
    std::fs::write(folder.join(format!("{name}.webp")), &picture).unwrap();
    assert!(picture.len() <= BYTES_MAX, "{name}: {}", picture.len());
}
