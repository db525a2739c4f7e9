//! UCI's "Online Retail" format.

use std::sync::Arc;

use jiff::{Timestamp, civil::DateTime};
use sqlx::{Any, Transaction};

use super::{
    context::Context,
    fields::{Column, Fault, Fields, wrong},
    format::{Counted, Format, Kind},
    lines::{self, ImportedLine},
    summary::LineCounts,
};
use crate::{
    date::Date,
    error::Error,
    line::{Line, QUANTITY_MAX},
    money::Price,
    outbox::EventKind,
};

/// The longest customer in bytes.
const CUSTOMER_MAX: usize = 64;

/// The longest description or country in bytes.
const TEXT_MAX: usize = 1000;

/// What "Online Retail" holds: a negative quantity is a return, an invoice that starts with `C` a
/// cancellation, and some stock codes are fees.
pub(super) struct OnlineRetail;

impl Kind for OnlineRetail {
    type Row = ImportedLine;

    const FORMAT: Format = Format::OnlineRetail;
    const COLUMNS: &'static [Column] = &[
        Column::required("InvoiceNo"),
        Column::required("StockCode"),
        Column::required("Description"),
        Column::required("Quantity"),
        Column::required("InvoiceDate"),
        Column::required("UnitPrice"),
        Column::required("CustomerID"),
        Column::required("Country"),
    ];
    const EVENT: EventKind = EventKind::OrderCreated;
    const ORDER: Option<&'static str> = Some("InvoiceNo");

    fn read(fields: &Fields<'_>, context: &Context) -> Result<ImportedLine, Fault> {
        let invoice = fields.id("InvoiceNo")?;
        let product_id = fields.id("StockCode")?;
        let quantity = fields.whole("Quantity", -QUANTITY_MAX..=QUANTITY_MAX)?;
        if quantity == 0 {
            return Err(wrong("Quantity", "a number other than 0", "0"));
        }
        let (instant, day) = local_time(fields, "InvoiceDate", context)?;
        let raw = fields.raw("UnitPrice")?;
        let price = Price::parse_rounded(raw.trim())
            .map_err(|_| wrong("UnitPrice", "a price such as 12.50", raw.trim()))?;
        let line = Line {
            invoice,
            product_id,
            description: trimmed(fields, "Description", TEXT_MAX)?,
            quantity,
            price: price.units(),
            instant,
            day,
            customer: customer(fields)?,
            country: trimmed(fields, "Country", TEXT_MAX)?,
        };
        if line.amount().is_none() {
            let expected = "at most a billion of Quantity × UnitPrice";
            return Err(wrong("UnitPrice", expected, raw.trim()));
        }
        let class = line.class();
        Ok(ImportedLine { line, class })
    }

    fn fingerprint(row: &ImportedLine) -> u128 {
        lines::fingerprint(row)
    }

    fn count(row: &ImportedLine, counts: &mut LineCounts) {
        lines::count(row, counts);
    }

    async fn write(
        db: &mut Transaction<'static, Any>,
        tenant: &Arc<str>,
        rows: Vec<Counted<ImportedLine>>,
    ) -> Result<u64, Error> {
        lines::write(db, tenant, rows).await
    }
}

/// Spaces around texts are leftovers of fixed-width columns.
fn trimmed(fields: &Fields<'_>, column: &'static str, max: usize) -> Result<String, Fault> {
    let text = fields.raw(column)?;
    let text = text.trim();
    if text.len() > max || text.contains('\0') {
        return Err(wrong(column, &format!("text of at most {max} bytes"), text));
    }
    Ok(text.to_owned())
}

/// The times have no offset: they are the shop's own.
fn local_time(
    fields: &Fields<'_>,
    column: &'static str,
    context: &Context,
) -> Result<(i64, i64), Fault> {
    let raw = fields.raw(column)?;
    let text = raw.trim();
    let zoned = text
        .parse::<DateTime>()
        .and_then(|time| time.to_zoned(context.zone.clone()))
        .map_err(|_| wrong(column, "a time such as 2010-12-01 08:26:00", text))?;
    let instant = zoned.timestamp();
    if instant < Timestamp::UNIX_EPOCH || instant > context.latest {
        let expected = "a time since 1970 that is not in the future";
        return Err(wrong(column, expected, text));
    }
    let day = Date::from_civil(zoned.date()).epoch_days();
    Ok((instant.as_millisecond(), day))
}

/// Numbers that went through a spreadsheet read `17850.0`: the same customer as `17850`.
fn customer(fields: &Fields<'_>) -> Result<Option<String>, Fault> {
    let text = trimmed(fields, "CustomerID", CUSTOMER_MAX)?;
    let customer = text.strip_suffix(".0").unwrap_or(&text);
    Ok((!customer.is_empty()).then(|| customer.to_owned()))
}
