//! Price observations.

use sqlx::{Any, Transaction};

use super::sheet::{PAGE, Sheet};
use crate::{error::Error, money::Price, plain_text::marked, shop::rfc3339};

pub(super) const COLUMNS: [&str; 6] = [
    "product_id",
    "competitor",
    "price",
    "pack",
    "observed_at",
    "currency",
];

pub(super) async fn write(
    db: &mut Transaction<'static, Any>,
    tenant: &str,
    currency: &str,
    sheet: &mut Sheet<'_>,
) -> Result<(), Error> {
    let mut after = i64::MIN;
    loop {
        let rows: Vec<(i64, String, String, i64, String, i64)> = sqlx::query_as(
            "SELECT id, product_id, competitor, price, pack, instant FROM price_observations
             WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3",
        )
        .bind(tenant)
        .bind(after)
        .bind(PAGE)
        .fetch_all(&mut **db)
        .await?;
        for (id, product_id, competitor, price, pack, instant) in &rows {
            after = *id;
            sheet.add([
                &marked(product_id),
                &marked(competitor),
                &Price::text(*price),
                &marked(pack),
                &rfc3339(*instant),
                currency,
            ])?;
        }
        if !sheet.end_page(rows.len()) {
            return Ok(());
        }
    }
}
