//! How far imports came that were interrupted.
//!
//! A note of it is written in the transaction of each batch, so rows and note are there together or not
//! at all. A file is known by the hash of all its rows: the same rows go on where they were, whatever
//! the file is called now; another file of the same name begins with its first row.

use sqlx::{Any, Transaction};

use super::format::Format;
use crate::{error::Error, store::Store};

/// An import as the store notes it.
pub(super) struct Note<'a> {
    pub(super) tenant: &'a str,
    pub(super) format: Format,
    pub(super) source: &'a str,
    pub(super) digest: (i64, i64),
}

/// What the store knows of an earlier import.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Earlier {
    /// Rows that are done, and how many were new.
    pub(super) done: (u64, u64),
    /// Rows that were done of another file of this name.
    pub(super) of_other: Option<u64>,
}

impl Note<'_> {
    pub(super) async fn find(&self, store: &Store) -> Result<Earlier, Error> {
        let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT rows_done, inserted, digest_high, digest_low FROM imports
             WHERE tenant = $1 AND format = $2
             AND (source = $3 OR (digest_high = $4 AND digest_low = $5))
             ORDER BY rows_done DESC",
        )
        .bind(self.tenant)
        .bind(self.format.as_str())
        .bind(self.source)
        .bind(self.digest.0)
        .bind(self.digest.1)
        .fetch_all(store.reader())
        .await?;
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        let same = rows.iter().find(|row| (row.2, row.3) == self.digest);
        Ok(match same {
            Some(row) => Earlier {
                done: (count(row.0), count(row.1)),
                of_other: None,
            },
            None => Earlier {
                done: (0, 0),
                of_other: rows.first().map(|row| count(row.0)),
            },
        })
    }

    /// Notes in the transaction of a batch how far the import is with it.
    pub(super) async fn set(
        &self,
        db: &mut Transaction<'static, Any>,
        rows: u64,
        inserted: u64,
    ) -> Result<(), Error> {
        let stored = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        sqlx::query(
            "INSERT INTO imports (tenant, format, source, digest_high, digest_low, rows_done, inserted)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (tenant, format, source) DO UPDATE SET
                digest_high = excluded.digest_high, digest_low = excluded.digest_low,
                rows_done = excluded.rows_done, inserted = excluded.inserted",
        )
        .bind(self.tenant)
        .bind(self.format.as_str())
        .bind(self.source)
        .bind(self.digest.0)
        .bind(self.digest.1)
        .bind(stored(rows))
        .bind(stored(inserted))
        .execute(&mut **db)
        .await?;
        Ok(())
    }

    /// Forgets the import, which has ended.
    pub(super) async fn remove(&self, store: &Store) -> Result<(), Error> {
        let mut db = store.begin_write().await?;
        sqlx::query(
            "DELETE FROM imports WHERE tenant = $1 AND format = $2
             AND (source = $3 OR (digest_high = $4 AND digest_low = $5))",
        )
        .bind(self.tenant)
        .bind(self.format.as_str())
        .bind(self.source)
        .bind(self.digest.0)
        .bind(self.digest.1)
        .execute(&mut *db)
        .await?;
        db.commit().await?;
        Ok(())
    }
}
