//! A change in progress: its transaction, its moment, its event.

use jiff::tz::TimeZone;
use sqlx::{Any, Transaction};

use super::{id_key, insert_all, rows::PriceRow};
use crate::{
    clock,
    date::Date,
    error::Error,
    outbox::{Note, OutboxRow, Signal},
    shop::time_zone,
    store::Store,
};

/// A write in progress; dropped, it changes nothing.
pub(super) struct Write {
    pub(super) db: Transaction<'static, Any>,
    pub(super) tenant: String,
    /// When it happens, in milliseconds, and the day of that in the shop's time zone.
    pub(super) instant: i64,
    pub(super) day: i64,
    signal: Option<Signal>,
}

impl Write {
    /// Begins a write to an existing shop; in another one nothing can be found.
    pub(super) async fn begin(store: &Store, tenant: &str) -> Result<Option<Self>, Error> {
        let mut db = store.begin_write().await?;
        let row: Option<(String,)> = sqlx::query_as("SELECT timezone FROM shops WHERE tenant = $1")
            .bind(tenant)
            .fetch_optional(&mut *db)
            .await?;
        let Some((timezone,)) = row else {
            return Ok(None);
        };
        let zone: TimeZone = time_zone(&timezone)?;
        let now = clock::now();
        let (instant, day) = (now.as_millisecond(), Date::of(now, &zone).epoch_days());
        Ok(Some(Self {
            db,
            tenant: tenant.to_owned(),
            instant,
            day,
            signal: store.signal().cloned(),
        }))
    }

    /// Takes the shop's next number.
    pub(super) async fn next_id(&mut self) -> Result<i64, Error> {
        let (next,): (i64,) = sqlx::query_as(
            "UPDATE shops SET next_id = next_id + 1 WHERE tenant = $1 RETURNING next_id",
        )
        .bind(&self.tenant)
        .fetch_one(&mut *self.db)
        .await?;
        Ok(next - 1)
    }

    pub(super) async fn has_product(&mut self, id: &str) -> Result<bool, Error> {
        let row: Option<(String,)> =
            sqlx::query_as("SELECT id FROM products WHERE tenant = $1 AND id_key = $2")
                .bind(&self.tenant)
                .bind(id_key(id))
                .fetch_optional(&mut *self.db)
                .await?;
        Ok(row.is_some())
    }

    /// Inserts a price observation under a number of the shop; no competitor is the shop itself.
    pub(super) async fn insert_price(
        &mut self,
        number: i64,
        product_id: &str,
        competitor: &str,
        price: i64,
        pack: &str,
    ) -> Result<(), Error> {
        let row = PriceRow {
            tenant: self.tenant.clone(),
            id: number,
            product_id: product_id.to_owned(),
            competitor: competitor.to_owned(),
            price,
            pack: pack.to_owned(),
            instant: self.instant,
            day: self.day,
        };
        insert_all(&mut self.db, &[row]).await?;
        Ok(())
    }

    /// Puts an event into the outbox, if the store has one, under a number that this write took: the
    /// shop's row is locked from then on, so that numbers become visible in their order.
    pub(super) async fn tell(&mut self, number: i64, note: Note) -> Result<(), Error> {
        if self.signal.is_none() {
            return Ok(());
        }
        let row = OutboxRow {
            tenant: self.tenant.clone(),
            number,
            instant: self.instant,
            note,
        };
        insert_all(&mut self.db, &[row]).await?;
        Ok(())
    }

    /// Makes the change, and wakes whoever sends its event.
    pub(super) async fn commit(self) -> Result<(), Error> {
        let Some(signal) = self.signal else {
            return Ok(self.db.commit().await?);
        };
        let (db, tenant) = (self.db, self.tenant);
        // In a task of its own: if the caller went away in between, an event would lie there that
        // nobody was told of.
        let commit = tokio::spawn(async move {
            let committed = db.commit().await;
            // After an error too: the change may have been made.
            signal.wake(tenant);
            committed
        });
        Ok(commit.await??)
    }
}
