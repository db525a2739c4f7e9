//! Rows that are left out.

use std::{fs::File, io::BufWriter, path::Path};

use csv::{ByteRecord, Writer, WriterBuilder};

use super::{fields::Fault, summary::BadRow};
use crate::error::{Error, ErrorKind};

/// Bad rows that are told one by one.
const TOLD_MAX: usize = 100;

/// Columns before those of the row itself.
const COLUMNS: [&str; 3] = ["line", "column", "problem"];

/// Counts them, keeps the first, and writes all to a file if there is one.
#[derive(Default)]
pub(super) struct Rejects {
    pub(super) count: u64,
    pub(super) first: Vec<BadRow>,
    file: Option<Writer<BufWriter<File>>>,
}

impl Rejects {
    pub(super) fn new(path: Option<&Path>, header: &ByteRecord) -> Result<Self, Error> {
        let mut rejects = Self::default();
        if let Some(path) = path {
            let file = File::create(path).map_err(|error| failed(error.into()))?;
            let mut writer = WriterBuilder::new()
                .flexible(true)
                .from_writer(BufWriter::new(file));
            let columns = COLUMNS.iter().map(|name| name.as_bytes());
            writer.write_record(columns.chain(header)).map_err(failed)?;
            rejects.file = Some(writer);
        }
        Ok(rejects)
    }

    pub(super) fn add(&mut self, record: &ByteRecord, fault: Fault) -> Result<(), Error> {
        self.count += 1;
        let line = record.position().map_or(0, csv::Position::line);
        if let Some(writer) = &mut self.file {
            let number = line.to_string();
            let why = [number.as_str(), fault.column, &fault.problem];
            let why = why.iter().map(|text| text.as_bytes());
            writer.write_record(why.chain(record)).map_err(failed)?;
        }
        if self.first.len() < TOLD_MAX {
            self.first.push(BadRow {
                line,
                column: fault.column.to_owned(),
                problem: fault.problem,
            });
        }
        Ok(())
    }

    /// Writes what is still in memory.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        match &mut self.file {
            Some(writer) => writer.flush().map_err(|error| failed(error.into())),
            None => Ok(()),
        }
    }
}

fn failed(error: csv::Error) -> Error {
    let message = "failed to write the file of rejected rows";
    Error::with_source(ErrorKind::Unavailable, message, error)
}
