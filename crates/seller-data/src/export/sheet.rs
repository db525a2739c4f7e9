//! The file that is being written.

use std::io::Write;

use csv::Writer;

use crate::error::{Error, ErrorKind};

/// Rows that are read from the store at a time.
pub(super) const PAGE: i64 = 5_000;

/// A CSV with its header.
pub(super) struct Sheet<'a> {
    writer: Writer<&'a mut (dyn Write + Send)>,
    pub(super) rows: u64,
    progress: &'a mut (dyn FnMut(u64) + Send),
}

impl<'a> Sheet<'a> {
    pub(super) fn new(
        out: &'a mut (dyn Write + Send),
        columns: &[&str],
        progress: &'a mut (dyn FnMut(u64) + Send),
    ) -> Result<Self, Error> {
        let mut writer = Writer::from_writer(out);
        writer.write_record(columns).map_err(failed)?;
        Ok(Self {
            writer,
            rows: 0,
            progress,
        })
    }

    pub(super) fn add<const N: usize>(&mut self, fields: [&str; N]) -> Result<(), Error> {
        self.writer.write_record(fields).map_err(failed)?;
        self.rows += 1;
        Ok(())
    }

    /// Ends a page, and tells whether it was full, so that there may be another one.
    pub(super) fn end_page(&mut self, rows: usize) -> bool {
        (self.progress)(self.rows);
        i64::try_from(rows).is_ok_and(|rows| rows >= PAGE)
    }

    /// Writes what is still in memory and returns how many rows there are.
    pub(super) fn finish(mut self) -> Result<u64, Error> {
        self.writer.flush().map_err(|error| failed(error.into()))?;
        Ok(self.rows)
    }
}

fn failed(error: csv::Error) -> Error {
    let message = "failed to write the export";
    match error.into_kind() {
        // As it is: whoever gave the writer may know the error.
        csv::ErrorKind::Io(error) => Error::with_source(ErrorKind::Unavailable, message, error),
        other => {
            let message = format!("{message}: {other:?}");
            Error::new(ErrorKind::Unavailable, message)
        }
    }
}
