use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// Where and of what figures are.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Machine {
    /// The commit that was measured, with a `+` if there were changes beside it.
    pub commit: String,
    /// The processor's name.
    pub processor: String,
    /// How many cores the system has.
    pub cores: usize,
    /// Which core did what.
    pub pinned: String,
    /// The kernel.
    pub kernel: String,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn this(pinned: String) -> Self {
        Self {
            commit: commit(),
            processor: processor(),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            pinned,
            kernel: read("/proc/sys/kernel/osrelease"),
        }
    }
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    };
    let Some(commit) = git(&["rev-parse", "--short=10", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changed =
        git(&["status", "--porcelain", "-uno"]).is_some_and(|changes| !changes.is_empty());
    if changed { commit + "+" } else { commit }
}

fn processor() -> String {
    let cpus = read("/proc/cpuinfo");
    let name = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = name.map(|rest| rest.trim_start_matches([':', ' ', '\t']));
    name.unwrap_or("unknown").to_owned()
}

fn read(file: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.trim().to_owned()
}
