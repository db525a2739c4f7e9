//! Where one RESP value ends and the next begins.

use bytes::{Bytes, BytesMut};

/// Arrays in arrays in arrays: nothing that Redis says is deeper.
const DEPTH_MAX: u32 = 16;

/// Takes the first whole value out of what was read; all of it, if it is no RESP.
pub(super) fn take(read: &mut BytesMut) -> Option<Bytes> {
    match length(read, DEPTH_MAX) {
        Ok(0) => None,
        Ok(length) => Some(read.split_to(length).freeze()),
        Err(NotResp) => Some(read.split().freeze()),
    }
}

pub(super) fn is_push(frame: &[u8]) -> bool {
    frame.first() == Some(&b'>')
}

/// Where the longest string of a value stands in it.
pub(super) fn longest_string(frame: &[u8]) -> Option<std::ops::Range<usize>> {
    let mut longest: Option<std::ops::Range<usize>> = None;
    let mut at = 0;
    while at < frame.len() {
        let (number, end) = header(&frame[at..]).ok()??;
        at += end;
        if matches!(frame[at - end], b'$' | b'=' | b'!') && number >= 0 {
            let text = at..at + usize::try_from(number).ok()?;
            at = text.end + 2;
            if longest
                .as_ref()
                .is_none_or(|known| known.len() < text.len())
            {
                longest = Some(text);
            }
        }
    }
    longest
}

struct NotResp;

/// The bytes of the first value, 0 if it is not whole yet.
fn length(read: &[u8], depth: u32) -> Result<usize, NotResp> {
    let Some((number, mut end)) = header(read)? else {
        return Ok(0);
    };
    let count = match read[0] {
        b'$' | b'=' | b'!' if number >= 0 => {
            let text = usize::try_from(number).map_err(|_| NotResp)?;
            let all = end + text + 2;
            return Ok(if read.len() < all { 0 } else { all });
        }
        b'*' | b'~' | b'>' => number,
        b'%' | b'|' => number.saturating_mul(2),
        _ => 0,
    };
    for _ in 0..count.max(0) {
        let depth = depth.checked_sub(1).ok_or(NotResp)?;
        match length(&read[end..], depth)? {
            0 => return Ok(0),
            length => end += length,
        }
    }
    Ok(end)
}

/// The number in the first line, 0 if it has another content, and the line's length. `None` if the line is not whole.
fn header(read: &[u8]) -> Result<Option<(i64, usize)>, NotResp> {
    let Some(first) = read.first() else {
        return Ok(None);
    };
    if !b"+-:,#(_$=!*~>%|".contains(first) {
        return Err(NotResp);
    }
    let Some(end) = read.windows(2).position(|two| two == b"\r\n") else {
        return Ok(None);
    };
    let line = &read[1..end];
    let counted = b"$=!*~>%|".contains(first);
    let number = std::str::from_utf8(line)
        .ok()
        .and_then(|line| line.parse().ok());
    match number {
        Some(number) => Ok(Some((number, end + 2))),
        None if counted => Err(NotResp),
        None => Ok(Some((0, end + 2))),
    }
}
