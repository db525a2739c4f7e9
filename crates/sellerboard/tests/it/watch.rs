//! `sellerboard cache watch` on a terminal of its own.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::mpsc::{Receiver, channel};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use testkit::free_port;

use crate::node::eventually;
use crate::program::{Program, Service};
use crate::tokens::{admin, token};
use crate::world::World;

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;
/// Leaves the second screen, and shows the cursor.
const RESTORED: [&str; 2] = ["\x1b[?1049l", "\x1b[?25h"];

/// A terminal, the program on it, and what can be read there.
struct Terminal {
    controller: File,
    /// Kept open, so that the terminal outlives the program.
    user: File,
    written: Receiver<Vec<u8>>,
    raw: Vec<u8>,
    parser: vt100::Parser,
    service: Service,
}

impl Terminal {
    fn watch(server: &str, token: &str) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let user = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOCTTY.bits().cast_signed())
            .open(name.to_str().unwrap())
            .unwrap();
        let controller = File::from(controller);
        resize(&controller, ROWS, COLUMNS);
        // `setsid` gives it the terminal as its own, to be told of its size.
        let program = env!("CARGO_BIN_EXE_sellerboard");
        let arguments = ["-c", program, "cache", "watch", "--server", server];
        let service = Program::run_by("/usr/bin/setsid", &arguments)
            .with_env("SELLERBOARD_TOKEN", token)
            .with_env("TERM", "xterm-256color")
            .start_on(&user);
        let (height, width) = some(ROWS, COLUMNS);
        let (sender, written) = channel();
        let mut reader = controller.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            controller,
            user,
            written,
            raw: Vec::new(),
            parser: vt100::Parser::new(height, width, 0),
            service,
        }
    }

    fn press(&mut self, keys: &str) {
        self.controller.write_all(keys.as_bytes()).unwrap();
    }

    fn resize(&mut self, rows: u16, columns: u16) {
        let (height, width) = some(rows, columns);
        self.parser.screen_mut().set_size(height, width);
        resize(&self.controller, rows, columns);
    }

    fn screen(&mut self) -> String {
        while let Ok(bytes) = self.written.try_recv() {
            self.parser.process(&bytes);
            self.raw.extend(bytes);
        }
        self.parser.screen().contents()
    }

    async fn shows(&mut self, text: &str) {
        eventually(&format!("{text:?} is on the screen"), async || {
            self.screen().contains(text).then_some(())
        })
        .await;
    }

    /// Waits for the end; the terminal must be as it was.
    async fn assert_restored(mut self) {
        eventually("the program has ended", async || {
            (!self.service.is_running()).then_some(())
        })
        .await;
        eventually("the screen is given back", async || {
            self.screen();
            let raw = String::from_utf8_lossy(&self.raw);
            RESTORED.iter().all(|code| raw.contains(code)).then_some(())
        })
        .await;
        let modes = tcgetattr(&self.user).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON));
        assert_eq!(self.service.end().await.code, Some(0));
    }
}

fn some(rows: u16, columns: u16) -> (NonZero<u16>, NonZero<u16>) {
    (NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap())
}

fn resize(terminal: &File, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).unwrap();
}

#[tokio::test]
async fn a_live_service_is_watched_and_the_terminal_given_back() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let mut terminal = Terminal::watch(&node.origin, &admin("tenant-001"));
    terminal.shows("LIVE").await;
    for _ in 0..3 {
        node.get("tenant-002", "/dashboard/kpis").await.ok();
    }
    terminal.shows("dashboard_kpis").await;
    terminal.shows("66.7 %").await;
    node.applied("tenant-002", "?endpoint=products").await;
    terminal.shows("endpoint products").await;
    assert!(!terminal.screen().contains(" tenants ─"));
    terminal.press("t");
    terminal.shows(" tenants ─").await;
    terminal.shows("tenant-002").await;
    terminal.press("p");
    terminal.shows("PAUSED").await;
    terminal.press("p");
    terminal.resize(40, 120);
    eventually("the whole terminal is used", async || {
        let screen = terminal.screen();
        let last = screen.lines().nth(39)?;
        last.contains("q quit").then_some(())
    })
    .await;
    terminal.press("q");
    terminal.assert_restored().await;
}

#[tokio::test]
async fn a_service_that_is_not_there_is_waited_for_and_sigterm_ends_it() {
    let world = World::start().await;
    let addr = format!("127.0.0.1:{}", free_port());
    let mut terminal = Terminal::watch(&format!("http://{addr}"), &token("tenant-001"));
    terminal.shows("NOT REACHED").await;
    terminal.shows("failed to reach").await;
    let node = world.node(&[("SELLERBOARD_ADDR", &addr)]).await;
    terminal.shows("LIVE").await;
    node.stop().await;
    terminal.shows("Not current").await;
    terminal.service.terminate();
    terminal.assert_restored().await;
}

#[tokio::test]
async fn a_token_that_is_refused_is_told() {
    let world = World::start().await;
    let node = world.node(&[]).await;
    let mut terminal = Terminal::watch(&node.origin, "not.a.token");
    terminal.shows("401").await;
    terminal.shows("give a valid token").await;
    terminal.press("\x03");
    terminal.assert_restored().await;
}

#[test]
fn without_a_terminal_it_says_what_to_use() {
    let run = Program::new(&["cache", "watch", "--token", "x"]).run();
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    let instead = "`sellerboard cache metrics --format json`";
    assert!(run.stderr.contains(instead), "{}", run.stderr);
}
