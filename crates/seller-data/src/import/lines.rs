//! Order lines of any format, as they are counted and written.

use std::sync::Arc;

use sqlx::{Any, Transaction};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::{catalogue::Catalogue, format::Counted, summary::LineCounts};
use crate::{
    error::Error,
    line::{Class, Line},
    writes::{LineRow, insert_all},
};

/// A line and how it counts.
pub(super) struct ImportedLine {
    pub(super) line: Line,
    pub(super) class: Class,
}

/// A hash of all that the line says. Of a line that counts as its columns alone imply, it is the same
/// from every source.
pub(super) fn fingerprint(row: &ImportedLine) -> u128 {
    let fingerprint = row.line.fingerprint();
    if row.class == row.line.class() {
        fingerprint
    } else {
        xxh3_128_with_seed(&fingerprint.to_le_bytes(), row.class as u64)
    }
}

pub(super) fn count(row: &ImportedLine, counts: &mut LineCounts) {
    let ImportedLine { line, class } = row;
    let is_cancellation = line.invoice.starts_with('C');
    let is_return = !is_cancellation && line.quantity < 0;
    counts.sales += u64::from(*class == Class::Sale);
    counts.fees += u64::from(*class == Class::Fee);
    counts.cancellations += u64::from(is_cancellation);
    counts.returns += u64::from(is_return);
    counts.zero_price += u64::from(line.price == 0);
    counts.negative_price += u64::from(line.price < 0);
    counts.missing_customers += u64::from(line.customer.is_none());
}

/// Writes lines, and what they tell of their products.
pub(super) async fn write(
    db: &mut Transaction<'static, Any>,
    tenant: &Arc<str>,
    rows: Vec<Counted<ImportedLine>>,
) -> Result<u64, Error> {
    let mut catalogue = Catalogue::default();
    for counted in &rows {
        catalogue.learn(&counted.row.line, counted.row.class);
    }
    insert_all(db, &catalogue.into_rows(tenant)).await?;
    let rows: Vec<LineRow> = rows
        .into_iter()
        .map(|counted| LineRow {
            tenant: Arc::clone(tenant),
            identity: Line::identity(counted.fingerprint, counted.occurrence),
            amount: counted.row.line.quantity * counted.row.line.price,
            class: counted.row.class,
            line: counted.row.line,
        })
        .collect();
    insert_all(db, &rows).await
}
