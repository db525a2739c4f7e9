//! The API's description, judged by a linter, and by requests that are made up from it and sent to a real service.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::checks::target;
use crate::install::{self, REDIS};
use crate::process::{cargo, find, output, run};
use crate::report::{Outcome, say};

const DOCUMENT: &str = "docs/openapi.json";
const CONFIG: &str = "xtask/schemathesis/schemathesis.toml";
/// Every package with its version.
const REQUIREMENTS: &str = "xtask/schemathesis/requirements.txt";
/// Whose token the requests carry.
const TENANT: &str = "tenant-001";
const JWT_SECRET: &str = "of-the-checks-and-long-enough-for-HS256";
const START_POLLS: u32 = 200;
const START_POLL: Duration = Duration::from_millis(50);

/// Both judges, one after the other.
pub(crate) fn check(root: &Path) -> Outcome {
    let target = target(root);
    let programs = match require(root, &target.join("tools/python")) {
        Ok(programs) => programs,
        Err(reason) => return Outcome::Skipped(reason),
    };
    run(Command::new(programs.join("openapi-spec-validator"))
        .arg(DOCUMENT)
        .current_dir(root))
    .and_then(|| run(cargo(root).args(["build", "--locked", "-p", "sellerboard"])))
    .and_then(|| match Service::start(&target) {
        Ok(service) => run(Command::new(programs.join("schemathesis"))
            .args(["--config-file", CONFIG, "run", DOCUMENT])
            .args(["--url", &service.url])
            .env("SELLERBOARD_TOKEN", &service.token)
            .current_dir(root)),
        Err(reason) => Outcome::Failed(reason),
    })
}

/// Installs what is missing, and gives the folder with the judges' programs.
fn require(root: &Path, folder: &Path) -> Result<PathBuf, String> {
    if find(REDIS.program).is_none() {
        install::install(&REDIS)?;
    }
    let programs = folder.join("bin");
    let (wanted, present) = (root.join(REQUIREMENTS), folder.join("requirements.txt"));
    if fs::read(&wanted).ok() == fs::read(&present).ok() {
        return Ok(programs);
    }
    let python = find("python3")
        .ok_or("`python3` is missing, needed for schemathesis: install it and run again")?;
    say(&format!(
        "schemathesis and openapi-spec-validator are missing: installing {REQUIREMENTS} into {}",
        folder.display()
    ));
    let made = run(Command::new(python)
        .args(["-m", "venv", "--clear"])
        .arg(folder));
    if made != Outcome::Passed {
        return Err(
            "`python3 -m venv` failed; some systems have it in a package `python3-venv`".to_owned(),
        );
    }
    let mut pip = Command::new(programs.join("pip"));
    pip.args([
        "install",
        "--disable-pip-version-check",
        "--quiet",
        "--requirement",
    ]);
    match run(pip.arg(&wanted)) {
        Outcome::Failed(reason) => Err(format!("failed to fetch schemathesis: {reason}")),
        Outcome::Passed | Outcome::Skipped(_) => {
            // Last, so that an install which was broken off is begun anew.
            fs::copy(&wanted, &present)
                .map_err(|error| format!("{}: {error}", present.display()))?;
            Ok(programs)
        }
    }
}

/// The demo (marketplace and service) with a Redis of its own; dropping it ends them.
#[derive(Debug)]
struct Service {
    url: String,
    /// Allows everything, so that refusals are about the request.
    token: String,
    children: Vec<Child>,
    folder: PathBuf,
}

impl Service {
    /// # Errors
    ///
    /// Why it does not run, in one line.
    fn start(target: &Path) -> Result<Self, String> {
        let mut service = Self {
            url: String::new(),
            token: String::new(),
            children: Vec::new(),
            // Not below the build folder: a socket's path has to be short.
            folder: env::temp_dir().join(format!("sellerboard-api-{}", std::process::id())),
        };
        let started = service.launch(target);
        started.map(|()| service)
    }

    fn launch(&mut self, target: &Path) -> Result<(), String> {
        let told = |error: std::io::Error| error.to_string();
        fs::create_dir(&self.folder).map_err(told)?;
        let socket = self.folder.join("redis.sock");
        let mut redis = Command::new(REDIS.program);
        redis
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(&socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        self.children.push(redis.spawn().map_err(told)?);
        wait_for(&socket)?;

        let program = target.join("debug/sellerboard");
        let command = |name: &str| {
            let mut command = Command::new(&program);
            command
                .arg(name)
                .env_clear()
                .env("HOME", &self.folder)
                .env("SELLERBOARD_ADDR", "127.0.0.1:0")
                .env("MARKETPLACE_ADDR", "127.0.0.1:0")
                .env("REDIS_URL", format!("redis+unix://{}", socket.display()))
                .env("JWT_SECRET", JWT_SECRET)
                .current_dir(&self.folder);
            command
        };
        let mut token = command("token");
        token.args(["--tenant", TENANT, "--email", "check@tenant-001.example"]);
        token.args(["--scope", "cache:admin", "--scope", "events:publish"]);
        let mut demo = command("demo");
        let log = File::create(target.join("api-service.log")).map_err(told)?;
        demo.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut demo = demo.spawn().map_err(told)?;
        let banner = demo.stdout.take();
        self.children.push(demo);

        let lines = banner
            .into_iter()
            .flat_map(|banner| BufReader::new(banner).lines());
        let mut words = lines.map_while(Result::ok);
        self.url = words
            .find_map(|line| {
                Some(
                    line.split_once(" is at ")?
                        .1
                        .trim_end_matches('/')
                        .to_owned(),
                )
            })
            .ok_or("the service ended; target/api-service.log says why")?;
        self.token = output(&mut token).ok_or("`sellerboard token` failed")?;
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The service first: it needs its Redis to the end.
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Waits until Redis listens.
fn wait_for(socket: &Path) -> Result<(), String> {
    for _ in 0..START_POLLS {
        if UnixStream::connect(socket).is_ok() {
            return Ok(());
        }
        thread::sleep(START_POLL);
    }
    Err("redis-server does not listen".to_owned())
}
