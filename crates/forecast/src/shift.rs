//! Lasting jumps of the level: what came before one says little of what comes after.

use crate::numbers::{count, line, mean};

/// What a step must leave of what a straight line leaves unexplained.
const LEFT_MAX: f64 = 0.3;

/// The jump, in deviations around the two levels.
const JUMP_MIN: f64 = 3.0;

/// How much of the jump must happen at once, within the days just before and after.
const SUDDEN_MIN: f64 = 0.7;
const SUDDEN_DAYS: usize = 4;

/// Where the newest level begins: 0 if there was no jump, or it is too new to be sure of.
///
/// The best single step (least squares) is one if it explains far more than a straight line, is large, and happened at once: a
/// trend or a random walk fails the one or the other.
pub(crate) fn level_begin(course: &[f64], segment_min: usize) -> usize {
    if course.len() < 2 * segment_min.max(SUDDEN_DAYS) {
        return 0;
    }
    let total: f64 = course.iter().sum();
    let squares: f64 = course.iter().map(|value| value * value).sum();
    let mut before = 0.0;
    let mut best = (0, f64::INFINITY);
    for (at, value) in course.iter().enumerate() {
        if at >= segment_min && at + segment_min <= course.len() {
            let after = total - before;
            let left =
                squares - before * before / count(at) - after * after / count(course.len() - at);
            if left < best.1 {
                best = (at, left);
            }
        }
        before += value;
    }
    let (at, left) = best;
    if at == 0 || left > LEFT_MAX * left_by_line(course) {
        return 0;
    }
    let jump = mean(course[at..].iter().copied()) - mean(course[..at].iter().copied());
    let deviation = (left.max(0.0) / count(course.len())).sqrt();
    let sudden = mean(course[at..at + SUDDEN_DAYS].iter().copied())
        - mean(course[at - SUDDEN_DAYS..at].iter().copied());
    if jump.abs() >= JUMP_MIN * deviation && sudden / jump >= SUDDEN_MIN {
        at
    } else {
        0
    }
}

fn left_by_line(course: &[f64]) -> f64 {
    let (start, slope) = line(course);
    course
        .iter()
        .enumerate()
        .map(|(at, value)| (value - start - slope * count(at)).powi(2))
        .sum()
}
