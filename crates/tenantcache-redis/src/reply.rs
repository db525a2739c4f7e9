use std::time::Duration;

use bytes::Bytes;
use redis::Value;
use tenantcache::remote::{RemoteEntry, RemoteError, RemoteErrorKind, RemoteRead};
use tenantcache_core::Table;

/// Reads what the `read` script gave for `count` keys.
pub(crate) fn read(reply: Value, count: usize) -> Result<RemoteRead, RemoteError> {
    let unreadable = || RemoteError::new(RemoteErrorKind::Unreadable);
    let Value::Array(parts) = reply else {
        return Err(unreadable());
    };
    if parts.len() != 1 + 2 * count {
        return Err(unreadable());
    }
    let mut parts = parts.into_iter();
    let table = table(parts.next().ok_or_else(unreadable)?)?;
    let mut entries = Vec::with_capacity(count);
    while let (Some(value), Some(remaining)) = (parts.next(), parts.next()) {
        entries.push(entry(value, remaining).ok_or_else(unreadable)?);
    }
    Ok(RemoteRead { table, entries })
}

/// Reads a table's fields.
pub(crate) fn table(reply: Value) -> Result<Table, RemoteError> {
    let unreadable = || RemoteError::new(RemoteErrorKind::Unreadable);
    let Value::Array(flat) = reply else {
        return Err(unreadable());
    };
    let texts = flat
        .iter()
        .map(text)
        .collect::<Option<Vec<_>>>()
        .ok_or_else(unreadable)?;
    let fields = texts.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    Table::from_fields(fields).map_err(|error| unreadable().with_source(error))
}

fn entry(value: Value, remaining: Value) -> Option<Option<RemoteEntry>> {
    match (value, remaining) {
        (Value::Nil, _) => Some(None),
        (Value::BulkString(bytes), Value::Int(millis)) => {
            let remaining = u64::try_from(millis).ok().map(Duration::from_millis);
            Some(Some(RemoteEntry {
                bytes: Bytes::from(bytes),
                remaining,
            }))
        }
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
