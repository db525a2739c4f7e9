//! The catalogue, page by page, and one product.

use sqlx::{FromRow, Row as _, any::AnyRow};

use crate::{
    error::Error,
    money::{Money, round_half_even},
    payload::{Product, ProductItem, Products, hundredths_to_f64},
    shop::{View, rfc3339},
    store::Store,
    writes::id_key,
};

/// The select of [`Row`] for tenant `$1` with sales from day `$2` to `$3`.
macro_rules! row_sql {
    () => {
        "SELECT p.id, p.sku, p.name, p.category, p.price, p.stock, p.updated_at,
            COALESCE((SELECT CAST(SUM(d.units) AS BIGINT) FROM product_days d
                WHERE d.tenant = p.tenant AND d.product_id = p.id
                AND d.day >= $2 AND d.day <= $3), 0) AS units,
            COALESCE((SELECT CAST(SUM(d.gross) AS BIGINT) FROM product_days d
                WHERE d.tenant = p.tenant AND d.product_id = p.id
                AND d.day >= $2 AND d.day <= $3), 0) AS revenue,
            COALESCE((SELECT CAST(SUM(r.rating) AS BIGINT) FROM reviews r
                WHERE r.tenant = p.tenant AND r.product_id = p.id), 0) AS stars,
            (SELECT COUNT(*) FROM reviews r
                WHERE r.tenant = p.tenant AND r.product_id = p.id) AS reviews
         FROM products p WHERE p.tenant = $1"
    };
}

/// The longest cursor: the key of the longest id.
const CURSOR_MAX: usize = 1024;

/// The longest search text in bytes.
const SEARCH_MAX: usize = 200;

impl Store {
    /// A page of the catalogue by id: at most `limit` products after `cursor` whose name or SKU
    /// contains `q` in any (ASCII) case.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidParameter`](crate::ErrorKind::InvalidParameter) for a `cursor` that no
    /// page gave or a `q` over 200 bytes,
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
    pub async fn products(
        &self,
        tenant: &str,
        limit: u32,
        cursor: Option<&str>,
        q: Option<&str>,
    ) -> Result<Products, Error> {
        let after = cursor.map(parse_cursor).transpose()?.unwrap_or_default();
        let pattern = q
            .map(search_pattern)
            .transpose()?
            .unwrap_or_else(|| "%".to_owned());
        let mut view = self.view(tenant).await?;
        // One row more than asked tells whether there is a next page.
        let wanted = usize::try_from(limit.clamp(1, 1000)).unwrap_or(1000);
        let mut rows: Vec<Row> = sqlx::query_as(concat!(
            row_sql!(),
            " AND p.id_key > $4
              AND (lower(p.name) LIKE lower($5) ESCAPE '!' OR lower(p.sku) LIKE lower($5) ESCAPE '!')
             ORDER BY p.id_key LIMIT $6"
        ))
        .bind(&view.shop.tenant)
        .bind(view.shop.first_of(30))
        .bind(view.shop.last())
        .bind(after)
        .bind(pattern)
        .bind(i64::from(limit.clamp(1, 1000)) + 1)
        .fetch_all(&mut *view.db)
        .await?;
        let has_more = rows.len() > wanted;
        rows.truncate(wanted);
        let next_cursor = rows.last().filter(|_| has_more).map(|row| id_key(&row.id));
        let shop = view.shop;
        Ok(Products {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            items: rows.into_iter().map(Row::into_item).collect(),
            next_cursor,
        })
    }

    /// One product, or `None` if the shop has no such product.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
    pub async fn product(&self, tenant: &str, id: &str) -> Result<Option<Product>, Error> {
        let mut view = self.view(tenant).await?;
        product_in(&mut view, id).await
    }
}

/// Reads one product within a view.
async fn product_in(view: &mut View, id: &str) -> Result<Option<Product>, Error> {
    let row: Option<Row> = sqlx::query_as(concat!(row_sql!(), " AND p.id_key = $4"))
        .bind(&view.shop.tenant)
        .bind(view.shop.first_of(30))
        .bind(view.shop.last())
        .bind(id_key(id))
        .fetch_optional(&mut *view.db)
        .await?;
    Ok(row.map(|row| {
        let (category, updated_at) = (row.category.clone(), rfc3339(row.updated_at));
        let item = row.into_item();
        let shop = &view.shop;
        Product {
            as_of: shop.as_of,
            currency: shop.currency.clone(),
            timezone: shop.timezone.clone(),
            id: item.id,
            sku: item.sku,
            name: item.name,
            category,
            price: item.price,
            stock: item.stock,
            units_30d: item.units_30d,
            revenue_30d: item.revenue_30d,
            rating: item.rating,
            reviews: item.reviews,
            updated_at,
        }
    }))
}

/// A product with its 30 days of sales and its reviews, as `row_sql!` selects it.
struct Row {
    id: String,
    sku: String,
    name: String,
    category: String,
    price: i64,
    stock: Option<i64>,
    updated_at: i64,
    units: i64,
    revenue: i64,
    stars: i64,
    reviews: i64,
}

impl<'r> FromRow<'r, AnyRow> for Row {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            sku: row.try_get("sku")?,
            name: row.try_get("name")?,
            category: row.try_get("category")?,
            price: row.try_get("price")?,
            stock: row.try_get("stock")?,
            updated_at: row.try_get("updated_at")?,
            units: row.try_get("units")?,
            revenue: row.try_get("revenue")?,
            stars: row.try_get("stars")?,
            reviews: row.try_get("reviews")?,
        })
    }
}

impl Row {
    fn into_item(self) -> ProductItem {
        let stars = i128::from(self.stars) * 100;
        let rating = round_half_even(stars, i128::from(self.reviews)).map(hundredths_to_f64);
        ProductItem {
            id: self.id,
            sku: self.sku,
            name: self.name,
            price: Money::from_units(self.price),
            stock: self.stock,
            units_30d: self.units,
            revenue_30d: Money::from_units(self.revenue),
            rating,
            reviews: self.reviews,
        }
    }
}

/// A cursor is the key of the last product's id: hexadecimal, opaque to clients.
fn parse_cursor(cursor: &str) -> Result<String, Error> {
    let is_hex = cursor
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if cursor.is_empty() || cursor.len() > CURSOR_MAX || !cursor.len().is_multiple_of(2) || !is_hex
    {
        return Err(Error::invalid(
            "cursor",
            "expected the next_cursor of an earlier page",
        ));
    }
    Ok(cursor.to_owned())
}

fn search_pattern(q: &str) -> Result<String, Error> {
    if q.len() > SEARCH_MAX || q.contains('\0') {
        return Err(Error::invalid(
            "q",
            format!("expected text of at most {SEARCH_MAX} bytes"),
        ));
    }
    let mut pattern = String::from("%");
    for character in q.chars() {
        if matches!(character, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    Ok(pattern)
}
