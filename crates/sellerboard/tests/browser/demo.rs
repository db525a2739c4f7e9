//! `sellerboard demo` in a process of its own, on free ports, with a Redis of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use testkit::{RedisServer, free_port};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sellerboard");
const SECRET: &str = "a secret of the tests of the pages, long enough for HS256";
/// What the demo prints last.
const LAST_LINE: &str = "  tenant-003 ";

#[derive(Debug)]
pub(crate) struct Demo {
    pub(crate) origin: String,
    pub(crate) market: String,
    pub(crate) redis: RedisServer,
    child: Child,
    _home: TempDir,
}

impl Demo {
    pub(crate) async fn start() -> Self {
        let (home, redis) = (TempDir::new().unwrap(), RedisServer::start().await);
        let market = format!("127.0.0.1:{}", free_port());
        let mut command = command(home.path());
        command
            .arg("demo")
            .env("MARKETPLACE_ADDR", &market)
            .env("REDIS_URL", redis.url());
        let (child, banner) = started(command).await;
        let line = banner.iter().find(|line| line.contains("is at ")).unwrap();
        let (_, page) = line.split_once("is at ").unwrap();
        Self {
            origin: page.trim_end_matches('/').to_owned(),
            market: format!("http://{market}"),
            redis,
            child,
            _home: home,
        }
    }

    /// Ends the process, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A token that the demo accepts, or, with another secret, one that it refuses.
pub(crate) fn token(tenant: &str, ttl: &str, secret: Option<&str>) -> String {
    let home = TempDir::new().unwrap();
    let mut command = command(home.path());
    command.args(["token", "--tenant", tenant, "--email", "ann@shop.example"]);
    command.args(["--ttl", ttl]);
    command.env("JWT_SECRET", secret.unwrap_or(SECRET));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn command(home: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .envs([
            ("SELLERBOARD_ADDR", "127.0.0.1:0"),
            ("MARKETPLACE_LATENCY", "20ms"),
            ("JWT_SECRET", SECRET),
            ("DATABASE_URL", "sqlite://shops.db"),
            // A test's machine may be busy.
            ("REDIS_COMMAND_TIMEOUT", "1s"),
            ("UPSTREAM_TIMEOUT", "30s"),
        ])
        .env("HOME", home)
        .current_dir(home);
    command
}

/// Waits for the last line of what it prints at its start.
async fn started(mut command: Command) -> (Child, Vec<String>) {
    let start = tokio::task::spawn_blocking(move || {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut banner = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            banner.push(line.unwrap());
            if banner
                .last()
                .is_some_and(|line| line.starts_with(LAST_LINE))
            {
                return (child, banner);
            }
        }
        panic!("the demo ended: {:?}, {banner:?}", child.wait());
    });
    start.await.unwrap()
}
