//! The pictures of the documentation.

use std::path::Path;

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

pub(crate) async fn of_the_dashboard(stage: &mut Stage<'_>) {
    let page = stage.dashboard("tenant-001", Screen::DESKTOP).await;
    for (name, screen) in SCREENS {
        page.show_on(screen).await;
        all_ready(&page).await;
        keep(&page, &format!("dashboard-{name}")).await;
    }
}

async fn keep(page: &Page, name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    let picture = page.picture(QUALITY).await;
    std::fs::write(folder.join(format!("{name}.webp")), &picture).unwrap();
    assert!(picture.len() <= BYTES_MAX, "{name}: {}", picture.len());
}
