//! The format `prices`: what competitors asked, and what the shop did.

use std::sync::Arc;

use sqlx::{Any, Transaction};
use xxhash_rust::xxh3::Xxh3;

use super::{
    catalogue::stubs,
    context::Context,
    fields::{Column, Fault, Fields, wrong},
    format::{Counted, Format, Kind},
};
use crate::{
    error::Error,
    outbox::EventKind,
    writes::{Occurring, PriceRow, insert_all, reserve_numbers},
};

/// The longest competitor in bytes.
const COMPETITOR_MAX: usize = 200;

/// Price observations. One of a product that is not known makes a product of that id.
pub(super) struct Prices;

pub(super) struct Observation {
    product_id: String,
    competitor: String,
    price: i64,
    pack: String,
    instant: i64,
    day: i64,
}

impl Kind for Prices {
    type Row = Observation;

    const FORMAT: Format = Format::Prices;
    const COLUMNS: &'static [Column] = &[
        Column::required("product_id"),
        Column::required("price"),
        Column::required("observed_at"),
        Column::optional("competitor"),
        Column::optional("pack"),
        Column::optional("currency"),
    ];
    const EVENT: EventKind = EventKind::PriceObserved;

    fn read(fields: &Fields<'_>, context: &Context) -> Result<Observation, Fault> {
        fields.check_currency(context)?;
        let (instant, day) = fields.moment("observed_at", context)?;
        let price = fields.price("price")?;
        if price < 0 {
            let found = fields.raw("price")?;
            return Err(wrong("price", "a price of at least 0", found.trim()));
        }
        Ok(Observation {
            product_id: fields.id("product_id")?,
            competitor: fields.text("competitor", COMPETITOR_MAX)?,
            price,
            pack: fields.pack()?,
            instant,
            day,
        })
    }

    fn fingerprint(row: &Observation) -> u128 {
        let mut hash = Xxh3::new();
        for text in [&row.product_id, &row.competitor, &row.pack] {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        for number in [row.price, row.instant] {
            hash.update(&number.to_le_bytes());
        }
        hash.digest128()
    }

    async fn write(
        db: &mut Transaction<'static, Any>,
        tenant: &Arc<str>,
        rows: Vec<Counted<Observation>>,
    ) -> Result<u64, Error> {
        let products = rows.iter().map(|counted| counted.row.product_id.as_str());
        insert_all(db, &stubs(tenant, products)).await?;
        let first = reserve_numbers(db, tenant, rows.len()).await?;
        let rows: Vec<_> = (first..)
            .zip(rows)
            .map(
                |(
                    id,
                    Counted {
                        row, occurrence, ..
                    },
                )| {
                    let observation = PriceRow {
                        tenant: tenant.to_string(),
                        id,
                        product_id: row.product_id,
                        competitor: row.competitor,
                        price: row.price,
                        pack: row.pack,
                        instant: row.instant,
                        day: row.day,
                    };
                    Occurring(observation, occurrence)
                },
            )
            .collect();
        insert_all(db, &rows).await
    }
}
