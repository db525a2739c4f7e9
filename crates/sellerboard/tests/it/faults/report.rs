//! What a test saw, for the table that `cargo xtask faults` prints.

use std::env;
use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The folder in which each fault has a file of its own; unset but for `cargo xtask faults`.
const FOLDER: &str = "FAULTS_REPORT";
/// Set when faults that last ten minutes are to do so.
const LONG: &str = "FAULTS_LONG";

/// Says what was seen under a fault, as the last act of its test: a fault of which nothing is said counts as failed.
pub(crate) fn seen(fault: &str, what: impl Display) {
    if let Some(folder) = env::var_os(FOLDER) {
        let file = Path::new(&folder).join(format!("{fault}.txt"));
        fs::write(file, what.to_string()).unwrap();
    }
}

/// How long a fault of ten minutes lasts: a minute, unless its full length was asked for.
pub(crate) fn ten_minutes() -> Duration {
    let minutes = if env::var_os(LONG).is_some() { 10 } else { 1 };
    Duration::from_secs(60 * minutes)
}
