//! The formats, and what the importer has to know of each.

use std::{fmt, sync::Arc};

use csv::ByteRecord;
use sqlx::{Any, Transaction};

use super::{
    context::Context,
    fields::{Column, Fault, Fields, Layout},
    summary::LineCounts,
};
use crate::{error::Error, outbox::EventKind};

/// The form of the data in a file. All are CSV with a header, whose columns stand in any order and
/// among others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Format {
    /// UCI's "Online Retail": `InvoiceNo`, `StockCode`, `Description`, `Quantity`, `InvoiceDate`,
    /// `UnitPrice`, `CustomerID`, `Country`.
    OnlineRetail,
    /// Order lines: `order_id`, `ordered_at`, `product_id`, `quantity`, `unit_price`, and optionally
    /// `product_name`, `kind`, `customer_id`, `country`, `currency`.
    Orders,
    /// Prices, seen at competitors or one's own: `product_id`, `price`, `observed_at`, and optionally
    /// `competitor`, `pack`, `currency`.
    Prices,
    /// Products: `product_id`, and optionally `sku`, `name`, `category`, `pack`, `price`,
    /// `stock`, `updated_at`, `edited_at`, `currency`.
    Products,
    /// Reviews: `product_id`, `rating`, `reviewed_at`, and optionally `text`.
    Reviews,
}

impl Format {
    /// The name, as the command line takes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnlineRetail => "online-retail",
            Self::Orders => "orders",
            Self::Prices => "prices",
            Self::Products => "products",
            Self::Reviews => "reviews",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How rows of one format are read and written.
pub(super) trait Kind: Send + 'static {
    /// What a row says.
    type Row: Send + Sync + 'static;

    const FORMAT: Format;
    const COLUMNS: &'static [Column];
    /// What a running service is told when rows have come in.
    const EVENT: EventKind;
    /// The column by which a row is the only one of a file; without it, rows may repeat each other.
    const UNIQUE_BY: Option<&'static str> = None;

    /// Reads a row.
    fn read(fields: &Fields<'_>, context: &Context) -> Result<Self::Row, Fault>;

    /// The column with the order that rows are taken or left out with.
    const ORDER: Option<&'static str> = None;

    /// A hash of all that a row says, or of what it is unique by.
    fn fingerprint(row: &Self::Row) -> u128;

    /// Counts a row that is taken.
    fn count(_row: &Self::Row, _counts: &mut LineCounts) {}

    /// Writes rows and returns how many of them changed the store.
    fn write(
        db: &mut Transaction<'static, Any>,
        tenant: &Arc<str>,
        rows: Vec<Counted<Self::Row>>,
    ) -> impl Future<Output = Result<u64, Error>> + Send;
}

/// A row, and how often the file had the same one before.
pub(super) struct Counted<R> {
    pub(super) row: R,
    pub(super) fingerprint: u128,
    pub(super) occurrence: u32,
}

/// The order that a record belongs to, if that can be read.
pub(super) fn order_of<K: Kind>(record: &ByteRecord, layout: &Layout) -> Option<String> {
    Fields { record, layout }.id(K::ORDER?).ok()
}
