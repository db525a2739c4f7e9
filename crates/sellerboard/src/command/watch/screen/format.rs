//! Figures in few characters.

use jiff::SignedDuration;

/// A time span in its two largest units.
pub(super) fn span(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// A count, with a separator for thousands.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count in at most five characters, up to a thousand million.
pub(super) fn compact(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{}k", count / 1_000),
        1_000_000..10_000_000 => format!("{}.{}M", count / 1_000_000, count / 100_000 % 10),
        _ => format!("{}M", count / 1_000_000),
    }
}

/// A quantity in three digits or so; `–` where there is none.
pub(super) fn quantity(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value >= 1e6 => format!("{:.1}M", value / 1e6),
        Some(value) if value >= 1e4 => format!("{:.1}k", value / 1e3),
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) if value >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

pub(super) fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1} %"))
}

/// A share from 0 to 1 as a bar of so many characters.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "between 0 and the width of a terminal"
)]
pub(super) fn bar(share: f64, width: usize) -> String {
    let full = (share.clamp(0.0, 1.0) * width as f64).round() as usize;
    "█".repeat(full) + &"░".repeat(width - full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        let check = |value, expected: &str| assert_eq!(quantity(Some(value)), expected);
        check(0.0, "0.00");
        check(9.994, "9.99");
        check(99.94, "99.9");
        check(1234.4, "1234");
        check(12_340.0, "12.3k");
        check(5_200_000.0, "5.2M");
        assert_eq!(quantity(None), "–");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(123), "123");
        let compacted = [9_999, 10_000, 999_999, 1_250_000, 12_000_000].map(compact);
        assert_eq!(compacted, ["9999", "10k", "999k", "1.2M", "12M"]);
        assert_eq!(bar(0.5, 4), "██░░");
        assert_eq!(bar(7.0, 2), "██");
    }

    #[test]
    fn spans_have_two_units() {
        let check = |seconds, expected: &str| {
            assert_eq!(span(SignedDuration::from_secs(seconds)), expected);
        };
        check(-3, "0s");
        check(59, "59s");
        check(61, "1m 1s");
        check(7_260, "2h 1m");
        check(90_000, "1d 1h");
    }
}
