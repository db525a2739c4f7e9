use std::time::Duration;

use redis::Value;
use tenantcache::remote::RemoteEntry;
use tenantcache_core::{Stamp, StoredEntry};

use super::{ENTRY_BYTES_MAX, Found};
use crate::reply::{self, DatabaseHistory, text};

/// What a transaction saw at one moment.
#[derive(Debug)]
pub(super) struct Seen {
    /// The history that a table must belong to, as tables have it and as it is read. `None` if there is no epoch, or the server is not the
    /// one that writes, or some table is missing.
    history: Option<(String, DatabaseHistory)>,
    /// The epoch, then what stands beside each table.
    known: Vec<Value>,
    /// `None` for what is left to the script.
    entries: Vec<Option<Option<RemoteEntry>>>,
}

impl Seen {
    /// Reads entries, and the reply to a transaction that looked at so many tables; `None` if it is not that.
    pub(super) fn new(
        entries: Vec<Value>,
        looked: Value,
        ticket: &str,
        tables: usize,
    ) -> Option<Self> {
        let Value::Array(parts) = looked else {
            return None;
        };
        let parts = <[Value; 5]>::try_from(parts).ok()?;
        let [echo, replication, time, Value::Array(known), touched] = parts else {
            return None;
        };
        if text(&echo) != Some(ticket) || known.len() != 1 + tables {
            return None;
        }
        let all_are_there = touched == Value::Int(i64::try_from(tables).ok()?);
        let history = history(&replication, &known[0]).filter(|_| all_are_there);
        let now = server_time(&time);
        Some(Self {
            history,
            known,
            entries: entries
                .into_iter()
                .map(|value| entry(value, now?))
                .collect(),
        })
    }

    /// When the database's epoch began, in µs.
    pub(super) fn epoch(&self) -> Option<u64> {
        self.history.as_ref().map(|(_, history)| history.epoch)
    }

    /// The entries at these places, if all of them can be told and the table at its place is the one that is known.
    pub(super) fn find(&self, table: usize, known: Stamp, entries: &[usize]) -> Option<Found> {
        let (of_database, history) = self.history.as_ref()?;
        let Stamp {
            incarnation,
            generation,
        } = known;
        let mut parts = text(self.known.get(1 + table)?)?.splitn(3, ' ');
        let is_incarnation = parts.next()?.parse().ok() == Some(incarnation);
        let is_generation = parts.next()?.parse() == Ok(generation.get());
        let is_known = is_incarnation && is_generation && parts.next()? == of_database;
        if !is_known {
            return None;
        }
        let entries = entries.iter().map(|at| self.entries.get(*at)?.clone());
        let entries = entries.collect::<Option<_>>()?;
        Some(Found::Known(history.server, entries))
    }
}

/// The history that the server writes, by what it says of its replication and by the database's epoch.
fn history(replication: &Value, epoch: &Value) -> Option<(String, DatabaseHistory)> {
    let replication = text(replication)?;
    let field = |name: &str| {
        let mut lines = replication.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    if field("role")? != "master" {
        return None;
    }
    let history = format!("{}/{}", field("master_replid")?, text(epoch)?);
    let read = reply::history(&history)?;
    Some((history, read))
}

/// The server's time since 1970, as `TIME` gives it.
fn server_time(reply: &Value) -> Option<Duration> {
    let Value::Array(parts) = reply else {
        return None;
    };
    let [seconds, micros] = parts.as_slice() else {
        return None;
    };
    let number = |part| text(part)?.parse::<u64>().ok();
    Duration::from_secs(number(seconds)?).checked_add(Duration::from_micros(number(micros)?))
}

fn entry(value: Value, now: Duration) -> Option<Option<RemoteEntry>> {
    let Value::BulkString(bytes) = value else {
        return None;
    };
    if bytes.is_empty() {
        return Some(None);
    }
    let is_whole = bytes.len() < ENTRY_BYTES_MAX;
    let expiry = StoredEntry::expiry(&bytes).filter(|_| is_whole)?;
    Some(Some(RemoteEntry {
        bytes: bytes.into(),
        remaining: Some(expiry.saturating_sub(now)),
    }))
}
