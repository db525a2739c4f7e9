use redis::Value;
use tenantcache::remote::RemoteEntry;
use tenantcache_core::{Incarnation, Stamp};

use super::{ENTRY_BYTES_MAX, Found};
use crate::reply::{self, DatabaseHistory, text};

/// What a transaction saw at one moment.
#[derive(Debug)]
pub(super) struct Seen {
    /// The history that a table must belong to, as tables have it and as it is read. `None` if there is no epoch, or the server is not the
    /// one that writes.
    history: Option<(String, DatabaseHistory)>,
    tables: Vec<Value>,
    /// `None` for what is left to the script.
    entries: Vec<Option<Option<RemoteEntry>>>,
}

impl Seen {
    /// Reads the reply to a transaction that looked at so many tables and entries; `None` if it is not that.
    pub(super) fn new(reply: Value, ticket: &str, tables: usize, entries: usize) -> Option<Self> {
        let Value::Array(parts) = reply else {
            return None;
        };
        if parts.len() != 3 + tables + 2 * entries || text(&parts[0]) != Some(ticket) {
            return None;
        }
        let history = history(&parts[1], &parts[2]);
        let mut parts = parts.into_iter().skip(3);
        let tables = parts.by_ref().take(tables).collect();
        let mut found = Vec::with_capacity(entries);
        while let (Some(value), Some(remaining)) = (parts.next(), parts.next()) {
            found.push(entry(value, remaining));
        }
        Some(Self {
            history,
            tables,
            entries: found,
        })
    }

    /// When the database's epoch began, in µs.
    pub(super) fn epoch(&self) -> Option<u64> {
        self.history.as_ref().map(|(_, history)| history.epoch)
    }

    /// The entries at these places, if all of them can be told and the table at its place is the one that is known.
    pub(super) fn find(
        &self,
        table: usize,
        known: Stamp,
        entries: impl Iterator<Item = usize>,
    ) -> Option<Found> {
        let (of_database, history) = self.history.as_ref()?;
        let Value::Array(fields) = self.tables.get(table)? else {
            return None;
        };
        let [incarnation, generation, of_table] = fields.as_slice() else {
            return None;
        };
        let is_known = text(of_table)? == of_database
            && text(incarnation)?.parse::<Incarnation>().ok()? == known.incarnation
            && text(generation)?.parse::<u64>().ok()? == known.generation.get();
        let entries = entries.map(|at| self.entries.get(at)?.clone());
        let entries = entries.collect::<Option<_>>().filter(|_| is_known)?;
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

fn entry(value: Value, remaining: Value) -> Option<Option<RemoteEntry>> {
    match &value {
        // There is none.
        Value::BulkString(bytes) if bytes.is_empty() => Some(None),
        Value::BulkString(bytes) if bytes.len() >= ENTRY_BYTES_MAX => None,
        _ => reply::entry(value, remaining),
    }
}
