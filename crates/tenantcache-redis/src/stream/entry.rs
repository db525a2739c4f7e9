use redis::Value;

use super::view::{Gap, Position, View};

/// The field that holds the event.
const FIELD: &[u8] = b"event";

/// An entry of the stream, as it came.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    /// The event's bytes; `None` if the entry has no such field.
    pub(super) event: Option<Vec<u8>>,
}

/// What `XAUTOCLAIM` gave.
#[derive(Debug)]
pub(super) struct Claimed {
    /// Where to go on; `0-0` at the end.
    pub(super) cursor: String,
    pub(super) entries: Vec<Entry>,
    /// Whether some entry was no longer there.
    pub(super) has_lost: bool,
}

/// Reads what the `read` script gave; `None` if it cannot be understood.
pub(super) fn view(reply: Value) -> Option<View> {
    let Value::Array(parts) = reply else {
        return None;
    };
    let mut parts = parts.into_iter();
    let state = text(parts.next()?)?;
    if state == "missing" {
        return Some(View::Missing);
    }
    let position = Position {
        last: text(parts.next()?)?,
        added: u64::try_from(number(&parts.next()?)?).ok()?,
        removed: u64::try_from(number(&parts.next()?)?).ok()?,
        deleted: text(parts.next()?)?,
        delivered: text(parts.next()?)?,
        pending: u64::try_from(number(&parts.next()?)?).ok()?,
        lag: number(&parts.next()?)?,
    };
    let gap = match state.as_str() {
        "ok" => return Some(View::Entries(position, entries(parts.next()?)?)),
        "anew" => Gap::Anew,
        "deleted" => Gap::Deleted,
        "trimmed" => Gap::Trimmed,
        _ => return None,
    };
    Some(View::Gap(gap, position))
}

/// Reads what `XAUTOCLAIM` gave; `None` if it cannot be understood.
pub(super) fn claimed(reply: Value) -> Option<Claimed> {
    let Value::Array(parts) = reply else {
        return None;
    };
    let mut parts = parts.into_iter();
    Some(Claimed {
        cursor: text(parts.next()?)?,
        entries: entries(parts.next()?)?,
        has_lost: matches!(parts.next()?, Value::Array(ids) if !ids.is_empty()),
    })
}

fn entries(reply: Value) -> Option<Vec<Entry>> {
    match reply {
        Value::Array(entries) => entries.into_iter().map(entry).collect(),
        Value::Nil => Some(Vec::new()),
        _ => None,
    }
}

fn entry(reply: Value) -> Option<Entry> {
    let Value::Array(parts) = reply else {
        return None;
    };
    let mut parts = parts.into_iter();
    let id = text(parts.next()?)?;
    let Value::Array(flat) = parts.next()? else {
        return Some(Entry { id, event: None });
    };
    let mut flat = flat.into_iter();
    let mut event = None;
    while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
        if let (Value::BulkString(name), Value::BulkString(value)) = (name, value)
            && name == FIELD
        {
            event = Some(value);
            break;
        }
    }
    Some(Entry { id, event })
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}
