//! One row of an Online Retail file.

use csv::ByteRecord;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{
    date::Date,
    error::{Error, ErrorKind},
    line::Line,
    money::Price,
};

/// The columns of the format.
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

/// The longest invoice number, stock code or customer in bytes.
const CODE_MAX: usize = 64;

/// The longest description or country in bytes.
const TEXT_MAX: usize = 1000;

/// Where each of [`COLUMNS`] stands in a file.
pub(super) struct Layout([usize; COLUMNS.len()]);

impl Layout {
    /// Finds the columns by a file's first row, in any order and among others.
    pub(super) fn of(header: &ByteRecord) -> Result<Self, Error> {
        let names: Vec<String> = header
            .iter()
            .map(|name| text(name).trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        let mut layout = [0; COLUMNS.len()];
        for (place, column) in layout.iter_mut().zip(COLUMNS) {
            *place = names
                .iter()
                .position(|name| name == column)
                .ok_or_else(|| {
                    let message = format!("not an Online Retail file: no column \"{column}\"");
                    Error::new(ErrorKind::Format, message)
                })?;
        }
        Ok(Self(layout))
    }
}

/// Reads a row; the error says what is wrong with it.
pub(super) fn parse(
    record: &ByteRecord,
    layout: &Layout,
    zone: &TimeZone,
    latest: Timestamp,
) -> Result<Line, String> {
    let [
        invoice,
        code,
        description,
        quantity,
        time,
        price,
        customer,
        country,
    ] = layout.0.map(|place| record.get(place).map(text));
    let invoice = required(invoice, "InvoiceNo")?;
    let product_id = required(code, "StockCode")?;
    let description = limited(description, "Description")?;
    let quantity = required(quantity, "Quantity")?;
    let quantity: i64 = quantity
        .parse()
        .map_err(|_| format!("Quantity {quantity:?} is not a whole number"))?;
    if quantity == 0 {
        return Err("Quantity is 0".to_owned());
    }
    let time = required(time, "InvoiceDate")?;
    let zoned = time
        .parse::<DateTime>()
        .and_then(|time| time.to_zoned(zone.clone()))
        .map_err(|_| format!("InvoiceDate {time:?} is not a time"))?;
    let instant = zoned.timestamp();
    if instant < Timestamp::UNIX_EPOCH || instant > latest {
        return Err(format!(
            "InvoiceDate {time:?} is before 1970 or in the future"
        ));
    }
    let price = required(price, "UnitPrice")?;
    let price =
        Price::parse_rounded(&price).map_err(|_| format!("UnitPrice {price:?} is not a price"))?;
    let line = Line {
        invoice,
        product_id,
        description,
        quantity,
        price: price.units(),
        instant: instant.as_millisecond(),
        day: Date::from_civil(zoned.date()).epoch_days(),
        customer: customer_of(&limited(customer, "CustomerID")?)?,
        country: limited(country, "Country")?,
    };
    match line.amount() {
        Some(_) => Ok(line),
        None => Err("Quantity × UnitPrice is beyond a billion".to_owned()),
    }
}

/// UTF-8, or Latin-1 where it is not, as the original file has it.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

fn required(field: Option<String>, column: &str) -> Result<String, String> {
    let field = limited(field, column)?;
    match field.len() {
        0 => Err(format!("{column} is empty")),
        1..=CODE_MAX => Ok(field),
        _ => Err(format!("{column} is longer than {CODE_MAX} bytes")),
    }
}

fn limited(field: Option<String>, column: &str) -> Result<String, String> {
    let field = field.ok_or_else(|| format!("{column} is missing: the row has too few columns"))?;
    if field.len() > TEXT_MAX || field.contains('\0') {
        return Err(format!("{column} is not text of at most {TEXT_MAX} bytes"));
    }
    Ok(field.trim().to_owned())
}

/// Numbers that went through a spreadsheet read `17850.0`: the same customer as `17850`.
fn customer_of(field: &str) -> Result<Option<String>, String> {
    if field.len() > CODE_MAX {
        return Err(format!("CustomerID is longer than {CODE_MAX} bytes"));
    }
    let customer = field.strip_suffix(".0").unwrap_or(field);
    Ok((!customer.is_empty()).then(|| customer.to_owned()))
}
