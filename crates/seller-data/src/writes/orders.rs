//! New orders.

use std::collections::HashMap;

use serde_json::json;

use super::{
    bodies::{NewLine, NewOrder},
    insert_all, key_or_none,
    rows::LineRow,
    store::text,
    write::Write,
};
use crate::{
    error::{Error, ErrorKind},
    line::{Line, QUANTITY_MAX},
    outbox::{EventKind, Note},
    store::Store,
};

const LINES_MAX: usize = 1000;
const CUSTOMER_MAX: usize = 200;

impl Store {
    /// Takes an order: stores its lines as of now and reduces the stock of its products, not below
    /// 0 and not where it is unknown.
    ///
    /// Returns the new order's id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown product, [`ErrorKind::InvalidParameter`] for a bad
    /// value; nothing is changed then. [`ErrorKind::Unavailable`] when the database does not
    /// answer.
    pub async fn create_order(&self, tenant: &str, order: &NewOrder) -> Result<String, Error> {
        if order.lines.is_empty() || order.lines.len() > LINES_MAX {
            return Err(Error::invalid(
                "lines",
                format!("expected 1 to {LINES_MAX} lines"),
            ));
        }
        for (at, line) in order.lines.iter().enumerate() {
            check(at, line)?;
        }
        let Some(mut write) = Write::begin(self, tenant).await? else {
            return Err(unknown(0));
        };
        let number = write.next_id().await?;
        let invoice = format!("S{number:07}");
        let mut rows = Vec::with_capacity(order.lines.len());
        let mut occurrences: HashMap<u128, u32> = HashMap::new();
        for (at, new) in order.lines.iter().enumerate() {
            let line = resolve(&mut write, at, new, &invoice).await?;
            let fingerprint = line.fingerprint();
            let occurrence = occurrences.entry(fingerprint).or_default();
            let identity = Line::identity(fingerprint, *occurrence);
            *occurrence += 1;
            let amount = line.amount().ok_or_else(|| {
                Error::invalid(
                    field(at, "quantity"),
                    "the line is worth more than a billion",
                )
            })?;
            reduce_stock(&mut write, &line).await?;
            rows.push(LineRow {
                tenant: tenant.into(),
                identity,
                amount,
                class: line.class(),
                line,
            });
        }
        insert_all(&mut write.db, &rows).await?;
        let note = Note {
            kind: EventKind::OrderCreated,
            subject: invoice.clone(),
            data: json!({ "order_id": invoice, "lines": rows.len() }),
        };
        write.tell(number, note).await?;
        write.commit().await?;
        Ok(invoice)
    }
}

/// Checks what can be checked without the shop.
fn check(at: usize, line: &NewLine) -> Result<(), Error> {
    if line.sku.is_some() == line.product_id.is_some() {
        let message = "expected exactly one of sku and product_id";
        return Err(Error::invalid(field(at, "product_id"), message));
    }
    if !(1..=QUANTITY_MAX).contains(&line.quantity) {
        let message = format!("expected 1 to {QUANTITY_MAX}");
        return Err(Error::invalid(field(at, "quantity"), message));
    }
    if let Some(price) = &line.price {
        price.price(&field(at, "price"))?;
    }
    if let Some(customer) = &line.customer {
        text(customer, &field(at, "customer"), 0, CUSTOMER_MAX)?;
    }
    if let Some(sku) = &line.sku {
        text(sku, &field(at, "sku"), 1, CUSTOMER_MAX)?;
    }
    Ok(())
}

/// Finds the product of a line and makes the line.
async fn resolve(
    write: &mut Write,
    at: usize,
    new: &NewLine,
    invoice: &str,
) -> Result<Line, Error> {
    let row: Option<(String, String, i64)> = sqlx::query_as(
        "SELECT id, name, price FROM products
         WHERE tenant = $1 AND (id_key = $2 OR ($2 = '' AND sku = $3)) ORDER BY id_key LIMIT 1",
    )
    .bind(&write.tenant)
    .bind(
        new.product_id
            .as_deref()
            .map_or_else(String::new, key_or_none),
    )
    .bind(new.sku.as_deref().unwrap_or_default())
    .fetch_optional(&mut *write.db)
    .await?;
    let (product_id, name, present) = row.ok_or_else(|| unknown(at))?;
    let price = match &new.price {
        Some(price) => price.price(&field(at, "price"))?.units(),
        None => present,
    };
    Ok(Line {
        invoice: invoice.to_owned(),
        product_id,
        description: name,
        quantity: new.quantity,
        price,
        instant: write.instant,
        day: write.day,
        customer: new
            .customer
            .clone()
            .filter(|customer| !customer.trim().is_empty()),
        country: String::new(),
    })
}

async fn reduce_stock(write: &mut Write, line: &Line) -> Result<(), Error> {
    sqlx::query(
        "UPDATE products SET stock = CASE WHEN stock > $3 THEN stock - $3 ELSE 0 END
         WHERE tenant = $1 AND id = $2 AND stock IS NOT NULL",
    )
    .bind(&write.tenant)
    .bind(&line.product_id)
    .bind(line.quantity)
    .execute(&mut *write.db)
    .await?;
    Ok(())
}

fn field(at: usize, name: &str) -> String {
    format!("lines[{at}].{name}")
}

fn unknown(at: usize) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("no such product in lines[{at}]"),
    )
}
