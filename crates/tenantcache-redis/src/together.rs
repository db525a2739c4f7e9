//! Reads that are wanted at the same moment go to Redis together: their entries, then one transaction about their tables.
//!
//! A script costs the server many times what it reads. So a caller who knows a table asks only whether it is still that
//! one. Beside each table the scripts keep a text of its incarnation, generation and history. The transaction reads those of all
//! tables that are asked about, and the database's epoch, with one command; sees with another that all the tables are
//! there, which also keeps the server from evicting them before their entries; and reads what `INFO` says of the server, and the
//! server's time, since an entry says until when it is kept. A generation is never given twice within an
//! incarnation, so if all of that is as the caller knows it, so is the rest of the table. Whatever else is found, or is in any
//! way unusual, is for the `read` script.
//!
//! **The transaction is of one moment; the entries are not in it.** An entry is valid by its stamp and a table, whenever its bytes
//! were read: its load began when the stamp says, and the table has all that was invalidated since. All that is needed of the table is
//! that it was the current one after the read was asked for, and that is what the transaction shows. What may happen between an entry
//! and the transaction changes nothing in this:
//!
//! - *An invalidation*, an eviction or a deletion of the table, `FLUSHALL`: the table is not the known one, and the script reads anew.
//! - *Another server, role or database* (failover, restart, `SWAPDB`): an incarnation is made under one history and is never made again, so an
//!   entry of another has another one, and is refused; one of the same was loaded under the known table, wherever its bytes lay.
//! - *A fill, a `RESTORE`, an expiry*: the entry is one that is or was there. A stamp of after the known table is refused; the time is read
//!   after the entry, so it is never thought to be kept for longer than it is.
//! - *Replies that are mixed up*: an entry names its key, and the transaction carries a random number of its own.
//!
//! The model in `coherence-model` reads an entry and its table so, at two moments with anything between them.
//!
//! So each entry's reply is read as it comes, and none has to be held until the last one is there. What costs the server is not the bytes but the
//! commands, those in a transaction above all. Nothing is waited for to fill it: it takes what tasks that are ready to run ask for
//! before it has its turn.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::fast::RandomState;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, Value};
use tenantcache::remote::{History, RemoteEntry};
use tenantcache_core::{Key, Stamp, TenantId};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use self::seen::Seen;
use crate::cause;
use crate::link::Link;
use crate::shared::{EPOCH_KEY, Shared};
use crate::tier::{known_key, table_key};

mod seen;

/// The most reads in one transaction, during which the server serves nobody else.
const READS_MAX: usize = 64;
/// Entries from this size on are left to the script, which asks how large they are before it reads them.
const ENTRY_BYTES_MAX: usize = 1 << 20;

/// The reads of one link that have not been sent yet.
#[derive(Debug, Default)]
pub(crate) struct Together {
    /// Whether the server lets this user run such a transaction.
    allowed: AtomicBool,
    gathered: Mutex<Vec<Wish>>,
}

/// A read of one tenant's entries, by somebody who knows its table.
#[derive(Debug)]
struct Wish {
    tenant: TenantId,
    keys: Vec<Key>,
    known: Stamp,
    answer: oneshot::Sender<Ended>,
}

/// How a read ended, or by when it had not.
type Ended = Result<Result<Found, RedisError>, Instant>;

/// What a read found.
#[derive(Debug)]
pub(crate) enum Found {
    /// The table is the one that was known, of this history. One entry for each key.
    Known(History, Vec<Option<RemoteEntry>>),
    /// Something else: the script will say what.
    Otherwise,
    /// The reply was meant for another request.
    Misdirected,
}

impl Together {
    /// Tries such a transaction, and goes by that from now on.
    pub(crate) async fn try_out(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<(), RedisError> {
        let tried = ask(connection, commands("", &[""], &[EPOCH_KEY]), 1).await;
        self.allowed.store(tried.is_ok(), Ordering::Relaxed);
        match tried {
            Err(error) if cause::is_broken(&error) => Err(error),
            Err(error) => {
                tracing::warn!(
                    %error,
                    "Redis refuses a transaction of reads; scripts are used instead, which cost it more"
                );
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }
}

/// Reads entries of a tenant whose table is `known`, together with whatever else is wanted now.
pub(crate) async fn read(
    shared: &Arc<Shared>,
    link: &Arc<Link>,
    tenant: &TenantId,
    keys: &[Key],
    known: Stamp,
) -> Ended {
    let allowed = link.together.allowed.load(Ordering::Relaxed) && !shared.refuses_writes();
    if !allowed || keys.len() > READS_MAX {
        return Ok(Ok(Found::Otherwise));
    }
    let (answer, answered) = oneshot::channel();
    let wish = Wish {
        tenant: tenant.clone(),
        keys: keys.to_vec(),
        known,
        answer,
    };
    let is_first = {
        let mut gathered = link.together.gathered.lock();
        gathered.push(wish);
        gathered.len() == 1
    };
    if is_first {
        tokio::spawn(send_gathered(Arc::clone(shared), Arc::clone(link)));
    }
    // Whoever was to send it is gone with its runtime.
    answered.await.unwrap_or(Ok(Ok(Found::Otherwise)))
}

async fn send_gathered(shared: Arc<Shared>, link: Arc<Link>) {
    // Others that are ready to run may want to read as well.
    tokio::task::yield_now().await;
    let mut gathered = std::mem::take(&mut *link.together.gathered.lock());
    gathered.retain(|wish| !wish.answer.is_closed());
    loop {
        let mut reads = 0;
        let fitting = gathered.iter().take_while(|wish| {
            reads += wish.keys.len().max(1);
            reads <= READS_MAX
        });
        let rest = gathered.split_off(fitting.count());
        let wishes = std::mem::replace(&mut gathered, rest);
        if gathered.is_empty() {
            return send(&shared, &link, wishes).await;
        }
        let (shared, link) = (Arc::clone(&shared), Arc::clone(&link));
        tokio::spawn(async move { send(&shared, &link, wishes).await });
    }
}

async fn send(shared: &Shared, link: &Link, wishes: Vec<Wish>) {
    let ticket = tenantcache::random_incarnation().to_string();
    let tables = Places::new(wishes.iter().map(|wish| wish.tenant.as_str()));
    let entries = Places::new(wishes.iter().flat_map(|wish| &wish.keys).map(Key::as_str));
    let commands = commands(&ticket, &tables.all, &entries.all);
    let (tables_count, entries_count) = (tables.all.len(), entries.all.len());
    let mut connection = link.connection.clone();
    let asked = ask(&mut connection, commands, entries_count);
    let deadline = shared.deadline();
    let found: Vec<Ended> = match timeout_at(deadline, asked).await {
        Ok(Ok((values, looked))) => match Seen::new(values, looked, &ticket, tables_count) {
            Some(seen) => {
                let is_current = seen.epoch().is_some_and(|epoch| shared.heed_epoch(epoch));
                let mut entries_before = 0;
                let found = |(wish, table): (&Wish, &usize)| {
                    let own = entries_before..entries_before + wish.keys.len();
                    entries_before = own.end;
                    let found = seen.find(*table, wish.known, &entries.of[own]);
                    Ok(Ok(found.filter(|_| is_current).unwrap_or(Found::Otherwise)))
                };
                wishes.iter().zip(&tables.of).map(found).collect()
            }
            None => wishes.iter().map(|_| Ok(Ok(Found::Misdirected))).collect(),
        },
        // The script is told the same, and judges the server by it.
        Ok(Err(error)) if !cause::is_broken(&error) => {
            wishes.iter().map(|_| Ok(Ok(Found::Otherwise))).collect()
        }
        Ok(Err(error)) => wishes.iter().map(|_| Ok(Err(error.clone()))).collect(),
        Err(_elapsed) => wishes.iter().map(|_| Err(deadline)).collect(),
    };
    for (wish, found) in wishes.into_iter().zip(found) {
        let _gone = wish.answer.send(found);
    }
}

/// What is sent for these entries and the tables of these tenants. Every command has a reply of its own; the last one is that of
/// the transaction.
fn commands(ticket: &str, tenants: &[&str], keys: &[&str]) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(keys.len() + 7);
    let last = (ENTRY_BYTES_MAX - 1).to_string();
    for key in keys {
        let mut get = Cmd::with_capacity(4, 32 + key.len());
        get.arg("GETRANGE").arg(key).arg("0").arg(&last);
        pipeline.add_command(get);
    }
    pipeline.cmd("MULTI");
    pipeline.cmd("ECHO").arg(ticket);
    pipeline.cmd("INFO").arg("replication");
    pipeline.cmd("TIME");
    pipeline.cmd("MGET").arg(EPOCH_KEY);
    for tenant in tenants {
        pipeline.arg(known_key(tenant));
    }
    pipeline.cmd("TOUCH");
    for tenant in tenants {
        pipeline.arg(table_key(tenant));
    }
    pipeline.cmd("EXEC");
    pipeline
}

/// Sends them, and gives the replies: those of the entries, and of the transaction the one that has all the others in it.
async fn ask(
    connection: &mut MultiplexedConnection,
    commands: Pipeline,
    entries: usize,
) -> Result<(Vec<Value>, Value), RedisError> {
    let mut replies = connection
        .send_packed_commands(&commands, 0, commands.len())
        .await?;
    // An error within it is that of one command alone.
    let tables = match replies.pop().unwrap_or_default() {
        Value::ServerError(error) => return Err(error.into()),
        tables => tables,
    };
    // Those between say no more than that a command was queued.
    replies.truncate(entries);
    Ok((replies, tables))
}

/// Texts, each of which is read once.
struct Places<'a> {
    /// Different ones, in the order in which they first came.
    all: Vec<&'a str>,
    /// Where in `all` each of those that came stands.
    of: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Vec::with_capacity(READS_MAX);
        let mut known = HashMap::with_capacity_and_hasher(READS_MAX, RandomState::default());
        let place = |text| {
            *known.entry(text).or_insert_with(|| {
                all.push(text);
                all.len() - 1
            })
        };
        let of = texts.map(place).collect();
        Self { all, of }
    }
}

#[cfg(test)]
mod tests;
