/// How many digits a `u64` has.
pub(crate) const HEX_U64_BYTES: usize = 16;

/// The number in hexadecimal, of full length. Formatting would cost ten times as much, in every answer.
pub(crate) fn hex(number: u64) -> [u8; HEX_U64_BYTES] {
    let mut digits = [0; HEX_U64_BYTES];
    for (digit, place) in digits.iter_mut().rev().zip(0..) {
        let nibble = (number >> (4 * place)) & 0xf;
        *digit = b"0123456789abcdef"[nibble as usize];
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_formatting_gives() {
        for number in [0, 1, 0xf0, u64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!(hex(number), format!("{number:016x}").as_bytes());
        }
    }
}
