//! Where one RESP value ends and the next begins.

use bytes::{Bytes, BytesMut};

/// Arrays in arrays in arrays: nothing that Redis says is deeper.
const DEPTH_MAX: u32 = 16;

/// Takes the first whole value out of what was read; all of it, if it is no RESP.
pub(super) fn take(read: &mut BytesMut) -> Option<Bytes> {
    take_resp(read).unwrap_or_else(|NotResp| Some(read.split().freeze()))
}

/// Takes the first whole value out of what was read.
pub(super) fn take_resp(read: &mut BytesMut) -> Result<Option<Bytes>, NotResp> {
    let length = length(read, DEPTH_MAX)?;
    Ok((length > 0).then(|| read.split_to(length).freeze()))
}

pub(super) fn is_push(frame: &[u8]) -> bool {
    frame.first() == Some(&b'>')
}

/// The longest string of a value.
pub(super) fn longest_string(frame: &Bytes) -> Option<Bytes> {
    strings(frame).into_iter().max_by_key(Bytes::len)
}

/// The value with other bytes in place of one of its [`strings`], which is not empty.
pub(super) fn with_string(frame: &Bytes, old: &Bytes, new: &[u8]) -> Bytes {
    let at = old.as_ptr() as usize - frame.as_ptr() as usize;
    let mut header = at.saturating_sub(1);
    while header > 0 && !matches!(frame[header], b'$' | b'=' | b'!') {
        header -= 1;
    }
    let mut bytes = BytesMut::with_capacity(frame.len() + new.len());
    bytes.extend_from_slice(&frame[..=header]);
    bytes.extend_from_slice(format!("{}\r\n", new.len()).as_bytes());
    bytes.extend_from_slice(new);
    bytes.extend_from_slice(&frame[at + old.len()..]);
    bytes.freeze()
}

/// The strings of a value that have a length, as parts of it.
pub(super) fn strings(frame: &Bytes) -> Vec<Bytes> {
    let mut strings = Vec::new();
    let mut at = 0;
    while at < frame.len() {
        let Ok(Some((number, end))) = header(&frame[at..]) else {
            return strings;
        };
        let kind = frame[at];
        at += end;
        if matches!(kind, b'$' | b'=' | b'!')
            && let Ok(length) = usize::try_from(number)
            && let Some(text) = frame.get(at..at + length)
        {
            strings.push(frame.slice_ref(text));
            at += length + 2;
        }
    }
    strings
}

/// Bytes of some other protocol.
#[derive(Debug)]
pub(super) struct NotResp;

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
