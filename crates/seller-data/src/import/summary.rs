//! What an import is told and what it tells.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where an import goes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The tenant that gets the data.
    pub tenant: String,
    /// The currency of the prices in the file, three capital letters (ISO 4217). By default the
    /// shop's, and `GBP` for a new shop.
    pub currency: Option<String>,
    /// The time zone of times without an offset, and of the shop's calendar (IANA). By default the
    /// shop's, and `UTC` for a new shop.
    pub timezone: Option<String>,
    /// A file that gets every row that is left out, with line, column and problem before it. Written
    /// anew, and empty but for its header if no row is. Default: none.
    pub rejected: Option<PathBuf>,
}

impl Options {
    /// Imports for `tenant`, by the terms of its shop.
    #[must_use]
    pub fn new(tenant: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            currency: None,
            timezone: None,
            rejected: None,
        }
    }

    /// Sets the currency of the prices, three capital letters. Default: the shop's, or `GBP`.
    #[must_use]
    pub fn with_currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = Some(currency.into());
        self
    }

    /// Sets the time zone, an IANA name. Default: the shop's, or `UTC`.
    #[must_use]
    pub fn with_timezone(mut self, timezone: impl Into<String>) -> Self {
        self.timezone = Some(timezone.into());
        self
    }

    /// Sets a file for the rows that are left out. Default: none.
    #[must_use]
    pub fn with_rejected(mut self, file: impl Into<PathBuf>) -> Self {
        self.rejected = Some(file.into());
        self
    }
}

/// What an import tells while it runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// An import of another file of the same name was interrupted after this many rows. Those stay;
    /// this one begins with its first row.
    Changed {
        /// Rows of the other file that were done.
        rows: u64,
    },
    /// How far it is.
    Progress(Progress),
    /// An import of the same rows was interrupted after this many; this one goes on there.
    Resumed {
        /// Rows that were done.
        rows: u64,
    },
}

/// What is being done with a file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Stage {
    /// Its rows are read, and nothing is written.
    #[default]
    Checking,
    /// Its rows are read again, and written.
    Importing,
    /// It is copied, since it cannot be read twice.
    Receiving,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Rows read in this stage so far; 0 while a file is copied.
    pub rows: u64,
    /// Bytes of the file read in this stage so far, compressed if the file is.
    pub bytes_read: u64,
    /// The size of the file in bytes; 0 while that is not known.
    pub bytes_total: u64,
}

/// What an import did. `rows = inserted + already_present + bad_rows`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Rows read, the header aside.
    pub rows: u64,
    /// Rows that are new in the store; of products also those that changed one.
    pub inserted: u64,
    /// Rows that the store had already; of products also those that are older than what it knows.
    pub already_present: u64,
    /// Rows that were left out.
    pub bad_rows: u64,
    /// Rows that an earlier import of this file had done before it was interrupted. They count above.
    pub resumed_after: u64,
    /// Columns of the file that were not read.
    pub ignored_columns: Vec<String>,
    /// What the rows were, if they are of orders.
    pub lines: Option<LineCounts>,
    /// The first 100 of the bad rows.
    pub bad: Vec<BadRow>,
}

/// What order lines were, those left out aside.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LineCounts {
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
}

/// A row that was left out.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BadRow {
    /// The line of the file on which the row starts; the header is line 1.
    pub line: u64,
    /// The column at fault.
    pub column: String,
    /// What is wrong there.
    pub problem: String,
}
