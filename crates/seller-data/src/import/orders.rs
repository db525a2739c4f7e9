//! The format `orders`: one row for each line of an order.

use std::sync::Arc;

use sqlx::{Any, Transaction};

use super::{
    context::Context,
    fields::{Column, Fault, Fields, wrong},
    format::{Counted, Format, Kind},
    lines::{self, ImportedLine},
    summary::LineCounts,
};
use crate::{
    error::Error,
    line::{Class, Line, QUANTITY_MAX},
    outbox::EventKind,
};

/// The longest customer in bytes.
const CUSTOMER_MAX: usize = 200;

/// The longest name or country in bytes.
const TEXT_MAX: usize = 1000;

/// Orders, whose rows say themselves how they count.
pub(super) struct Orders;

impl Kind for Orders {
    type Row = ImportedLine;

    const FORMAT: Format = Format::Orders;
    const COLUMNS: &'static [Column] = &[
        Column::required("order_id"),
        Column::required("ordered_at"),
        Column::required("product_id"),
        Column::required("quantity"),
        Column::required("unit_price"),
        Column::optional("product_name"),
        Column::optional("kind"),
        Column::optional("customer_id"),
        Column::optional("country"),
        Column::optional("currency"),
    ];
    const EVENT: EventKind = EventKind::OrderCreated;
    const ORDER: Option<&'static str> = Some("order_id");

    fn read(fields: &Fields<'_>, context: &Context) -> Result<ImportedLine, Fault> {
        let invoice = fields.id("order_id")?;
        let (instant, day) = fields.moment("ordered_at", context)?;
        fields.check_currency(context)?;
        let line = Line {
            invoice,
            product_id: fields.id("product_id")?,
            description: fields.text("product_name", TEXT_MAX)?,
            quantity: fields.whole("quantity", -QUANTITY_MAX..=QUANTITY_MAX)?,
            price: fields.price("unit_price")?,
            instant,
            day,
            customer: Some(fields.text("customer_id", CUSTOMER_MAX)?)
                .filter(|customer| !customer.trim().is_empty()),
            country: fields.text("country", TEXT_MAX)?,
        };
        if line.quantity == 0 {
            return Err(wrong("quantity", "a number other than 0", "0"));
        }
        if line.amount().is_none() {
            let found = fields.raw("unit_price")?;
            let expected = "at most a billion of quantity × unit_price";
            return Err(wrong("unit_price", expected, found.trim()));
        }
        let class = class_of(fields, &line)?;
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

/// How a row counts: as it says, or by the sign of its quantity.
fn class_of(fields: &Fields<'_>, line: &Line) -> Result<Class, Fault> {
    let raw = fields.raw("kind")?;
    let kind = raw.trim();
    let class = match kind {
        "fee" => Class::Fee,
        "other" => Class::Uncounted,
        "refund" => Class::Refund,
        "sale" => Class::Sale,
        "" if line.price <= 0 => Class::Uncounted,
        "" if line.quantity < 0 => Class::Refund,
        "" => Class::Sale,
        _ => return Err(wrong("kind", "sale, refund, fee or other", kind)),
    };
    if matches!(class, Class::Refund | Class::Sale) && line.price <= 0 {
        let found = fields.raw("unit_price")?;
        let expected = format!("a price above 0 for a {kind}");
        return Err(wrong("unit_price", &expected, found.trim()));
    }
    if class == Class::Sale && line.quantity < 0 {
        let found = line.quantity.to_string();
        return Err(wrong("quantity", "a number above 0 for a sale", &found));
    }
    Ok(class)
}
