use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use bytes::Bytes;
use redis::Value;
use tenantcache::remote::{
    Claimed, History, Lease, Made, RemoteEntry, RemoteError, RemoteErrorKind, RemoteRead,
    RemoteTable,
};
use tenantcache_core::Table;

/// By what a reply is believed.
#[derive(Clone, Copy)]
pub(crate) struct Belief<'a> {
    /// What the reply carries if it is the one to this call.
    pub(crate) ticket: &'a str,
    /// Whether the epoch that began at this time, in µs, goes on: none that began later was ever seen.
    pub(crate) heed_epoch: &'a dyn Fn(u64) -> bool,
}

/// Reads what the `read` script gave for `count` keys.
pub(crate) fn read(
    reply: Value,
    count: usize,
    belief: Belief<'_>,
) -> Result<RemoteRead, RemoteError> {
    let mut parts = parts(reply)?;
    let table = table(parts.next().ok_or_else(misdirected)?, belief)?;
    if parts.len() != 2 * count {
        return Err(unreadable());
    }
    let mut entries = Vec::with_capacity(count);
    while let (Some(value), Some(remaining)) = (parts.next(), parts.next()) {
        entries.push(entry(value, remaining).ok_or_else(unreadable)?);
    }
    Ok(RemoteRead { table, entries })
}

/// Reads what the `claim` script gave.
pub(crate) fn claimed(reply: Value, belief: Belief<'_>) -> Result<Claimed, RemoteError> {
    let mut parts = parts(reply)?;
    let table = table(parts.next().ok_or_else(misdirected)?, belief)?;
    let what = parts.next().ok_or_else(unreadable)?;
    let lease = match (text(&what), parts.next(), parts.next()) {
        (Some("another"), Some(value), Some(remaining)) => {
            let entry = entry(value, remaining).flatten();
            Lease::Another(entry.ok_or_else(unreadable)?)
        }
        (Some("held"), Some(Value::Int(millis)), None) => {
            let millis = u64::try_from(millis).unwrap_or(0);
            Lease::Held(Duration::from_millis(millis))
        }
        (Some("taken"), None, None) => Lease::Taken,
        _ => return Err(unreadable()),
    };
    Ok(Claimed { table, lease })
}

/// Reads a table's fields.
pub(crate) fn table(reply: Value, belief: Belief<'_>) -> Result<RemoteTable, RemoteError> {
    let Value::Array(flat) = reply else {
        return Err(misdirected());
    };
    let mut pairs = flat.chunks_exact(2);
    let ticket = pairs.find(|pair| text(&pair[0]) == Some("_for"));
    if ticket.and_then(|pair| text(&pair[1])) != Some(belief.ticket) {
        return Err(misdirected());
    }
    let texts = flat
        .iter()
        .map(text)
        .collect::<Option<Vec<_>>>()
        .ok_or_else(unreadable)?;
    let fields = texts.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    let field = |name| {
        let mut found = fields.clone().filter(|(field, _)| *field == name);
        found.next().map(|(_, value)| value)
    };
    let micros = |name| field(name).and_then(|text: &str| text.parse::<u64>().ok());
    let invalidated_ago = micros("_now")
        .zip(micros("_at"))
        .map(|(now, at)| Duration::from_micros(now.saturating_sub(at)));
    let history = field("_h").and_then(history).ok_or_else(unreadable)?;
    if !(belief.heed_epoch)(history.epoch) {
        return Err(RemoteError::new(RemoteErrorKind::Refused));
    }
    Ok(RemoteTable {
        history: history.server,
        made: field("_made").map(|why| match why {
            "history" => Made::OtherHistory,
            "missing" => Made::Missing,
            _ => Made::Unreadable,
        }),
        invalidated_ago,
        table: Table::from_fields(fields.clone())
            .map_err(|error| unreadable().with_source(error))?
            .into(),
    })
}

/// Reads a reply that is one value.
pub(crate) fn one(reply: Value, belief: Belief<'_>) -> Result<Value, RemoteError> {
    let mut parts = parts(reply)?;
    match (parts.next(), parts.next()) {
        (Some(ticket), Some(what)) if text(&ticket) == Some(belief.ticket) => Ok(what),
        _ => Err(misdirected()),
    }
}

/// Reads a reply that is a history.
pub(crate) fn epoch(reply: Value, belief: Belief<'_>) -> Result<(), RemoteError> {
    let what = one(reply, belief)?;
    let history = text(&what).and_then(history).ok_or_else(unreadable)?;
    if (belief.heed_epoch)(history.epoch) {
        Ok(())
    } else {
        Err(RemoteError::new(RemoteErrorKind::Refused))
    }
}

/// Every script answers with an array: anything else was meant for somebody else.
fn parts(reply: Value) -> Result<std::vec::IntoIter<Value>, RemoteError> {
    match reply {
        Value::Array(parts) => Ok(parts.into_iter()),
        _ => Err(misdirected()),
    }
}

fn misdirected() -> RemoteError {
    RemoteError::new(RemoteErrorKind::Misdirected)
}

fn unreadable() -> RemoteError {
    RemoteError::new(RemoteErrorKind::Unreadable)
}

/// What a table is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DatabaseHistory {
    pub(crate) server: History,
    /// When the database's epoch began, in µs.
    pub(crate) epoch: u64,
}

/// Reads a history as the scripts write it: the server's, and the epoch.
pub(crate) fn history(text: &str) -> Option<DatabaseHistory> {
    let (server, epoch) = text.split_once('/')?;
    let (began, _random) = epoch.split_once('-')?;
    Some(DatabaseHistory {
        server: server_history(server),
        epoch: began.parse().ok()?,
    })
}

pub(crate) fn server_history(id: &str) -> History {
    let mut hasher = DefaultHasher::new();
    hasher.write(id.as_bytes());
    // 0 means none.
    History(hasher.finish().max(1))
}

pub(crate) fn entry(value: Value, remaining: Value) -> Option<Option<RemoteEntry>> {
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

pub(crate) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
