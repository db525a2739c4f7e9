//! What happened lately.

use std::cmp::Reverse;

use crate::{
    error::Error,
    money::Money,
    payload::{Activity, ActivityItem, ActivityKind},
    shop::{View, rfc3339},
    store::Store,
};

/// An event before it is written out, with what it is sorted by.
struct Event {
    instant: i64,
    item: ActivityItem,
}

impl Store {
    /// The newest `limit` orders, refunds, reviews, price observations and product changes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
    pub async fn activity(&self, tenant: &str, limit: u32) -> Result<Activity, Error> {
        let limit = limit.clamp(1, 1000);
        let mut view = self.view(tenant).await?;
        let mut events = orders(&mut view, limit).await?;
        events.extend(reviews(&mut view, limit).await?);
        events.extend(prices(&mut view, limit).await?);
        events.extend(products(&mut view, limit).await?);
        // Stable: what happened in the same millisecond stays in the order it was read.
        events.sort_by_key(|event| Reverse(event.instant));
        events.truncate(usize::try_from(limit).unwrap_or(1000));
        let shop = view.shop;
        Ok(Activity {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            items: events.into_iter().map(|event| event.item).collect(),
            next_cursor: None,
        })
    }
}

type OrderRow = (String, i64, i64, i64, i64, i64);

/// The newest orders and refunds, each with all of its lines. SQLite reads a cross join from left to right, and else might begin
/// with all that ever appeared.
async fn orders(view: &mut View, limit: u32) -> Result<Vec<Event>, Error> {
    let mut wanted = i64::from(limit);
    loop {
        let first = day_of_newest(view, wanted).await?;
        let rows: Vec<OrderRow> = sqlx::query_as(
            "SELECT n.invoice, n.class, n.newest, CAST(SUM(a.lines) AS BIGINT),
                CAST(SUM(a.pieces) AS BIGINT), CAST(SUM(a.amount) AS BIGINT)
             FROM (
                SELECT invoice, class, MAX(instant) AS newest FROM order_lines
                WHERE tenant = $1 AND day >= $2 AND class IN (1, 2)
                GROUP BY invoice, class ORDER BY 3 DESC, 1, 2 LIMIT $3
             ) AS n CROSS JOIN appearances a
             WHERE a.tenant = $1 AND a.kind = n.class AND a.name = n.invoice
             GROUP BY n.invoice, n.class, n.newest ORDER BY 3 DESC, 1, 2",
        )
        .bind(&view.shop.tenant)
        .bind(first.unwrap_or(i64::MIN))
        .bind(i64::from(limit))
        .fetch_all(&mut *view.db)
        .await?;
        if first.is_none() || rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Ok(rows.into_iter().map(order_event).collect());
        }
        // Some of them are of several days.
        wanted = wanted.saturating_mul(4);
    }
}

/// The newest day from which on at least `wanted` orders are counted; `None` if there are not so many.
async fn day_of_newest(view: &mut View, wanted: i64) -> Result<Option<i64>, Error> {
    let row: Option<(i64,)> = sqlx::query_as(
        "SELECT day FROM (
            SELECT day, SUM(orders) OVER (ORDER BY day DESC) AS so_far
            FROM day_totals WHERE tenant = $1
         ) AS days WHERE so_far >= $2 ORDER BY day DESC LIMIT 1",
    )
    .bind(&view.shop.tenant)
    .bind(wanted)
    .fetch_optional(&mut *view.db)
    .await?;
    Ok(row.map(|(day,)| day))
}

fn order_event((invoice, class, instant, lines, pieces, amount): OrderRow) -> Event {
    let amount = Money::from_units(amount);
    let pieces = counted(pieces, "piece");
    let (kind, prefix, text) = if class == 1 {
        let text = format!(
            "Order {invoice}: {pieces} in {}, {amount}",
            counted(lines, "line")
        );
        (ActivityKind::Order, "order", text)
    } else {
        let text = format!("Refund on {invoice}: {pieces} back, {amount}");
        (ActivityKind::Refund, "refund", text)
    };
    let mut event = event(kind, format!("{prefix}:{invoice}"), instant, text);
    event.item.order_id = Some(invoice);
    event.item.amount = Some(amount);
    event
}

/// From the day on that has enough of them: SQLite would sort all of them, as it finds the index by day too wide.
async fn reviews(view: &mut View, limit: u32) -> Result<Vec<Event>, Error> {
    let rows: Vec<(i64, String, String, i64, i64)> = sqlx::query_as(
        "SELECT r.id, r.product_id, p.name, r.rating, r.instant
         FROM reviews r CROSS JOIN products p
         WHERE r.tenant = $1 AND p.tenant = r.tenant AND p.id = r.product_id
            AND r.day >= COALESCE((SELECT day FROM reviews WHERE tenant = $1
                ORDER BY day DESC LIMIT 1 OFFSET $2), -1000000)
         ORDER BY r.day DESC, r.instant DESC, r.id DESC LIMIT $2",
    )
    .bind(&view.shop.tenant)
    .bind(i64::from(limit))
    .fetch_all(&mut *view.db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, product_id, name, rating, instant)| {
            let text = format!("{} for {name}", counted(rating, "star"));
            let mut event = event(ActivityKind::Review, format!("review:{id}"), instant, text);
            event.item.product_id = Some(product_id);
            event
        })
        .collect())
}

async fn prices(view: &mut View, limit: u32) -> Result<Vec<Event>, Error> {
    let rows: Vec<(i64, String, String, String, i64, i64)> = sqlx::query_as(
        "SELECT o.id, o.product_id, p.name, o.competitor, o.price, o.instant
         FROM price_observations o CROSS JOIN products p
         WHERE o.tenant = $1 AND p.tenant = o.tenant AND p.id = o.product_id
         ORDER BY o.day DESC, o.instant DESC, o.id DESC LIMIT $2",
    )
    .bind(&view.shop.tenant)
    .bind(i64::from(limit))
    .fetch_all(&mut *view.db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, product_id, name, competitor, price, instant)| {
            let price = Money::from_units(price);
            let text = if competitor.is_empty() {
                format!("Own price of {name} set to {price}")
            } else {
                format!("{competitor} asks {price} for {name}")
            };
            let mut event = event(ActivityKind::Price, format!("price:{id}"), instant, text);
            event.item.product_id = Some(product_id);
            event.item.amount = Some(price);
            event
        })
        .collect())
}

async fn products(view: &mut View, limit: u32) -> Result<Vec<Event>, Error> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT id, name, price, edited_at FROM products
         WHERE tenant = $1 AND edited_at IS NOT NULL ORDER BY edited_at DESC, id_key LIMIT $2",
    )
    .bind(&view.shop.tenant)
    .bind(i64::from(limit))
    .fetch_all(&mut *view.db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, name, price, instant)| {
            let text = format!("{name} was changed");
            let mut event = event(
                ActivityKind::Product,
                format!("product:{id}"),
                instant,
                text,
            );
            event.item.product_id = Some(id);
            event.item.amount = Some(Money::from_units(price));
            event
        })
        .collect())
}

fn event(kind: ActivityKind, id: String, instant: i64, text: String) -> Event {
    let at = rfc3339(instant);
    Event {
        instant,
        item: ActivityItem {
            id,
            kind,
            at,
            text,
            order_id: None,
            product_id: None,
            amount: None,
        },
    }
}

fn counted(count: i64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
