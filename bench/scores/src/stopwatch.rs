//! How long something takes.

use std::time::Instant;

/// What was made, and the seconds it took.
#[expect(clippy::disallowed_methods, reason = "to measure is what it is for")]
pub(crate) fn timed<T>(make: impl FnOnce() -> T) -> (T, f64) {
    let begin = Instant::now();
    let made = make();
    (made, begin.elapsed().as_secs_f64())
}
