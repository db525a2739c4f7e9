//! The first reading of a file: what is wrong in it, and which file it is.

use csv::ByteRecord;
use redb::{ReadableTable as _, Table};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::{
    content::Rows,
    context::Context,
    fields::{Fields, Layout},
    format::{Kind, order_of},
    rejects::Rejects,
    scratch::failed,
};
use crate::error::{Error, ErrorKind};

/// A hash of the rows that were read so far.
#[derive(Default)]
pub(super) struct Digest(Xxh3);

impl Digest {
    pub(super) fn add(&mut self, record: &ByteRecord) {
        for field in record {
            // The length first: no two rows feed the same bytes.
            self.0.update(&(field.len() as u64).to_le_bytes());
            self.0.update(field);
        }
        self.0.update(&u64::MAX.to_le_bytes());
    }

    /// The hash as the store keeps it.
    pub(super) fn halves(&self) -> (i64, i64) {
        let bytes = self.0.digest128().to_be_bytes();
        let half = |at: usize| {
            let mut part = [0; 8];
            part.copy_from_slice(&bytes[at..at + 8]);
            i64::from_be_bytes(part)
        };
        (half(0), half(8))
    }
}

/// Which orders have a bad row, and where the first is.
pub(super) struct BadOrders<'a>(pub(super) Table<'a, u128, u64>);

impl BadOrders<'_> {
    fn add(&mut self, order: &str, line: u64) -> Result<(), Error> {
        let key = xxh3_128(order.as_bytes());
        if self.0.get(key).map_err(failed)?.is_none() {
            self.0.insert(key, line).map_err(failed)?;
        }
        Ok(())
    }

    pub(super) fn line_of(&self, order: &str) -> Result<Option<u64>, Error> {
        let line = self.0.get(xxh3_128(order.as_bytes())).map_err(failed)?;
        Ok(line.map(|line| line.value()))
    }
}

/// Reads all rows, of which those that make no sense are rejected, and returns how many there are.
/// `progress` is told of each.
pub(super) fn survey<K: Kind>(
    rows: &mut Rows,
    layout: &Layout,
    context: &Context,
    digest: &mut Digest,
    rejects: &mut Rejects,
    bad_orders: &mut BadOrders<'_>,
    mut progress: impl FnMut(u64) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut record = ByteRecord::new();
    let mut count = 0;
    while rows
        .next(&mut record)
        .map_err(|error| damaged(count, error))?
    {
        count += 1;
        digest.add(&record);
        let fields = Fields {
            record: &record,
            layout,
        };
        if let Err(fault) = K::read(&fields, context) {
            if let Some(order) = order_of::<K>(&record, layout) {
                let line = record.position().map_or(0, csv::Position::line);
                bad_orders.add(&order, line)?;
            }
            rejects.add(&record, fault)?;
        }
        progress(count)?;
    }
    Ok(count)
}

pub(super) fn damaged(rows: u64, error: csv::Error) -> Error {
    let message = format!("failed to read the file after {rows} rows; nothing of it was imported");
    Error::with_source(ErrorKind::Format, message, error)
}
