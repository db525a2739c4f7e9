//! Reading and clearing the outbox.

use sqlx::{FromRow, Row as _, any::AnyRow};

use super::{
    event::{OutboxCounts, OutboxEvent},
    signal::Woken,
};
use crate::{
    error::{Error, ErrorKind},
    shop::rfc3339,
    store::Store,
};

/// The outbox of a [`Store`]. A cheap handle.
///
/// Every method fails with [`ErrorKind::Unavailable`] when the database does not answer.
#[derive(Clone, Debug)]
pub struct Outbox {
    store: Store,
}

impl Outbox {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Waits until a tenant has written through the same [`Store::with_outbox`] since the last call.
    /// Meant for one listener: a tenant's name is given once. Writes of other processes wake nobody.
    /// On a store without an outbox it never completes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no name.
    pub async fn woken(&self) -> Woken {
        match self.store.signal() {
            Some(signal) => signal.woken().await,
            None => std::future::pending().await,
        }
    }

    /// Up to `limit` tenants with events that wait, after `after` in the database's order of names;
    /// the first ones after the empty name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] when the database does not answer.
    pub async fn tenants(&self, after: &str, limit: usize) -> Result<Vec<String>, Error> {
        let mut tenants: Vec<String> = Vec::new();
        // One seek for each tenant, however many events it has.
        while tenants.len() < limit {
            let row: Option<(String,)> = sqlx::query_as(
                "SELECT tenant FROM outbox WHERE dead = 0 AND tenant > $1
                 ORDER BY tenant LIMIT 1",
            )
            .bind(tenants.last().map_or(after, String::as_str))
            .fetch_optional(self.store.reader())
            .await?;
            match row {
                Some((tenant,)) => tenants.push(tenant),
                None => break,
            }
        }
        Ok(tenants)
    }

    /// The oldest events of a tenant that wait, up to `limit`, oldest first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] when the database does not answer, [`ErrorKind::Corrupt`] for a row
    /// whose details are no JSON.
    pub async fn pending(&self, tenant: &str, limit: u32) -> Result<Vec<OutboxEvent>, Error> {
        self.list(tenant, 0, limit).await
    }

    /// The oldest events of a tenant that were moved aside, up to `limit`, oldest first.
    ///
    /// # Errors
    ///
    /// As [`Outbox::pending`].
    pub async fn dead(&self, tenant: &str, limit: u32) -> Result<Vec<OutboxEvent>, Error> {
        self.list(tenant, 1, limit).await
    }

    /// Removes an event that has arrived.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] when the database does not answer.
    pub async fn remove(&self, event: &OutboxEvent) -> Result<(), Error> {
        self.write(
            "DELETE FROM outbox WHERE tenant = $1 AND number = $2 AND id = $3",
            event,
        )
        .await
    }

    /// Moves an event aside: it is kept, but waits no more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] when the database does not answer.
    pub async fn set_aside(&self, event: &OutboxEvent) -> Result<(), Error> {
        self.write(
            "UPDATE outbox SET dead = 1 WHERE tenant = $1 AND number = $2 AND id = $3",
            event,
        )
        .await
    }

    /// How many events wait, and how many were moved aside, of all tenants.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] when the database does not answer.
    pub async fn counts(&self) -> Result<OutboxCounts, Error> {
        let rows: Vec<(i64, i64)> =
            sqlx::query_as("SELECT dead, COUNT(*) FROM outbox GROUP BY dead")
                .fetch_all(self.store.reader())
                .await?;
        let count = |wanted: i64| {
            let row = rows.iter().find(|(dead, _)| *dead == wanted);
            row.map_or(0, |(_, count)| u64::try_from(*count).unwrap_or(0))
        };
        Ok(OutboxCounts {
            pending: count(0),
            dead: count(1),
        })
    }

    async fn list(&self, tenant: &str, dead: i64, limit: u32) -> Result<Vec<OutboxEvent>, Error> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT number, id, kind, subject, data, instant FROM outbox
             WHERE dead = $1 AND tenant = $2 ORDER BY number LIMIT $3",
        )
        .bind(dead)
        .bind(tenant)
        .bind(i64::from(limit))
        .fetch_all(self.store.reader())
        .await?;
        rows.into_iter().map(|row| row.event(tenant)).collect()
    }

    async fn write(&self, sql: &'static str, event: &OutboxEvent) -> Result<(), Error> {
        let mut db = self.store.begin_write().await?;
        sqlx::query(sql)
            .bind(&event.tenant)
            .bind(event.number)
            .bind(&event.id)
            .execute(&mut *db)
            .await?;
        db.commit().await?;
        Ok(())
    }
}

struct Row {
    number: i64,
    id: String,
    kind: String,
    subject: String,
    data: String,
    instant: i64,
}

impl Row {
    fn event(self, tenant: &str) -> Result<OutboxEvent, Error> {
        let data = serde_json::from_str(&self.data).map_err(|error| {
            Error::with_source(ErrorKind::Corrupt, "failed to read an event", error)
        })?;
        Ok(OutboxEvent {
            tenant: tenant.to_owned(),
            number: self.number,
            id: self.id,
            kind: self.kind,
            subject: self.subject,
            time: rfc3339(self.instant),
            data,
        })
    }
}

impl<'r> FromRow<'r, AnyRow> for Row {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number: row.try_get("number")?,
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            subject: row.try_get("subject")?,
            data: row.try_get("data")?,
            instant: row.try_get("instant")?,
        })
    }
}
