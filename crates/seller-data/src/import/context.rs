//! What rows are read by: the shop's time zone and currency, and the present.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use sqlx::{Any, Transaction};

use super::summary::Options;
use crate::{
    clock,
    error::Error,
    shop::{DEFAULT_CURRENCY, DEFAULT_TIMEZONE},
    store::Store,
    writes::{ShopRow, insert_all},
};

/// The first number given to what is made here, beyond those of most files.
const FIRST_ID: i64 = 1_000_001;

/// What all rows of an import share.
pub(super) struct Context {
    pub(super) zone: TimeZone,
    pub(super) currency: String,
    pub(super) now: Timestamp,
    /// A clock that is a day off is more likely than an order from tomorrow.
    pub(super) latest: Timestamp,
}

/// A shop's currency and time zone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Terms {
    pub(super) currency: String,
    pub(super) timezone: String,
}

impl Terms {
    /// Those of the existing shop, or those that a new one is to have.
    pub(super) async fn of(store: &Store, options: &Options) -> Result<Self, Error> {
        check(options)?;
        let existing: Option<(String, String)> = sqlx::query_as(SELECT)
            .bind(&options.tenant)
            .fetch_optional(store.reader())
            .await?;
        let Some(existing) = existing.map(Self::from) else {
            let or = |given: &Option<String>, default: &str| {
                given.clone().unwrap_or_else(|| default.to_owned())
            };
            return Ok(Self {
                currency: or(&options.currency, DEFAULT_CURRENCY),
                timezone: or(&options.timezone, DEFAULT_TIMEZONE),
            });
        };
        let differs =
            |given: &Option<String>, kept: &str| given.as_ref().is_some_and(|given| given != kept);
        if differs(&options.currency, &existing.currency) {
            let message = format!("the shop is kept in {}", existing.currency);
            return Err(Error::invalid("currency", message));
        }
        if differs(&options.timezone, &existing.timezone) {
            let message = format!("the shop is kept in {}", existing.timezone);
            return Err(Error::invalid("timezone", message));
        }
        Ok(existing)
    }

    pub(super) fn context(&self) -> Result<Context, Error> {
        let now = clock::now();
        let latest = now.saturating_add(SignedDuration::from_hours(24)).ok();
        Ok(Context {
            zone: zone(&self.timezone)?,
            currency: self.currency.clone(),
            now,
            latest: latest.unwrap_or(Timestamp::MAX),
        })
    }

    /// Makes the shop, unless it is there.
    pub(super) async fn make_shop(
        &self,
        db: &mut Transaction<'static, Any>,
        tenant: &str,
    ) -> Result<(), Error> {
        let shop = ShopRow {
            tenant: tenant.to_owned(),
            currency: self.currency.clone(),
            timezone: self.timezone.clone(),
            next_id: FIRST_ID,
        };
        insert_all(db, &[shop]).await?;
        let made: (String, String) = sqlx::query_as(SELECT)
            .bind(tenant)
            .fetch_one(&mut **db)
            .await?;
        if Self::from(made) == *self {
            return Ok(());
        }
        // Another import made it since we looked.
        let message = "the shop was made with other terms meanwhile; import the file again";
        Err(Error::invalid("timezone", message))
    }
}

impl From<(String, String)> for Terms {
    fn from((currency, timezone): (String, String)) -> Self {
        Self { currency, timezone }
    }
}

const SELECT: &str = "SELECT currency, timezone FROM shops WHERE tenant = $1";

fn check(options: &Options) -> Result<(), Error> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte);
    if !(1..=128).contains(&options.tenant.len()) || !options.tenant.bytes().all(is_allowed) {
        let message = "expected 1 to 128 of A-Z a-z 0-9 - _ . @ +";
        return Err(Error::invalid("tenant", message));
    }
    if let Some(currency) = options.currency.as_deref().map(str::as_bytes)
        && (currency.len() != 3 || !currency.iter().all(u8::is_ascii_uppercase))
    {
        let message = "expected three capital letters such as GBP";
        return Err(Error::invalid("currency", message));
    }
    options.timezone.as_deref().map(zone).transpose()?;
    Ok(())
}

fn zone(name: &str) -> Result<TimeZone, Error> {
    TimeZone::get(name)
        .map_err(|_| Error::invalid("timezone", "expected a name such as Europe/London"))
}
