use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use redis::Value;
use tenantcache::random_incarnation;
use tenantcache::remote::{
    Fill, Health, Remote, RemoteError, RemoteErrorKind, RemoteRead, RemoteUsage,
};
use tenantcache_core::{Key, Records, Scope, StoredEntry, Table, TenantId};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::options::RedisOptions;
use crate::reply;
use crate::supervisor::{self, Shared};

/// The most keys in a tenant's index.
const INDEX_KEYS_MAX: usize = 1_000;

/// Redis as a remote tier. Its connection ends when it is dropped.
pub struct RedisTier {
    shared: Arc<Shared>,
    supervisor: AbortHandle,
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
        Self { shared, supervisor }
    }

    /// Waits until the first attempt to connect has ended, well or not: at most the connect time-out.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if it is dropped.
    pub async fn ready(&self) {
        let mut attempted = self.shared.attempted.subscribe();
        let _supervisor_gone = attempted.wait_for(|attempted| *attempted).await;
    }

    async fn run(&self, invocation: &redis::ScriptInvocation<'_>) -> Result<Value, RemoteError> {
        let mut connection = self.shared.connection()?;
        self.shared
            .within_budget(invocation.invoke_async(&mut connection))
            .await
    }

    fn table_ttl_ms(&self) -> u64 {
        u64::try_from(self.shared.options.table_ttl.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Remote for RedisTier {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<RemoteRead, RemoteError>> {
        Box::pin(async move {
            let mut script = self.shared.scripts.read.key(table_key(tenant.as_str()));
            keys.iter().for_each(|key| {
                script.key(key.as_str());
            });
            script
                .arg(random_incarnation().to_string())
                .arg(self.table_ttl_ms());
            reply::read(self.run(&script).await?, keys.len())
        })
    }

    fn fill<'a>(&'a self, entry: &'a StoredEntry) -> BoxFuture<'a, Result<Fill, RemoteError>> {
        Box::pin(async move {
            let refused = || RemoteError::new(RemoteErrorKind::Refused);
            let value = entry.encode().ok_or_else(refused)?;
            let hard_ms = u64::try_from(entry.lifetime.hard.as_millis()).unwrap_or(u64::MAX);
            let key = &entry.key;
            let mut script = self.shared.scripts.fill.key(table_key(key.tenant()));
            script.key(key.as_str()).key(index_key(key.tenant()));
            script
                .arg(random_incarnation().to_string())
                .arg(self.table_ttl_ms())
                .arg(entry.stamp.incarnation.to_string())
                .arg(entry.stamp.generation.get())
                .arg(hard_ms.max(1))
                .arg(value.as_ref())
                .arg(INDEX_KEYS_MAX)
                .arg(key.endpoint())
                .arg(u8::from(entry.tags.known().is_none()))
                .arg(format!("e:{}", key.endpoint()))
                .arg(format!("k:{key}"));
            for tag in entry.tags.known().unwrap_or_default() {
                script.arg(Scope::Tag(tag.clone()).field());
            }
            match self.run(&script).await? {
                Value::Int(1) => Ok(Fill::Stored),
                Value::Int(0) => Ok(Fill::Refused),
                _ => Err(RemoteError::new(RemoteErrorKind::Unreadable)),
            }
        })
    }

    fn invalidate<'a>(
        &'a self,
        tenant: &'a TenantId,
        scopes: &'a [Scope],
    ) -> BoxFuture<'a, Result<Table, RemoteError>> {
        Box::pin(async move {
            let mut script = self
                .shared
                .scripts
                .invalidate
                .key(table_key(tenant.as_str()));
            script
                .arg(random_incarnation().to_string())
                .arg(self.table_ttl_ms())
                .arg(Records::COUNT_MAX)
                .arg(Records::PREFIXES_MAX);
            for scope in scopes {
                script.arg(scope.field());
            }
            reply::table(self.run(&script).await?)
        })
    }

    fn recent<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<Vec<Key>, RemoteError>> {
        Box::pin(async move {
            let mut connection = self.shared.connection()?;
            let mut command = redis::cmd("ZREVRANGE");
            command
                .arg(index_key(tenant.as_str()))
                .arg(0)
                .arg(INDEX_KEYS_MAX - 1);
            let query = command.query_async::<Vec<String>>(&mut connection);
            let texts = self.shared.within_budget(query).await?;
            Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
        })
    }

    fn usage(&self) -> Option<RemoteUsage> {
        *self.shared.usage.lock()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.shared.health.subscribe()
    }
}

impl Drop for RedisTier {
    fn drop(&mut self) {
        self.supervisor.abort();
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

/// The client takes the process's default provider, and panics where there is none and the build has several.
fn install_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _another_was_faster = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

fn table_key(tenant: &str) -> String {
    format!("tenantcache:table:{tenant}")
}

fn index_key(tenant: &str) -> String {
    format!("tenantcache:index:{tenant}")
}
