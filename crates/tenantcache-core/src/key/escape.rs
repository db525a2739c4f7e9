use std::fmt::Write;

/// Whether a byte stands for itself inside a part of a key.
pub(super) const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'@' | b'+')
}

/// Appends `part`, percent-encoding every byte that is not plain, with upper-case digits.
///
/// The separator `:` and `%` itself are never plain, so joined parts can be told apart again.
pub(super) fn push_escaped(text: &mut String, part: &str) {
    for byte in part.bytes() {
        if is_plain(byte) {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
    }
}

/// Decodes what [`push_escaped`] wrote; `None` for anything it could not have written.
pub(super) fn unescape(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let [high, low, tail @ ..] = tail else {
                return None;
            };
            let byte = hex_digit(*high)? << 4 | hex_digit(*low)?;
            if is_plain(byte) {
                return None;
            }
            bytes.push(byte);
            rest = tail;
        } else if is_plain(*first) {
            bytes.push(*first);
            rest = tail;
        } else {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
