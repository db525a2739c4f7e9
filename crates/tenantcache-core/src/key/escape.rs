use smallvec::{Array, SmallVec};

/// Whether a byte stands for itself inside a part of a key.
pub(super) const fn is_plain(byte: u8) -> bool {
    PLAIN[byte as usize]
}

const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        plain[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'@' | b'+');
        byte += 1;
    }
    plain
};

/// Appends `part`, percent-encoding every byte that is not plain, with upper-case digits.
///
/// The separator `:` and `%` itself are never plain, so joined parts can be told apart again.
pub(super) fn escape_into<A: Array<Item = u8>>(text: &mut SmallVec<A>, part: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut rest = part.as_bytes();
    while !rest.is_empty() {
        let plain = rest.iter().take_while(|byte| is_plain(**byte)).count();
        text.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        if let [byte, tail @ ..] = rest {
            let digit = |nibble: u8| DIGITS[usize::from(nibble)];
            text.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
            rest = tail;
        }
    }
}

/// The bytes that [`escape_into`] was given, from what it wrote.
pub(super) fn unescaped(part: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = part.iter();
    std::iter::from_fn(move || match *rest.next()? {
        b'%' => Some(hex_digit(*rest.next()?)? << 4 | hex_digit(*rest.next()?)?),
        byte => Some(byte),
    })
}

/// Decodes what [`escape_into`] wrote; `None` for anything it could not have written.
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
