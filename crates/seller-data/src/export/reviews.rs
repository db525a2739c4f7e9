//! Reviews.

use sqlx::{Any, Transaction};

use super::sheet::{PAGE, Sheet};
use crate::{error::Error, plain_text::marked, shop::rfc3339};

pub(super) const COLUMNS: [&str; 4] = ["product_id", "rating", "reviewed_at", "text"];

pub(super) async fn write(
    db: &mut Transaction<'static, Any>,
    tenant: &str,
    sheet: &mut Sheet<'_>,
) -> Result<(), Error> {
    let mut after = i64::MIN;
    loop {
        let rows: Vec<(i64, String, i64, i64, String)> = sqlx::query_as(
            "SELECT id, product_id, rating, instant, text FROM reviews
             WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3",
        )
        .bind(tenant)
        .bind(after)
        .bind(PAGE)
        .fetch_all(&mut **db)
        .await?;
        for (id, product_id, rating, instant, text) in &rows {
            after = *id;
            sheet.add([
                &marked(product_id),
                &rating.to_string(),
                &rfc3339(*instant),
                &marked(text),
            ])?;
        }
        if !sheet.end_page(rows.len()) {
            return Ok(());
        }
    }
}
