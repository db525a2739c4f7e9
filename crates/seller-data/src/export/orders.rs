//! Order lines.

use sqlx::{Any, FromRow, Row as _, Transaction, any::AnyRow};

use super::sheet::{PAGE, Sheet};
use crate::{error::Error, line::Class, money::Price, plain_text::marked, shop::rfc3339};

pub(super) const COLUMNS: [&str; 10] = [
    "order_id",
    "ordered_at",
    "product_id",
    "product_name",
    "quantity",
    "unit_price",
    "kind",
    "customer_id",
    "country",
    "currency",
];

/// Writes day by day, of which the index knows; within a day, page by page.
pub(super) async fn write(
    db: &mut Transaction<'static, Any>,
    tenant: &str,
    currency: &str,
    sheet: &mut Sheet<'_>,
) -> Result<(), Error> {
    let mut day = i64::MIN;
    while let Some(next) = next_day(db, tenant, day).await? {
        day = next;
        let mut after = Place::default();
        loop {
            let lines = page(db, tenant, day, &after).await?;
            for line in &lines {
                line.write(currency, sheet)?;
            }
            if !sheet.end_page(lines.len()) {
                break;
            }
            after = lines.last().map(Stored::place).unwrap_or_default();
        }
    }
    Ok(())
}

async fn next_day(
    db: &mut Transaction<'static, Any>,
    tenant: &str,
    after: i64,
) -> Result<Option<i64>, Error> {
    let row: Option<(i64,)> = sqlx::query_as(
        "SELECT day FROM order_lines WHERE tenant = $1 AND day > $2 ORDER BY day LIMIT 1",
    )
    .bind(tenant)
    .bind(after)
    .fetch_optional(&mut **db)
    .await?;
    Ok(row.map(|(day,)| day))
}

/// Where a page begins: after this line of the day.
struct Place {
    instant: i64,
    invoice: String,
    identity: (i64, i64),
}

impl Default for Place {
    fn default() -> Self {
        Self {
            instant: i64::MIN,
            invoice: String::new(),
            identity: (i64::MIN, i64::MIN),
        }
    }
}

async fn page(
    db: &mut Transaction<'static, Any>,
    tenant: &str,
    day: i64,
    after: &Place,
) -> Result<Vec<Stored>, Error> {
    let lines = sqlx::query_as(
        "SELECT invoice, product_id, description, quantity, price, class, instant, customer, country,
            identity_high, identity_low
         FROM order_lines WHERE tenant = $1 AND day = $2
            AND (instant, invoice, identity_high, identity_low) > ($3, $4, $5, $6)
         ORDER BY instant, invoice, identity_high, identity_low LIMIT $7",
    )
    .bind(tenant)
    .bind(day)
    .bind(after.instant)
    .bind(after.invoice.clone())
    .bind(after.identity.0)
    .bind(after.identity.1)
    .bind(PAGE)
    .fetch_all(&mut **db)
    .await?;
    Ok(lines)
}

struct Stored {
    invoice: String,
    product_id: String,
    description: String,
    quantity: i64,
    price: i64,
    class: i64,
    instant: i64,
    customer: Option<String>,
    country: String,
    identity: (i64, i64),
}

impl Stored {
    fn place(&self) -> Place {
        Place {
            instant: self.instant,
            invoice: self.invoice.clone(),
            identity: self.identity,
        }
    }

    fn write(&self, currency: &str, sheet: &mut Sheet<'_>) -> Result<(), Error> {
        sheet.add([
            &marked(&self.invoice),
            &rfc3339(self.instant),
            &marked(&self.product_id),
            &marked(&self.description),
            &self.quantity.to_string(),
            &Price::text(self.price),
            kind(self.class),
            &marked(self.customer.as_deref().unwrap_or_default()),
            &marked(&self.country),
            currency,
        ])
    }
}

/// How a line counts, as the format `orders` says it.
fn kind(class: i64) -> &'static str {
    [
        (Class::Sale, "sale"),
        (Class::Refund, "refund"),
        (Class::Fee, "fee"),
    ]
    .iter()
    .find(|(known, _)| *known as i64 == class)
    .map_or("other", |(_, kind)| kind)
}

impl<'r> FromRow<'r, AnyRow> for Stored {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            invoice: row.try_get("invoice")?,
            product_id: row.try_get("product_id")?,
            description: row.try_get("description")?,
            quantity: row.try_get("quantity")?,
            price: row.try_get("price")?,
            class: row.try_get("class")?,
            instant: row.try_get("instant")?,
            customer: row.try_get("customer")?,
            country: row.try_get("country")?,
            identity: (row.try_get("identity_high")?, row.try_get("identity_low")?),
        })
    }
}
