//! What a client asks.

use bytes::{Buf, Bytes, BytesMut};

use super::frames;

/// Redis closes the connection of a client that sends a longer inline command.
const INLINE_BYTES_MAX: usize = 64 << 10;

/// A command as it was sent, with its words.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) frame: Bytes,
    words: Vec<Bytes>,
}

/// Takes the first whole command out of what was read: an array of strings, or a line. `Err`, if it is neither.
pub(super) fn take(read: &mut BytesMut) -> Result<Option<Command>, frames::NotResp> {
    match read.first() {
        None => Ok(None),
        Some(b'*') => {
            let Some(frame) = frames::take_resp(read)? else {
                return Ok(None);
            };
            let words = frames::strings(&frame);
            Ok(Some(Command { frame, words }))
        }
        Some(first) if first.is_ascii_alphabetic() || matches!(first, b'\r' | b'\n') => {
            let Some(end) = read.iter().position(|byte| *byte == b'\n') else {
                let too_long = read.len() > INLINE_BYTES_MAX;
                return if too_long {
                    Err(frames::NotResp)
                } else {
                    Ok(None)
                };
            };
            let frame = read.split_to(end + 1).freeze();
            let words = frame
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
                .map(|word| frame.slice_ref(word));
            let words = words.collect();
            Ok(Some(Command { frame, words }))
        }
        Some(_) => Err(frames::NotResp),
    }
}

impl Command {
    /// Whether it has no words, and is not answered.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether it begins with these words, in any case: `CLIENT TRACKING`.
    pub(super) fn begins_with(&self, words: &str) -> bool {
        let mut given = words.split_ascii_whitespace().zip(1..);
        given.all(|(word, count)| {
            let own = self.words.get(count - 1);
            own.is_some_and(|own| own.eq_ignore_ascii_case(word.as_bytes()))
        })
    }

    /// What it does: its name, and which script if it runs one.
    pub(super) fn kind(&self) -> (Vec<u8>, Bytes) {
        let name = self.words.first().map(|name| name.to_ascii_uppercase());
        let script = self.is_script().then(|| self.words[1].clone());
        (name.unwrap_or_default(), script.unwrap_or_default())
    }

    /// What it does it to.
    pub(super) fn keys(&self) -> &[Bytes] {
        if !self.is_script() {
            return self.words.get(1..2).unwrap_or_default();
        }
        let mut count = 0;
        let mut digits = self.words[2].clone();
        while digits.has_remaining() {
            count = 10 * count + usize::from(digits.get_u8().wrapping_sub(b'0'));
        }
        self.words.get(3..3 + count).unwrap_or_default()
    }

    fn is_script(&self) -> bool {
        self.words.len() > 2 && (self.begins_with("EVALSHA") || self.begins_with("EVAL"))
    }
}
