//! Product edits, reviews and price observations.

use serde_json::json;

use super::{
    bodies::{NewPrice, NewReview, ProductPatch},
    insert_all,
    known::CERTAIN,
    rows::ReviewRow,
    write::Write,
};
use crate::{
    error::{Error, ErrorKind},
    mood,
    outbox::{EventKind, Note},
    pack::Pack,
    payload::Product,
    store::Store,
};

const NAME_MAX: usize = 500;
const STOCK_MAX: i64 = 1_000_000_000;
const REVIEW_MAX: usize = 10_000;
const COMPETITOR_MAX: usize = 200;
const PACK_MAX: usize = 200;

impl Store {
    /// Changes a product and returns it as it is now, or `None` if the shop has no such product.
    ///
    /// A new price is also kept as an observation of the shop's own price.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidParameter`] for a bad value; nothing is changed then.
    /// [`ErrorKind::Unavailable`] when the database does not answer.
    pub async fn patch_product(
        &self,
        tenant: &str,
        id: &str,
        patch: &ProductPatch,
    ) -> Result<Option<Product>, Error> {
        let name = patch
            .name
            .as_deref()
            .map(|name| text(name, "name", 1, NAME_MAX))
            .transpose()?;
        let price = patch
            .price
            .as_ref()
            .map(|price| price.price("price"))
            .transpose()?;
        let pack = patch.pack.as_deref().map(checked_pack).transpose()?;
        if patch
            .stock
            .is_some_and(|stock| !(0..=STOCK_MAX).contains(&stock))
        {
            return Err(Error::invalid(
                "stock",
                format!("expected 0 to {STOCK_MAX}"),
            ));
        }
        let Some(mut write) = Write::begin(self, tenant).await? else {
            return Ok(None);
        };
        if !write.has_product(id).await? {
            return Ok(None);
        }
        let changed = [
            ("name", name.is_some()),
            ("price", price.is_some()),
            ("stock", patch.stock.is_some()),
            ("pack", pack.is_some()),
        ];
        let changed = changed.iter().filter(|(_, is_given)| *is_given);
        let changed: Vec<&str> = changed.map(|(name, _)| *name).collect();
        if !changed.is_empty() {
            // The shop's number before the product's row, in the order in which orders take them:
            // else the two could wait for each other.
            let number = write.next_id().await?;
            sqlx::query(
                "UPDATE products SET name = COALESCE($3, name), price = COALESCE($4, price),
                    stock = COALESCE($5, stock), pack = COALESCE($7, pack),
                    name_at = CASE WHEN $3 IS NULL THEN name_at ELSE $8 END,
                    price_at = CASE WHEN $4 IS NULL THEN price_at ELSE $8 END,
                    updated_at = $6, edited_at = $6
                 WHERE tenant = $1 AND id = $2",
            )
            .bind(tenant)
            .bind(id)
            .bind(name)
            .bind(price.map(crate::Price::units))
            .bind(patch.stock)
            .bind(write.instant)
            .bind(pack)
            .bind(write.instant + CERTAIN)
            .execute(&mut *write.db)
            .await?;
            if let Some(price) = price {
                write
                    .insert_price(number, id, "", price.units(), "")
                    .await?;
            }
            let note = Note {
                kind: EventKind::ProductUpdated,
                subject: id.to_owned(),
                data: json!({ "product_id": id, "changed": changed }),
            };
            write.tell(number, note).await?;
        }
        write.commit().await?;
        self.product(tenant, id).await
    }

    /// Adds a review and returns its id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown product, [`ErrorKind::InvalidParameter`] for a bad
    /// value; nothing is changed then. [`ErrorKind::Unavailable`] when the database does not
    /// answer.
    pub async fn add_review(&self, tenant: &str, review: &NewReview) -> Result<String, Error> {
        if !(1..=5).contains(&review.rating) {
            return Err(Error::invalid("rating", "expected 1 to 5"));
        }
        let text = text(&review.text, "text", 0, REVIEW_MAX)?;
        let mut write = begin_on(self, tenant, &review.product_id).await?;
        let id = write.next_id().await?;
        let row = ReviewRow {
            tenant: tenant.to_owned(),
            id,
            product_id: review.product_id.clone(),
            rating: review.rating,
            text: text.to_owned(),
            score: mood::score(text),
            instant: write.instant,
            day: write.day,
        };
        insert_all(&mut write.db, &[row]).await?;
        let note = Note {
            kind: EventKind::ReviewCreated,
            subject: review.product_id.clone(),
            data: json!({
                "review_id": id.to_string(),
                "product_id": review.product_id,
                "rating": review.rating,
            }),
        };
        write.tell(id, note).await?;
        write.commit().await?;
        Ok(id.to_string())
    }

    /// Notes a competitor's price, as seen now, and returns the observation's id.
    ///
    /// # Errors
    ///
    /// As [`Store::add_review`].
    pub async fn observe_price(&self, tenant: &str, price: &NewPrice) -> Result<String, Error> {
        let competitor = text(&price.competitor, "competitor", 1, COMPETITOR_MAX)?;
        let units = price.price.price("price")?.units();
        let pack = checked_pack(price.pack.as_deref().unwrap_or_default())?;
        let mut write = begin_on(self, tenant, &price.product_id).await?;
        let id = write.next_id().await?;
        write
            .insert_price(id, &price.product_id, competitor, units, pack)
            .await?;
        let note = Note {
            kind: EventKind::PriceObserved,
            subject: price.product_id.clone(),
            data: json!({
                "price_id": id.to_string(),
                "product_id": price.product_id,
                "competitor": competitor,
                "price": price.price,
            }),
        };
        write.tell(id, note).await?;
        write.commit().await?;
        Ok(id.to_string())
    }
}

/// Checks that a text names one amount, or is empty.
pub(crate) fn checked_pack(written: &str) -> Result<&str, Error> {
    let written = text(written, "pack", 0, PACK_MAX)?;
    if written.is_empty() || Pack::parse(written).is_some() {
        return Ok(written);
    }
    let expected = "expected one amount such as \"6 x 330 ml\"";
    Err(Error::invalid("pack", expected))
}

/// Begins a write about an existing product.
async fn begin_on(store: &Store, tenant: &str, product_id: &str) -> Result<Write, Error> {
    if let Some(mut write) = Write::begin(store, tenant).await?
        && write.has_product(product_id).await?
    {
        return Ok(write);
    }
    Err(Error::new(ErrorKind::NotFound, "no such product"))
}

/// Text without NUL, which PostgreSQL cannot store, of a length in bytes.
pub(super) fn text<'a>(
    text: &'a str,
    parameter: &str,
    min: usize,
    max: usize,
) -> Result<&'a str, Error> {
    if text.trim().len() < min || text.len() > max || text.contains('\0') {
        return Err(Error::invalid(
            parameter,
            format!("expected text of {min} to {max} bytes"),
        ));
    }
    Ok(text)
}
