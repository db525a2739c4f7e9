use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::BoxFuture;
use redis::{Script, ScriptInvocation, Value};
use tenantcache::remote::{
    Claim, Claimed, Durability, Fill, Health, LeaseToken, Notice, Remote, RemoteError,
    RemoteErrorKind, RemoteInvalidated, RemoteRead, RemoteTable, RemoteUsage,
};
use tenantcache_core::{Key, Records, Scope, StoredEntry, Table, Tag, TenantId};
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use crate::cryptography::install_cryptography;
use crate::options::RedisOptions;
use crate::reply::Belief;
use crate::shared::{Call, Shared};
use crate::supervisor;
use crate::together::{self, Found};
use crate::traced::traced;
use crate::tracking::{self, TABLE_PREFIX};
use crate::{connect, reply};

/// The largest entry that is stored or read, in bytes, its header included. `table.lua` has it, too.
const ENTRY_BYTES_MAX: usize = 32 << 20;
/// What `fill.lua` adds to an entry, in bytes.
const ENTRY_BYTES_ADDED: usize = 12;
/// The most keys in a tenant's index.
const INDEX_KEYS_MAX: usize = 1_000;

/// Redis as a remote tier. Its connections end when it is dropped.
pub struct RedisTier {
    shared: Arc<Shared>,
    tasks: [AbortHandle; 2],
}

impl RedisTier {
    /// Starts to connect, in a task on the current Tokio runtime, and goes on until dropped. An absent server is fine.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    #[must_use]
    pub fn start(options: RedisOptions) -> Self {
        if options.is_tls() {
            install_cryptography();
        }
        let shared = Arc::new(Shared::new(options));
        let supervisor = tokio::spawn(supervisor::run(Arc::clone(&shared))).abort_handle();
        let tracking = tokio::spawn(tracking::run(Arc::clone(&shared))).abort_handle();
        Self {
            shared,
            tasks: [supervisor, tracking],
        }
    }

    /// Waits until the first attempt to connect has ended, well or not: at most the connect time-out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if it is dropped.
    pub async fn ready(&self) {
        let mut attempted = self.shared.attempted.subscribe();
        let attempted = attempted.wait_for(|attempted| *attempted);
        let budget = self.shared.options.connect_timeout;
        let _later = tokio::time::timeout(budget, attempted).await;
    }

    async fn run<T>(
        &self,
        call: &Call<'_>,
        read: impl FnOnce(Value, Belief<'_>) -> Result<T, RemoteError>,
    ) -> Result<T, RemoteError> {
        let link = self.shared.link()?;
        let mut connection = link.connection.clone();
        self.shared.run(&link, call, &mut connection, read).await
    }

    fn call<'a>(&self, script: &'a Script, tenant: &str) -> Call<'a> {
        self.shared
            .call(script, table_key(tenant), &known_key(tenant))
    }

    /// Invalidates on a connection of its own, since the wait for replicas holds up whatever is sent after it.
    async fn invalidate_replicated(
        &self,
        call: &Call<'_>,
    ) -> Result<RemoteInvalidated, RemoteError> {
        let down = || RemoteError::new(RemoteErrorKind::Down);
        let link = self.shared.link()?;
        let budget = self.shared.options.command_timeout;
        // One waits for replicas at a time. Those who do not get their turn are not told of any.
        let Ok(mut held) = tokio::time::timeout(budget, self.shared.waiting.lock()).await else {
            return Ok(RemoteInvalidated {
                table: self.run(call, reply::table).await?,
                replicated: false,
            });
        };
        if held.is_none() {
            let connect = connect::plain(&self.shared.options);
            *held = Some(self.shared.within_budget(&link, connect).await?);
        }
        let mut connection = held.take().ok_or_else(down)?;
        let applied = self.shared.run(&link, call, &mut connection, reply::table);
        let table = applied.await?;
        let mut wait = redis::cmd("WAIT");
        wait.arg(1)
            .arg(u64::try_from(budget.as_millis()).unwrap_or(u64::MAX));
        let replicas = tokio::time::timeout(2 * budget, wait.query_async::<u64>(&mut connection));
        let replicas = match replicas.await {
            Ok(Ok(replicas)) => {
                *held = Some(connection);
                replicas
            }
            Ok(Err(_)) | Err(_) => 0,
        };
        Ok(RemoteInvalidated {
            table,
            replicated: replicas > 0,
        })
    }
}

impl Remote for RedisTier {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<RemoteRead, RemoteError>> {
        traced("redis read", async move {
            let mut call = self.call(&self.shared.scripts.read, tenant.as_str());
            keys.iter().for_each(|key| {
                call.key(key.as_str());
            });
            self.run(&call, |reply, belief| {
                reply::read(reply, keys.len(), belief)
            })
            .await
        })
    }

    fn read_known<'a>(
        &'a self,
        tenant: &'a TenantId,
        keys: &'a [Key],
        known: &'a Arc<Table>,
    ) -> BoxFuture<'a, Result<RemoteRead, RemoteError>> {
        traced("redis read", async move {
            let link = self.shared.link()?;
            let read = together::read(&self.shared, &link, tenant, keys, known.stamp()).await;
            match self.shared.judge(&link, read)? {
                Found::Known(history, entries) => Ok(RemoteRead {
                    table: RemoteTable {
                        table: Arc::clone(known),
                        history,
                        made: None,
                        invalidated_ago: None,
                    },
                    entries,
                }),
                Found::Otherwise => self.read(tenant, keys).await,
                Found::Misdirected => {
                    self.shared.misdirected(&link);
                    Err(RemoteError::new(RemoteErrorKind::Misdirected))
                }
            }
        })
    }

    fn claim<'a>(&'a self, claim: Claim<'a>) -> BoxFuture<'a, Result<Claimed, RemoteError>> {
        traced("redis claim", async move {
            let key = claim.key;
            let lease_ttl = u64::try_from(claim.lease_ttl.as_millis()).unwrap_or(u64::MAX);
            let mut call = self.call(&self.shared.scripts.claim, key.tenant());
            call.key(key.as_str()).key(lease_key(key));
            call.arg(claim.seen)
                .arg(lease_name(claim.lease))
                .arg(lease_ttl.max(1))
                .arg(u8::from(claim.force))
                .arg(key.endpoint());
            covering(&mut call, key, claim.tags);
            self.run(&call, reply::claimed).await
        })
    }

    fn fill<'a>(
        &'a self,
        entry: &'a StoredEntry,
        lease: Option<LeaseToken>,
    ) -> BoxFuture<'a, Result<Fill, RemoteError>> {
        traced("redis fill", async move {
            let refused = || RemoteError::new(RemoteErrorKind::Refused);
            let value = entry.encode().ok_or_else(refused)?;
            if value.len() + ENTRY_BYTES_ADDED > ENTRY_BYTES_MAX {
                return Err(refused());
            }
            let hard_ms = u64::try_from(entry.lifetime.hard.as_millis()).unwrap_or(u64::MAX);
            let key = &entry.key;
            let mut call = self.call(&self.shared.scripts.fill, key.tenant());
            call.key(key.as_str())
                .key(index_key(key.tenant()))
                .key(lease_key(key));
            call.arg(entry.stamp.incarnation.to_string())
                .arg(entry.stamp.generation.get())
                .arg(hard_ms.max(1))
                .arg(value.as_ref())
                .arg(INDEX_KEYS_MAX)
                .arg(key.endpoint())
                .arg(u8::from(entry.tags.known().is_none()))
                .arg(lease.map_or(String::new(), lease_name));
            covering(&mut call, key, entry.tags.known().unwrap_or_default());
            match self.run(&call, reply::one).await? {
                Value::Int(1) => {
                    self.shared.written();
                    Ok(Fill::Stored)
                }
                Value::Int(0) => Ok(Fill::Refused),
                _ => Err(RemoteError::new(RemoteErrorKind::Unreadable)),
            }
        })
    }

    fn release<'a>(
        &'a self,
        key: &'a Key,
        lease: LeaseToken,
    ) -> BoxFuture<'a, Result<(), RemoteError>> {
        traced("redis release", async move {
            let mut call = self.shared.scripts.release.key(lease_key(key));
            call.arg(lease_name(lease));
            let link = self.shared.link()?;
            let mut connection = link.connection.clone();
            let released = call.invoke_async::<Value>(&mut connection);
            self.shared.within_budget(&link, released).await.map(drop)
        })
    }

    fn invalidate<'a>(
        &'a self,
        tenant: &'a TenantId,
        scopes: &'a [Scope],
        durability: Durability,
    ) -> BoxFuture<'a, Result<RemoteInvalidated, RemoteError>> {
        traced("redis invalidate", async move {
            let mut call = self.call(&self.shared.scripts.invalidate, tenant.as_str());
            call.arg(Records::COUNT_MAX).arg(Records::PREFIXES_MAX);
            for scope in scopes {
                call.arg(scope.field());
            }
            match durability {
                Durability::Applied => Ok(RemoteInvalidated {
                    table: self.run(&call, reply::table).await?,
                    replicated: false,
                }),
                Durability::Replicated => self.invalidate_replicated(&call).await,
            }
        })
    }

    fn invalidate_everything(&self) -> BoxFuture<'_, Result<(), RemoteError>> {
        Box::pin(async move {
            let link = self.shared.link()?;
            self.shared.read_epoch(&link, true).await
        })
    }

    fn recent<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<Vec<Key>, RemoteError>> {
        Box::pin(async move {
            let link = self.shared.link()?;
            let mut connection = link.connection.clone();
            let mut command = redis::cmd("ZREVRANGE");
            command
                .arg(index_key(tenant.as_str()))
                .arg(0)
                .arg(INDEX_KEYS_MAX - 1);
            let query = command.query_async::<Vec<String>>(&mut connection);
            let texts = self.shared.within_budget(&link, query).await?;
            Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
        })
    }

    fn usage(&self) -> Option<RemoteUsage> {
        *self.shared.usage.lock()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.shared.health.subscribe()
    }

    fn is_usable(&self) -> bool {
        self.shared.is_usable.load(Ordering::SeqCst)
    }

    fn notices(&self) -> broadcast::Receiver<Notice> {
        self.shared.notices.subscribe()
    }

    fn is_notifying(&self) -> bool {
        self.shared.tracking.load(Ordering::Relaxed)
    }
}

impl Drop for RedisTier {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl fmt::Debug for RedisTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTier")
            .field("options", &self.shared.options)
            .field("health", &*self.shared.health.borrow())
            .finish_non_exhaustive()
    }
}

/// The fields of the scopes that cover an entry, but for prefixes and the tenant.
fn covering(call: &mut ScriptInvocation<'_>, key: &Key, tags: &[Tag]) {
    call.arg(format!("e:{}", key.endpoint()))
        .arg(format!("k:{key}"));
    for tag in tags {
        call.arg(Scope::Tag(tag.clone()).field());
    }
}

pub(crate) fn table_key(tenant: &str) -> String {
    [TABLE_PREFIX, tenant].concat()
}

/// Where stands which table a tenant has, for those who know it already.
pub(crate) fn known_key(tenant: &str) -> String {
    ["tenantcache:known:", tenant].concat()
}

fn index_key(tenant: &str) -> String {
    format!("tenantcache:index:{tenant}")
}

fn lease_key(key: &Key) -> String {
    format!("tenantcache:lease:{key}")
}

fn lease_name(lease: LeaseToken) -> String {
    format!("{:016x}{:016x}", lease.node, lease.number)
}
