//! The format `products`.

use std::sync::Arc;

use sqlx::{Any, Transaction};
use xxhash_rust::xxh3::xxh3_128;

use super::{
    context::Context,
    fields::{Column, Fault, Fields},
    format::{Counted, Format, Kind},
};
use crate::{
    error::Error,
    outbox::EventKind,
    writes::{CERTAIN, ListingRow, NEVER, insert_all},
};

const STOCK_MAX: i64 = 1_000_000_000;

/// The longest name, SKU or category in bytes.
const TEXT_MAX: usize = 1000;

/// A catalogue: what it knows later than the store is taken, field by field.
pub(super) struct Products;

impl Kind for Products {
    type Row = ListingRow;

    const FORMAT: Format = Format::Products;
    const COLUMNS: &'static [Column] = &[
        Column::required("product_id"),
        Column::optional("sku"),
        Column::optional("name"),
        Column::optional("category"),
        Column::optional("pack"),
        Column::optional("price"),
        Column::optional("stock"),
        Column::optional("updated_at"),
        Column::optional("edited_at"),
        Column::optional("currency"),
    ];
    const EVENT: EventKind = EventKind::ProductUpdated;
    const UNIQUE_BY: Option<&'static str> = Some("product_id");

    fn read(fields: &Fields<'_>, context: &Context) -> Result<ListingRow, Fault> {
        fields.check_currency(context)?;
        let moment = |column| match fields.is_empty(column)? {
            true => Ok(None),
            false => Ok(Some(fields.moment(column, context)?.0)),
        };
        let updated_at = moment("updated_at")?.unwrap_or(context.now.as_millisecond());
        let id = fields.id("product_id")?;
        let known = |column| Ok::<_, Fault>(!fields.is_empty(column)?);
        let known_at = |is_known| {
            if is_known {
                updated_at + CERTAIN
            } else {
                NEVER
            }
        };
        let has_price = known("price")?;
        let has_name = known("name")?;
        let price = match has_price {
            true => fields.price("price")?,
            false => 0,
        };
        let stock = match known("stock")? {
            true => Some(fields.whole("stock", 0..=STOCK_MAX)?),
            false => None,
        };
        let name = match has_name {
            true => fields.text("name", TEXT_MAX)?,
            false => id.clone(),
        };
        let sku = match known("sku")? {
            true => fields.text("sku", TEXT_MAX)?,
            false => id.clone(),
        };
        Ok(ListingRow {
            sku,
            name,
            category: fields.text("category", TEXT_MAX)?,
            pack: fields.pack()?,
            price,
            stock,
            name_at: known_at(has_name),
            price_at: known_at(has_price),
            updated_at,
            edited_at: moment("edited_at")?,
            id,
        })
    }

    fn fingerprint(row: &ListingRow) -> u128 {
        xxh3_128(row.id.as_bytes())
    }

    async fn write(
        db: &mut Transaction<'static, Any>,
        tenant: &Arc<str>,
        rows: Vec<Counted<ListingRow>>,
    ) -> Result<u64, Error> {
        let rows: Vec<_> = rows
            .into_iter()
            .map(|counted| (Arc::clone(tenant), counted.row))
            .collect();
        insert_all(db, &rows).await
    }
}
