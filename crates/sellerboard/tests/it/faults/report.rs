//! What a test saw, for the table that `cargo xtask faults` prints, and what it printed, to be searched for secrets.

use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use parking_lot::Mutex;
use tracing_subscriber::EnvFilter;

/// The folder in which each fault has a file of its own; unset but for `cargo xtask faults`.
const FOLDER: &str = "FAULTS_REPORT";
/// The folder for the logs and the output of services; unset but for `cargo xtask faults`.
const OUTPUT: &str = "FAULTS_OUTPUT";
/// Set when faults that last ten minutes are to do so.
const LONG: &str = "FAULTS_LONG";

/// Says what was seen under a fault, as the last act of its test: a fault of which nothing is said counts as failed.
pub(crate) fn seen(fault: &str, what: impl Display) {
    if let Some(folder) = env::var_os(FOLDER) {
        let file = Path::new(&folder).join(format!("{fault}.txt"));
        fs::write(file, what.to_string()).unwrap();
    }
}

/// Whether `cargo xtask faults` runs the test, which then may take its time.
pub(crate) fn in_full() -> bool {
    env::var_os(FOLDER).is_some()
}

/// How long a fault of ten minutes lasts: a minute, unless its full length was asked for.
pub(crate) fn ten_minutes() -> Duration {
    let minutes = if is_long() { 10 } else { 1 };
    Duration::from_secs(60 * minutes)
}

/// Whether full lengths and numbers were asked for.
pub(crate) fn is_long() -> bool {
    env::var_os(LONG).is_some()
}

/// Keeps what services in this process log from now on, in more detail than an operator would ask for.
pub(crate) fn keep_logs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Some(file) = output_file("log") else {
            return;
        };
        let filter = "info,sellerboard=trace,tenantcache=trace,tenantcache_redis=trace,redis=debug";
        let file = Mutex::new(File::create(file).unwrap());
        let builder = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(filter))
            .with_ansi(false)
            .with_writer(move || Kept(file.lock().try_clone().unwrap()));
        // A test with a subscriber of its own judges the log itself.
        let _ = tracing::subscriber::set_global_default(builder.finish());
    });
}

/// Keeps what a run of the program printed.
pub(crate) fn keep_output(stdout: &str, stderr: &str) {
    if let Some(file) = output_file("output") {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(file)
            .unwrap();
        write!(file, "{stdout}\n{stderr}\n").unwrap();
    }
}

/// A file of this process alone.
fn output_file(kind: &str) -> Option<PathBuf> {
    let folder: OsString = env::var_os(OUTPUT)?;
    Some(Path::new(&folder).join(format!("{}.{kind}", std::process::id())))
}

#[derive(Debug)]
struct Kept(File);

impl std::io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}
