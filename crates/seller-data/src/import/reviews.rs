//! The format `reviews`.

use std::sync::Arc;

use sqlx::{Any, Transaction};
use xxhash_rust::xxh3::Xxh3;

use super::{
    catalogue::stubs,
    context::Context,
    fields::{Column, Fault, Fields},
    format::{Counted, Format, Kind},
};
use crate::{
    error::Error,
    mood,
    outbox::EventKind,
    writes::{Occurring, ReviewRow, insert_all, reserve_numbers},
};

/// The longest text in bytes.
const TEXT_MAX: usize = 10_000;

/// Reviews. A review of a product that is not known makes one of that id.
pub(super) struct Reviews;

pub(super) struct Review {
    product_id: String,
    rating: i64,
    text: String,
    instant: i64,
    day: i64,
}

impl Kind for Reviews {
    type Row = Review;

    const FORMAT: Format = Format::Reviews;
    const COLUMNS: &'static [Column] = &[
        Column::required("product_id"),
        Column::required("rating"),
        Column::required("reviewed_at"),
        Column::optional("text"),
    ];
    const EVENT: EventKind = EventKind::ReviewCreated;

    fn read(fields: &Fields<'_>, context: &Context) -> Result<Review, Fault> {
        let (instant, day) = fields.moment("reviewed_at", context)?;
        Ok(Review {
            product_id: fields.id("product_id")?,
            rating: fields.whole("rating", 1..=5)?,
            text: fields.text("text", TEXT_MAX)?,
            instant,
            day,
        })
    }

    fn fingerprint(row: &Review) -> u128 {
        let mut hash = Xxh3::new();
        for text in [&row.product_id, &row.text] {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        for number in [row.rating, row.instant] {
            hash.update(&number.to_le_bytes());
        }
        hash.digest128()
    }

    async fn write(
        db: &mut Transaction<'static, Any>,
        tenant: &Arc<str>,
        rows: Vec<Counted<Review>>,
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
                    let review = ReviewRow {
                        tenant: tenant.to_string(),
                        id,
                        product_id: row.product_id,
                        rating: row.rating,
                        score: mood::score(&row.text),
                        text: row.text,
                        instant: row.instant,
                        day: row.day,
                    };
                    Occurring(review, occurrence)
                },
            )
            .collect();
        insert_all(db, &rows).await
    }
}
