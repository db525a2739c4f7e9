//! The schema's versions: one set of texts for both engines.

use sqlx::{
    AnyPool, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

use crate::error::{Error, ErrorKind};

/// Every version of the schema, oldest first. A text that was released never changes.
const VERSIONS: [(i64, &str, &str); 3] = [
    (1, "shops", include_str!("../migrations/0001_shops.sql")),
    (2, "outbox", include_str!("../migrations/0002_outbox.sql")),
    (5, "packs", include_str!("../migrations/0005_packs.sql")),
];

/// Brings the schema up to date.
pub(crate) async fn run(pool: &AnyPool) -> Result<(), Error> {
    // The migrations are listed here rather than by `sqlx::migrate!`, whose macro crate would
    // build both drivers a second time.
    let versions = VERSIONS.map(|(version, name, sql)| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
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
