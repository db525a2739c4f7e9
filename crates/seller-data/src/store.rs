//! The store: connections to SQLite or PostgreSQL behind one handle.

use std::{fmt, path::Path, sync::Once, time::Duration};

use alarms::Thresholds;
use sqlx::{
    Any, AnyConnection, AnyPool, Connection as _, Executor, Transaction, any::AnyPoolOptions,
};

use crate::{
    error::{Error, ErrorKind},
    migrations,
    outbox::{Outbox, Signal},
};

/// How long to wait for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Readers of one SQLite file; further reads queue.
const SQLITE_READERS: u32 = 4;

/// Connections to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 10;

/// Per connection: wait for locks, check references, keep the last commits safe from a crash of
/// the process (not of the machine), which WAL with NORMAL does.
const SQLITE_SETUP: &str = "PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON; \
     PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536";

/// Sellers' data in a relational database. A cheap handle: clone it freely.
///
/// Reads run side by side. Writes are one transaction each; on SQLite they take turns on a single
/// connection and begin with `BEGIN IMMEDIATE`, so that none fails on a lock it could have waited
/// for.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    reader: AnyPool,
    writer: AnyPool,
    /// Whom writes tell of their events; without it they write none.
    signal: Option<Signal>,
    alert_thresholds: Thresholds,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Engine {
    Postgres,
    Sqlite,
}

impl Store {
    /// Opens the store at `url` and brings its schema up to date, which takes minutes once for
    /// millions of order lines from before there were sums of them.
    ///
    /// `sqlite://path` is relative to the working directory, `sqlite:///path` absolute; a missing
    /// file is created, a missing folder is not. `sqlite::memory:` lives as long as the handle.
    /// `postgres://…` takes the options of libpq's URLs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidParameter`] for another URL, [`ErrorKind::Unavailable`] when the
    /// database cannot be opened, [`ErrorKind::Corrupt`] when its schema is not this crate's.
    pub async fn open(url: &str) -> Result<Self, Error> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let store = if url.starts_with("sqlite:") {
            Self::open_sqlite(url).await?
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            probe(url, "SELECT 1").await?;
            let pool = AnyPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect(url)
                .await
                .map_err(cannot_open)?;
            Self {
                engine: Engine::Postgres,
                reader: pool.clone(),
                writer: pool,
                signal: None,
                alert_thresholds: Thresholds::default(),
            }
        } else {
            return Err(Error::invalid("url", "expected sqlite://… or postgres://…"));
        };
        migrations::run(&store.writer, store.engine).await?;
        Ok(store)
    }

    async fn open_sqlite(url: &str) -> Result<Self, Error> {
        let in_memory = url.contains(":memory:") || url.contains("mode=memory");
        let url = if in_memory || url.contains("mode=") {
            url.to_owned()
        } else {
            format!("{url}{}mode=rwc", if url.contains('?') { '&' } else { '?' })
        };
        if let Some(folder) = missing_folder(&url) {
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!("failed to open the database: no folder \"{folder}\""),
            ));
        }
        if !in_memory {
            probe(&url, "PRAGMA schema_version").await?;
        }
        let writer = sqlite_pool(1).connect(&url).await.map_err(cannot_open)?;
        if in_memory {
            // Each connection to `:memory:` would be a database of its own.
            return Ok(Self {
                engine: Engine::Sqlite,
                reader: writer.clone(),
                writer,
                signal: None,
                alert_thresholds: Thresholds::default(),
            });
        }
        writer
            .execute("PRAGMA journal_mode = WAL")
            .await
            .map_err(cannot_open)?;
        let reader = sqlite_pool(SQLITE_READERS)
            .connect(&url)
            .await
            .map_err(cannot_open)?;
        Ok(Self {
            engine: Engine::Sqlite,
            reader,
            writer,
            signal: None,
            alert_thresholds: Thresholds::default(),
        })
    }

    /// Lets every change that is made through the returned handle and its clones be told in the
    /// [`outbox`](Self::outbox), in the same transaction: orders, product edits, reviews and price
    /// observations, and once each batch of an [import](crate::import::import). The demo shops are told
    /// nowhere. Default: no events are written.
    #[must_use]
    pub fn with_outbox(mut self) -> Self {
        self.signal = Some(Signal::default());
        self
    }

    /// Has [`alerts`](Self::alerts) told from these thresholds on, through the returned handle and its clones. Default:
    /// [`Thresholds::default`].
    #[must_use]
    pub fn with_alert_thresholds(mut self, thresholds: Thresholds) -> Self {
        self.alert_thresholds = thresholds;
        self
    }

    /// The events that wait to be sent.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        Outbox::new(self.clone())
    }

    /// Closes every connection, after the statements that run; later calls fail.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    /// Whether the store holds no shop at all.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] when the database does not answer.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        let row: Option<(String,)> = sqlx::query_as("SELECT tenant FROM shops LIMIT 1")
            .fetch_optional(&self.reader)
            .await?;
        Ok(row.is_none())
    }

    /// The tenants that have a shop, in byte order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] when the database does not answer.
    pub async fn tenants(&self) -> Result<Vec<String>, Error> {
        let rows: Vec<(String,)> = sqlx::query_as("SELECT tenant FROM shops")
            .fetch_all(&self.reader)
            .await?;
        let mut tenants: Vec<String> = rows.into_iter().map(|(tenant,)| tenant).collect();
        tenants.sort_unstable();
        Ok(tenants)
    }

    pub(crate) fn reader(&self) -> &AnyPool {
        &self.reader
    }

    pub(crate) fn alert_thresholds(&self) -> &Thresholds {
        &self.alert_thresholds
    }

    pub(crate) fn signal(&self) -> Option<&Signal> {
        self.signal.as_ref()
    }

    /// Begins a transaction that reads, and sees one state of the data to its end.
    pub(crate) async fn begin_read(&self) -> Result<Transaction<'static, Any>, Error> {
        let statement = match self.engine {
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            Engine::Sqlite => "BEGIN",
        };
        begin(self.reader.clone(), statement).await
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin_write(&self) -> Result<Transaction<'static, Any>, Error> {
        let statement = match self.engine {
            Engine::Postgres => "BEGIN",
            Engine::Sqlite => "BEGIN IMMEDIATE",
        };
        begin(self.writer.clone(), statement).await
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The pools would print the URL, which may hold a password.
        f.debug_struct("Store")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

/// Begins in a task of its own, which a caller that goes away does not end: the driver for PostgreSQL
/// would give a connection whose `BEGIN` was sent but not yet answered back to the pool, in a
/// transaction that the next user does not know of.
async fn begin(pool: AnyPool, statement: &'static str) -> Result<Transaction<'static, Any>, Error> {
    let begun = tokio::spawn(async move { pool.begin_with(statement).await });
    Ok(begun.await??)
}

fn sqlite_pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(SQLITE_SETUP).await?;
                Ok(())
            })
        })
}

/// Connects once without a pool, which would try again and again and hide the cause.
async fn probe(url: &str, sql: &'static str) -> Result<(), Error> {
    let attempt = async {
        let mut connection = AnyConnection::connect(url).await?;
        connection.execute(sql).await?;
        connection.close().await
    };
    let timed_out = |_| {
        Error::new(
            ErrorKind::Unavailable,
            "failed to open the database in time",
        )
    };
    tokio::time::timeout(ACQUIRE_TIMEOUT, attempt)
        .await
        .map_err(timed_out)?
        .map_err(cannot_open)
}

/// The folder of a SQLite URL's file, if it does not exist.
fn missing_folder(url: &str) -> Option<String> {
    let rest = url.strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest).split('?').next()?;
    let folder = Path::new(path).parent()?;
    let is_missing = !path.contains('%') && !folder.as_os_str().is_empty() && !folder.exists();
    is_missing.then(|| folder.display().to_string())
}

fn cannot_open(error: sqlx::Error) -> Error {
    if matches!(error, sqlx::Error::Configuration(_)) {
        return Error::invalid("url", "not a URL of a database");
    }
    Error::with_source(ErrorKind::Unavailable, "failed to open the database", error)
}
