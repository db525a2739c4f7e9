//! Product edits, reviews and price observations.

use jiff::tz::TimeZone;
use sqlx::{Any, Transaction};

use super::{
    bodies::{NewPrice, NewReview, ProductPatch},
    id_key, insert_all,
    rows::{PriceRow, ReviewRow},
};
use crate::{
    clock,
    date::Date,
    error::{Error, ErrorKind},
    mood,
    payload::Product,
    shop::time_zone,
    store::Store,
};

const NAME_MAX: usize = 500;
const STOCK_MAX: i64 = 1_000_000_000;
const REVIEW_MAX: usize = 10_000;
const COMPETITOR_MAX: usize = 200;

/// A write in progress; dropped, it changes nothing.
pub(super) struct Write {
    pub(super) db: Transaction<'static, Any>,
    pub(super) tenant: String,
    /// When it happens, in milliseconds, and the day of that in the shop's time zone.
    pub(super) instant: i64,
    pub(super) day: i64,
}

impl Write {
    /// Begins a write to an existing shop; in another one nothing can be found.
    pub(super) async fn begin(store: &Store, tenant: &str) -> Result<Option<Self>, Error> {
        let mut db = store.begin_write().await?;
        let row: Option<(String,)> = sqlx::query_as("SELECT timezone FROM shops WHERE tenant = $1")
            .bind(tenant)
            .fetch_optional(&mut *db)
            .await?;
        let Some((timezone,)) = row else {
            return Ok(None);
        };
        let zone: TimeZone = time_zone(&timezone)?;
        let now = clock::now();
        let (instant, day) = (now.as_millisecond(), Date::of(now, &zone).epoch_days());
        Ok(Some(Self {
            db,
            tenant: tenant.to_owned(),
            instant,
            day,
        }))
    }

    /// Takes the shop's next number.
    pub(super) async fn next_id(&mut self) -> Result<i64, Error> {
        let (next,): (i64,) = sqlx::query_as(
            "UPDATE shops SET next_id = next_id + 1 WHERE tenant = $1 RETURNING next_id",
        )
        .bind(&self.tenant)
        .fetch_one(&mut *self.db)
        .await?;
        Ok(next - 1)
    }

    async fn has_product(&mut self, id: &str) -> Result<bool, Error> {
        let row: Option<(String,)> =
            sqlx::query_as("SELECT id FROM products WHERE tenant = $1 AND id_key = $2")
                .bind(&self.tenant)
                .bind(id_key(id))
                .fetch_optional(&mut *self.db)
                .await?;
        Ok(row.is_some())
    }

    async fn note_price(
        &mut self,
        product_id: &str,
        competitor: &str,
        price: i64,
    ) -> Result<i64, Error> {
        let id = self.next_id().await?;
        let row = PriceRow {
            tenant: self.tenant.clone(),
            id,
            product_id: product_id.to_owned(),
            competitor: competitor.to_owned(),
            price,
            instant: self.instant,
            day: self.day,
        };
        insert_all(&mut self.db, &[row]).await?;
        Ok(id)
    }
}

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
        if name.is_some() || price.is_some() || patch.stock.is_some() {
            sqlx::query(
                "UPDATE products SET name = COALESCE($3, name), price = COALESCE($4, price),
                    stock = COALESCE($5, stock),
                    name_at = CASE WHEN $3 IS NULL THEN name_at ELSE $6 END,
                    price_at = CASE WHEN $4 IS NULL THEN price_at ELSE $6 END,
                    updated_at = $6, edited_at = $6
                 WHERE tenant = $1 AND id = $2",
            )
            .bind(tenant)
            .bind(id)
            .bind(name)
            .bind(price.map(crate::Price::units))
            .bind(patch.stock)
            .bind(write.instant)
            .execute(&mut *write.db)
            .await?;
            if let Some(price) = price {
                write.note_price(id, "", price.units()).await?;
            }
        }
        write.db.commit().await?;
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
        write.db.commit().await?;
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
        let mut write = begin_on(self, tenant, &price.product_id).await?;
        let id = write
            .note_price(&price.product_id, competitor, units)
            .await?;
        write.db.commit().await?;
        Ok(id.to_string())
    }
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
