//! What a page's commands talk to: a demo, on free ports, with a Redis of its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use testkit::{RedisServer, free_port};
use tokio::runtime::Runtime;

use crate::ports::Ports;

/// The shop whose token the pages call `TOKEN`.
const TENANT: &str = "tenant-001";
const LAST_TENANT: &str = "tenant-003";
/// A test's machine may be busy; what a time-out does is said with one of its own.
const PATIENT: [(&str, &str); 2] = [("REDIS_COMMAND_TIMEOUT", "5s"), ("UPSTREAM_TIMEOUT", "30s")];
/// Of tokens and of webhooks, as a page's reader would export them before the demo.
const JWT_SECRET: &str = "of-the-documentation-and-long-enough-for-HS256";
const WEBHOOK_SECRET: &str = "whsec_b2YgdGhlIGRvY3VtZW50YXRpb24sIGFuZCBsb25nIGVub3VnaA==";

pub(crate) struct Demo {
    child: Child,
    redis: RedisServer,
    /// What it printed at its start.
    pub(crate) banner: String,
    pub(crate) ports: Ports,
}

impl Demo {
    /// Starts one that keeps its files in `home`, and writes its log to `log`.
    pub(crate) fn start(home: &TempDir, log: &Path) -> Self {
        let runtime = Runtime::new().unwrap();
        let redis = runtime.block_on(RedisServer::start());
        let market = free_port();
        let mut child = Command::new(program())
            .env_clear()
            .env("HOME", home.path())
            .env("SELLERBOARD_ADDR", "127.0.0.1:0")
            .env("MARKETPLACE_ADDR", format!("127.0.0.1:{market}"))
            .env("MARKETPLACE_LATENCY", "20ms")
            .env("REDIS_URL", redis.url())
            .envs(PATIENT)
            .envs([
                ("JWT_SECRET", JWT_SECRET),
                ("WEBHOOK_SECRET", WEBHOOK_SECRET),
            ])
            .current_dir(home.path())
            .stdout(Stdio::piped())
            .stderr(File::create(log).unwrap())
            .spawn()
            .unwrap();
        let banner = banner(&mut child);
        let service = port(&banner);
        let ports = Ports::new(vec![
            ("8000", service),
            ("8001", market),
            ("8002", free_port()),
            ("8003", free_port()),
            ("6379", redis.port()),
        ]);
        Self {
            child,
            redis,
            banner,
            ports,
        }
    }

    /// The environment of a reader who has exported what the pages say.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let folder = Path::new(program()).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let token = word_after(&self.banner, TENANT);
        let patient = PATIENT.map(|(name, value)| (name, value.to_owned()));
        let mut variables = vec![
            ("PATH", format!("{}:{path}", folder.display())),
            ("REDIS_URL", self.redis.url()),
            // A second service takes a free port, unless the page names one.
            ("SELLERBOARD_ADDR", "127.0.0.1:0".to_owned()),
            ("UPSTREAM_URL", self.ports.put_into("http://127.0.0.1:8001")),
            ("JWT_SECRET", JWT_SECRET.to_owned()),
            ("WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
            ("TOKEN", token.to_owned()),
        ];
        variables.extend(patient);
        variables
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn program() -> &'static str {
    env!("CARGO_BIN_EXE_sellerboard")
}

/// Reads up to the last token.
fn banner(child: &mut Child) -> String {
    let mut banner = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        banner.push_str(&line);
        banner.push('\n');
        if line.trim_start().starts_with(LAST_TENANT) {
            return banner;
        }
    }
    panic!("the demo ended");
}

fn port(banner: &str) -> u16 {
    let url = word_after(banner, "is at");
    let (_, port) = url.trim_end_matches('/').rsplit_once(':').unwrap();
    port.parse().unwrap()
}

fn word_after<'a>(text: &'a str, before: &str) -> &'a str {
    let (_, after) = text.rsplit_once(before).unwrap();
    after.split_whitespace().next().unwrap()
}
