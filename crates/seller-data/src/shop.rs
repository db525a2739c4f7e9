//! What every answer starts with: the shop and the day its periods end.

use jiff::{Timestamp, tz::TimeZone};
use sqlx::{Any, Transaction};

use crate::{
    date::Date,
    error::{Error, ErrorKind},
    store::Store,
};

/// The currency of a shop that says nothing else.
pub(crate) const DEFAULT_CURRENCY: &str = "GBP";

/// The time zone of a shop that says nothing else.
pub(crate) const DEFAULT_TIMEZONE: &str = "UTC";

/// A tenant's shop as of its newest order.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub(crate) tenant: String,
    pub(crate) as_of: Date,
    pub(crate) currency: String,
    pub(crate) timezone: String,
}

impl Shop {
    /// The last day of every period, as stored.
    pub(crate) fn last(&self) -> i64 {
        self.as_of.epoch_days()
    }

    /// The first day of the `days` that end with `as_of`.
    pub(crate) fn first_of(&self, days: u32) -> i64 {
        self.last() - i64::from(days) + 1
    }
}

/// A tenant's data as of one moment: every read of an answer sees the same state.
pub(crate) struct View {
    /// Reads go through this transaction; dropping it ends it.
    pub(crate) db: Transaction<'static, Any>,
    pub(crate) shop: Shop,
}

impl Store {
    /// Opens a view of a tenant's data.
    pub(crate) async fn view(&self, tenant: &str) -> Result<View, Error> {
        let mut db = self.begin_read().await?;
        let row: Option<(String, String)> =
            sqlx::query_as("SELECT currency, timezone FROM shops WHERE tenant = $1")
                .bind(tenant)
                .fetch_optional(&mut *db)
                .await?;
        let (currency, timezone) =
            row.unwrap_or_else(|| (DEFAULT_CURRENCY.to_owned(), DEFAULT_TIMEZONE.to_owned()));
        let newest: Option<(i64,)> = sqlx::query_as(
            "SELECT day FROM day_totals WHERE tenant = $1 AND lines > 0
             ORDER BY day DESC LIMIT 1",
        )
        .bind(tenant)
        .fetch_optional(&mut *db)
        .await?;
        let as_of = newest.map_or_else(Date::today_utc, |(day,)| Date::from_epoch_days(day));
        let shop = Shop {
            tenant: tenant.to_owned(),
            as_of,
            currency,
            timezone,
        };
        Ok(View { db, shop })
    }
}

/// Finds a time zone by its IANA name.
pub(crate) fn time_zone(name: &str) -> Result<TimeZone, Error> {
    TimeZone::get(name).map_err(|error| {
        Error::with_source(
            ErrorKind::Corrupt,
            format!("unknown time zone \"{name}\""),
            error,
        )
    })
}

/// RFC 3339 in UTC of stored milliseconds; out-of-range ones become the epoch.
pub(crate) fn rfc3339(instant: i64) -> String {
    Timestamp::from_millisecond(instant)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_string()
}
