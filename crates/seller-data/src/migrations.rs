//! The schema's versions: one set of texts for both engines, but for triggers, which are not alike.

use sqlx::{
    AnyPool, AssertSqlSafe, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

use crate::{
    error::{Error, ErrorKind},
    store::Engine,
};

/// Every version of the schema, oldest first. A text that was released never changes.
const VERSIONS: [(i64, &str, Text); 6] = [
    (
        1,
        "shops",
        same(include_str!("../migrations/0001_shops.sql")),
    ),
    (
        2,
        "outbox",
        same(include_str!("../migrations/0002_outbox.sql")),
    ),
    (3, "rollups", ROLLUPS),
    (
        4,
        "imports",
        same(include_str!("../migrations/0004_imports.sql")),
    ),
    (
        5,
        "packs",
        same(include_str!("../migrations/0005_packs.sql")),
    ),
    (
        6,
        "prices by seller",
        same(include_str!("../migrations/0006_prices_by_seller.sql")),
    ),
];

const ROLLUPS: Text = Text {
    postgres: concat!(
        include_str!("../migrations/0003_rollups.sql"),
        include_str!("../migrations/0003_rollups.postgres.sql"),
        include_str!("../migrations/0003_rollups_fill.sql"),
    ),
    sqlite: concat!(
        include_str!("../migrations/0003_rollups.sql"),
        include_str!("../migrations/0003_rollups.sqlite.sql"),
        include_str!("../migrations/0003_rollups_fill.sql"),
    ),
};

/// Stands behind a table that is kept in the order of its primary key, where the engine can.
const CLUSTERED: &str = "/* CLUSTERED */;";

#[derive(Clone, Copy)]
struct Text {
    postgres: &'static str,
    sqlite: &'static str,
}

const fn same(text: &'static str) -> Text {
    Text {
        postgres: text,
        sqlite: text,
    }
}

impl Text {
    fn of(self, engine: Engine) -> String {
        match engine {
            Engine::Postgres => self.postgres.replace(CLUSTERED, ";"),
            Engine::Sqlite => self.sqlite.replace(CLUSTERED, "WITHOUT ROWID;"),
        }
    }
}

/// Brings the schema up to date.
pub(crate) async fn run(pool: &AnyPool, engine: Engine) -> Result<(), Error> {
    // The migrations are listed here rather than by `sqlx::migrate!`, whose macro crate would
    // build both drivers a second time.
    let versions = VERSIONS.map(|(version, name, text)| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            AssertSqlSafe(text.of(engine)).into_sql_str(),
            false,
        )
    });
    let migrator = Migrator::with_migrations(versions.into());
    if migrator.run(pool).await.is_ok() {
        return Ok(());
    }
    // SQLite has no lock around the whole run: another process may just have made the same change.
    migrator.run(pool).await.map_err(|error| {
        Error::with_source(
            ErrorKind::Corrupt,
            "failed to bring the schema up to date",
            error,
        )
    })
}
