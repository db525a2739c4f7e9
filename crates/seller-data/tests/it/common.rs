//! Stores for tests, and little shops to put into them.

use std::{io::Write as _, ops::Deref, path::PathBuf, sync::Once};

use seller_data::{
    Error, Store,
    import::{Options, Summary, online_retail},
};
use sqlx::{
    AssertSqlSafe, Executor as _, SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};
use tempfile::TempDir;

/// Names a PostgreSQL server for the tests; without it they run on SQLite alone.
const POSTGRES: &str = "SELLER_DATA_TEST_POSTGRES";

pub(crate) const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

/// A store of its own, removed in the end.
pub(crate) struct TestStore {
    store: Store,
    pub(crate) folder: TempDir,
    schema: Option<(String, String)>,
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestStore {
    pub(crate) async fn sqlite() -> Self {
        Self::sqlite_from(None).await
    }

    async fn sqlite_from(old: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("shop.db").display());
        if let Some(sql) = old {
            make_old(&format!("{url}?mode=rwc"), sql).await;
        }
        Self {
            store: Store::open(&url).await.unwrap(),
            folder,
            schema: None,
        }
    }

    async fn postgres_from(url: &str, old: Option<&str>) -> Self {
        let name = format!(
            "seller_data_{}_{:016x}",
            std::process::id(),
            fastrand::u64(..)
        );
        administer(url, &format!("CREATE SCHEMA {name}")).await;
        if let Some(sql) = old {
            make_old(&own_url(url, &name), sql).await;
        }
        let store = Store::open(&own_url(url, &name)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self {
            store,
            folder,
            schema: Some((url.to_owned(), name)),
        }
    }

    /// Runs a statement that the store itself never would.
    pub(crate) async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap();
    }

    pub(crate) async fn try_execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        let url = match &self.schema {
            Some((url, name)) => own_url(url, name),
            None => format!("sqlite://{}", self.folder.path().join("shop.db").display()),
        };
        try_administer(&url, sql).await
    }

    /// Closes the store and removes what it left on a server.
    pub(crate) async fn finish(self) {
        self.store.close().await;
        if let Some((url, name)) = &self.schema {
            administer(url, &format!("DROP SCHEMA {name} CASCADE")).await;
        }
    }

    pub(crate) fn file(&self, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self
            .folder
            .path()
            .join(format!("{:016x}.csv", fastrand::u64(..)));
        std::fs::File::create(&path)
            .unwrap()
            .write_all(content.as_ref())
            .unwrap();
        path
    }

    pub(crate) async fn try_import(
        &self,
        tenant: &str,
        content: impl AsRef<[u8]>,
    ) -> Result<Summary, Error> {
        let file = self.file(content);
        online_retail(&self.store, &file, &Options::new(tenant), &mut |_| {}).await
    }

    /// Imports rows without their header.
    pub(crate) async fn import(&self, tenant: &str, rows: &str) -> Summary {
        let summary = self
            .try_import(tenant, format!("{HEADER}{rows}"))
            .await
            .unwrap();
        assert_eq!(summary.bad, [], "{summary:?}");
        summary
    }
}

/// One store per engine at hand.
pub(crate) async fn stores() -> Vec<TestStore> {
    stores_from(None).await
}

/// Stores that were made with the first two versions of the schema, filled by a statement, and then opened.
pub(crate) async fn old_stores(sql: &str) -> Vec<TestStore> {
    stores_from(Some(sql)).await
}

async fn stores_from(old: Option<&str>) -> Vec<TestStore> {
    let mut stores = vec![TestStore::sqlite_from(old).await];
    match std::env::var(POSTGRES) {
        Ok(url) if !url.is_empty() => stores.push(TestStore::postgres_from(&url, old).await),
        _ => skipped(),
    }
    stores
}

/// The URL with a schema in which everything is found and made.
fn own_url(url: &str, schema: &str) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}options=-csearch_path%3D{schema}")
}

async fn administer(url: &str, sql: &str) {
    try_administer(url, sql).await.unwrap();
}

async fn try_administer(url: &str, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(url).await?;
    let done = pool.execute(AssertSqlSafe(sql.to_owned())).await;
    pool.close().await;
    done.map(drop)
}

async fn make_old(url: &str, sql: &str) {
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(url).await.unwrap();
    let versions = [
        (1, include_str!("../../migrations/0001_shops.sql")),
        (2, include_str!("../../migrations/0002_outbox.sql")),
    ];
    let versions = versions.map(|(version, sql)| {
        let kind = MigrationType::Simple;
        Migration::new(version, "old".into(), kind, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(versions.into())
        .run(&pool)
        .await
        .unwrap();
    pool.close().await;
    administer(url, sql).await;
}

fn skipped() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let line = format!("skipped: PostgreSQL, as {POSTGRES} is not set\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    });
}
