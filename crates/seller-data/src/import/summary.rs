//! What an import is told and what it tells.

use serde::{Deserialize, Serialize};

use crate::shop::{DEFAULT_CURRENCY, DEFAULT_TIMEZONE};

/// Where an import goes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The tenant that gets the data.
    pub tenant: String,
    /// The currency of the prices in the file, three capital letters (ISO 4217). `GBP` by default.
    pub currency: String,
    /// The time zone of the times in the file (IANA). `UTC` by default.
    pub timezone: String,
}

impl Options {
    /// Imports for `tenant`, in GBP and UTC.
    #[must_use]
    pub fn new(tenant: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            currency: DEFAULT_CURRENCY.to_owned(),
            timezone: DEFAULT_TIMEZONE.to_owned(),
        }
    }

    /// Sets the currency of the prices, three capital letters. Default: `GBP`.
    #[must_use]
    pub fn with_currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = currency.into();
        self
    }

    /// Sets the time zone of the times, an IANA name. Default: `UTC`.
    #[must_use]
    pub fn with_timezone(mut self, timezone: impl Into<String>) -> Self {
        self.timezone = timezone.into();
        self
    }
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Progress {
    /// Rows read so far.
    pub rows: u64,
    /// Bytes of the file read so far, compressed if the file is.
    pub bytes_read: u64,
    /// The size of the file in bytes.
    pub bytes_total: u64,
}

/// What an import did. `rows = inserted + already_present + bad_rows`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Summary {
    /// Rows read, the header aside.
    pub rows: u64,
    /// Rows that are new in the store.
    pub inserted: u64,
    /// Rows that an earlier import had brought.
    pub already_present: u64,
    /// Rows that count as sales.
    pub sales: u64,
    /// Rows of cancelling invoices, fees aside.
    pub cancellations: u64,
    /// Rows with a quantity below zero on other invoices, fees aside.
    pub returns: u64,
    /// Rows with a price of zero, fees aside.
    pub zero_price: u64,
    /// Rows with a price below zero, fees included.
    pub negative_price: u64,
    /// Rows of postage, commissions and manual entries.
    pub fees: u64,
    /// Rows that repeat an earlier row of the file exactly; they are sales of their own.
    pub duplicates: u64,
    /// Rows without a customer.
    pub missing_customers: u64,
    /// Rows that make no sense and were left out.
    pub bad_rows: u64,
    /// The first 100 of the bad rows.
    pub bad: Vec<BadRow>,
}

/// A row that was left out.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BadRow {
    /// The line of the file on which the row starts; the header is line 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}
