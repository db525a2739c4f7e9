//! Products. What is not known of one is empty.

use sqlx::{Any, FromRow, Row as _, Transaction, any::AnyRow};

use super::sheet::{PAGE, Sheet};
use crate::{
    error::Error, money::Price, plain_text::marked, shop::rfc3339, writes::NEVER, writes::id_key,
};

pub(super) const COLUMNS: [&str; 10] = [
    "product_id",
    "sku",
    "name",
    "category",
    "pack",
    "price",
    "stock",
    "updated_at",
    "edited_at",
    "currency",
];

pub(super) async fn write(
    db: &mut Transaction<'static, Any>,
    tenant: &str,
    currency: &str,
    sheet: &mut Sheet<'_>,
) -> Result<(), Error> {
    let mut after = String::new();
    loop {
        let rows: Vec<Stored> = sqlx::query_as(
            "SELECT id, sku, name, category, pack, price, stock, name_at, price_at, updated_at,
                edited_at
             FROM products WHERE tenant = $1 AND id_key > $2 ORDER BY id_key LIMIT $3",
        )
        .bind(tenant)
        .bind(after)
        .bind(PAGE)
        .fetch_all(&mut **db)
        .await?;
        for row in &rows {
            row.write(currency, sheet)?;
        }
        if !sheet.end_page(rows.len()) {
            return Ok(());
        }
        after = rows.last().map(|row| id_key(&row.id)).unwrap_or_default();
    }
}

struct Stored {
    id: String,
    sku: String,
    name: String,
    category: String,
    pack: String,
    price: i64,
    stock: Option<i64>,
    name_at: i64,
    price_at: i64,
    updated_at: i64,
    edited_at: Option<i64>,
}

impl Stored {
    fn write(&self, currency: &str, sheet: &mut Sheet<'_>) -> Result<(), Error> {
        let name = if self.name_at == NEVER {
            ""
        } else {
            &self.name
        };
        let price = if self.price_at == NEVER {
            String::new()
        } else {
            Price::text(self.price)
        };
        let stock = self.stock.map(|stock| stock.to_string());
        sheet.add([
            &marked(&self.id),
            &marked(&self.sku),
            &marked(name),
            &marked(&self.category),
            &marked(&self.pack),
            &price,
            &stock.unwrap_or_default(),
            &rfc3339(self.updated_at),
            &self.edited_at.map(rfc3339).unwrap_or_default(),
            currency,
        ])
    }
}

impl<'r> FromRow<'r, AnyRow> for Stored {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            sku: row.try_get("sku")?,
            name: row.try_get("name")?,
            category: row.try_get("category")?,
            pack: row.try_get("pack")?,
            price: row.try_get("price")?,
            stock: row.try_get("stock")?,
            name_at: row.try_get("name_at")?,
            price_at: row.try_get("price_at")?,
            updated_at: row.try_get("updated_at")?,
            edited_at: row.try_get("edited_at")?,
        })
    }
}
