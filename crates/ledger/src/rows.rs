//! Rows as they stand in the file, and tenants cut from them.

use std::io::Read;

use jiff::{civil::DateTime, tz::TimeZone};

use crate::calendar::Zone;

const COLUMNS: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// A row of UCI's "Online Retail", as written. Its time is London's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row(pub(crate) [String; COLUMNS.len()]);

impl Row {
    pub(crate) fn text(&self, column: &str) -> &str {
        let at = COLUMNS.iter().position(|name| *name == column);
        at.map_or("", |at| &self.0[at])
    }

    /// The date in London, `YYYY-MM-DD`.
    #[must_use]
    pub fn date(&self) -> &str {
        self.text("InvoiceDate").get(..10).unwrap_or_default()
    }
}

/// The last dates to look at, both sides of the turn of a year and of a month.
pub const CUT_OFFS: [&str; 4] = ["2010-12-31", "2011-01-10", "2011-06-30", "2011-07-01"];

/// A tenant's name, and which rows are its.
pub type Cut = (&'static str, fn(&Row) -> bool);

/// Tenants to cut from one shop: three have a third of the stock codes each, two a
/// country.
pub const CUTS: [Cut; 5] = [
    ("third-0", |row| third(row) == 0),
    ("third-1", |row| third(row) == 1),
    ("third-2", |row| third(row) == 2),
    ("germany", |row| row.text("Country") == "Germany"),
    ("eire", |row| row.text("Country") == "EIRE"),
];

/// By FNV-1a (32 bits) of the stock code.
fn third(row: &Row) -> u32 {
    let hash = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
    row.text("StockCode").bytes().fold(2_166_136_261, hash) % 3
}

/// Reads a file with the columns in the order of UCI's.
///
/// # Errors
///
/// A file that is no CSV, or has other columns.
pub fn read(file: impl Read) -> Result<Vec<Row>, String> {
    let mut reader = csv::Reader::from_reader(file);
    let header = reader.headers().map_err(|error| error.to_string())?;
    if header.iter().ne(COLUMNS) {
        return Err(format!(
            "expected the columns {COLUMNS:?}, found {header:?}"
        ));
    }
    let rows = reader.records().map(|record| {
        let record = record.map_err(|error| error.to_string())?;
        Ok(Row(std::array::from_fn(|at| record[at].to_owned())))
    });
    rows.collect()
}

/// Writes rows as the export of a shop in `zone` would have them: the same moments by its clock. By another calendar
/// than the one they are reckoned with.
///
/// # Errors
///
/// A time that is none.
pub fn write<'a>(rows: impl IntoIterator<Item = &'a Row>, zone: Zone) -> Result<Vec<u8>, String> {
    let london = TimeZone::get(Zone::London.name()).map_err(|error| error.to_string())?;
    let there = TimeZone::get(zone.name()).map_err(|error| error.to_string())?;
    let mut file = csv::Writer::from_writer(Vec::new());
    let mut put = |cells: &[String]| file.write_record(cells).map_err(|error| error.to_string());
    put(&COLUMNS.map(str::to_owned))?;
    for row in rows {
        let wall: DateTime = row.0[4].parse().map_err(|error| format!("{error}"))?;
        let zoned = wall
            .to_zoned(london.clone())
            .map_err(|error| error.to_string())?;
        let mut cells = row.0.clone();
        let local = zoned.with_time_zone(there.clone()).datetime();
        cells[4] = local.strftime("%Y-%m-%d %H:%M:%S").to_string();
        put(&cells)?;
    }
    file.into_inner().map_err(|error| error.to_string())
}
