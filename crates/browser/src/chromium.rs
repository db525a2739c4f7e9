use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::page::{Page, Screen};
use crate::pipe::Pipe;

/// How systems call it.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// The pipe is expected as descriptors 3 and 4; a shell puts ours there.
const MOVE_PIPE: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null"#;
const ARGUMENTS: [&str; 17] = [
    "--headless",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    // It refuses to run as root with one, and tests open our own pages only.
    "--no-sandbox",
    "--disable-gpu",
    // A container's shared memory is often too small.
    "--disable-dev-shm-usage",
    // Nothing goes out by itself.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-quic",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    // Several pages run side by side, none of them in front.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--accept-lang=en-US",
];

/// A Chromium of the tests' own, with an empty profile. It ends when the value is dropped, or the process does.
#[derive(Debug)]
pub struct Browser {
    pipe: Arc<Pipe>,
    _child: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts one. It needs to be called, and used, within one tokio runtime.
    ///
    /// # Panics
    ///
    /// If no Chromium is installed, or it does not answer.
    pub async fn start() -> Self {
        let program = program().unwrap_or_else(|| {
            panic!("none of {PROGRAMS:?} is on PATH; `cargo xtask test` installs one")
        });
        let profile = TempDir::new().expect("a folder for the profile");
        let mut child = Command::new("sh")
            .args(["-c", MOVE_PIPE])
            .arg(program)
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            // Dates and numbers look the same on each machine.
            .envs([("LANGUAGE", "en_US"), ("TZ", "UTC")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("Chromium starts");
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let pipe = Pipe::new(
            input.expect("its input is a pipe"),
            output.expect("its output is a pipe"),
        );
        let browser = Self {
            pipe,
            _child: child,
            _profile: profile,
        };
        browser.call("Browser.getVersion", json!({})).await;
        browser
    }

    /// Opens an empty page in a new context.
    ///
    /// # Panics
    ///
    /// If the browser has ended.
    pub async fn page(&self, screen: Screen) -> Page {
        let context = self.call("Target.createBrowserContext", json!({})).await;
        let context = text(&context["browserContextId"]);
        let target = json!({ "url": "about:blank", "browserContextId": context });
        let target = self.call("Target.createTarget", target).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call("Target.attachToTarget", attach).await;
        let session = text(&session["sessionId"]);
        Page::new(self.pipe.clone(), context, session, screen).await
    }

    async fn call(&self, method: &str, parameters: Value) -> Value {
        let answer = self.pipe.call(None, method, parameters).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.expect("the browser gives an id").to_owned()
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    PROGRAMS.iter().find_map(|name| {
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}
