//! What insights are found in, read from one state of the data.

use std::collections::BTreeMap;

use super::super::{
    catalogue::{self, Entry},
    figures::Figures,
    trends,
};
use crate::{error::Error, shop::View};

/// Half a year of whole weeks: each weekday counts equally often.
pub(super) const WEEKS_MAX: u32 = 26;

/// The newest days' lines are looked at one by one, but no more than this: a large shop's last days, a small one's weeks.
const LINES_MAX: i64 = 20_000;
const LINES_DAYS: u32 = 84;

/// The spans that are compared, in days.
pub(super) const SPAN: u32 = 30;

/// Who bought this many days before a span is known in it.
pub(super) const KNOWN_DAYS: u32 = 90;

/// Reviews are looked at for this many days, and the newest of the unhappy ones.
pub(super) const REVIEW_DAYS: u32 = 90;
const UNHAPPY_MAX: i64 = 200;

/// From this score on down, a review is unhappy.
const UNHAPPY_SCORE: i64 = -crate::mood::SCALE / 20;

/// A sale of the newest.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) invoice: String,
    pub(super) product_id: String,
    pub(super) instant: i64,
    pub(super) day: i64,
}

/// Known customers of a span, and those of them who were customers shortly before it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Customers {
    pub(super) all: i64,
    pub(super) returning: i64,
}

/// A product that was sold once, but not lately.
#[derive(Debug)]
pub(super) struct Unsold {
    pub(super) name: String,
    /// Of its stock at its price, in ten-thousandths.
    pub(super) value: i64,
}

#[derive(Debug)]
pub(super) struct Facts {
    pub(super) timezone: String,
    pub(super) last: i64,
    pub(super) catalogue: Vec<Entry>,
    /// Of half a year, up to the day before `as_of`, which may not be over yet.
    pub(super) days: BTreeMap<i64, Figures>,
    /// Of whole days.
    pub(super) lines: Vec<Line>,
    /// Of the newest span, and of the one before.
    pub(super) customers: [Customers; 2],
    /// The shop's first day with trade.
    pub(super) first_day: i64,
    pub(super) unsold: Vec<Unsold>,
    /// The value of all stock, in ten-thousandths.
    pub(super) stock_value: f64,
    /// Product and text of unhappy reviews, newest first.
    pub(super) unhappy: Vec<(String, String)>,
    pub(super) reviews: i64,
}

impl Facts {
    pub(super) async fn read(view: &mut View) -> Result<Self, Error> {
        let last = view.shop.last();
        let (now, before) = (view.shop.first_of(SPAN), view.shop.first_of(2 * SPAN));
        let unsold = unsold(view).await?;
        Ok(Self {
            timezone: view.shop.timezone.clone(),
            last,
            catalogue: catalogue::read(view).await?,
            days: trends::daily(view, view.shop.first_of(7 * WEEKS_MAX) - 1, last - 1).await?,
            lines: lines(view).await?,
            customers: [
                customers(view, now, last).await?,
                customers(view, before, now - 1).await?,
            ],
            first_day: first_day(view).await?,
            unsold,
            stock_value: stock_value(view).await?,
            unhappy: unhappy(view).await?,
            reviews: reviews(view).await?,
        })
    }

    /// Sales of the newest span, in ten-thousandths.
    pub(super) fn gross(&self) -> i64 {
        self.catalogue
            .iter()
            .map(|entry| entry.sales.gross_30)
            .sum()
    }

    /// Sales of the span before.
    pub(super) fn gross_earlier(&self) -> i64 {
        let entries = self.catalogue.iter();
        entries.map(|entry| entry.sales.gross_earlier).sum()
    }

    pub(super) fn entry(&self, product_id: &str) -> Option<&Entry> {
        self.catalogue.iter().find(|entry| entry.id == product_id)
    }
}

async fn lines(view: &mut View) -> Result<Vec<Line>, Error> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT invoice, product_id, instant, day FROM order_lines
         WHERE tenant = $1 AND class = 1 AND day <= $3 AND day >= (
            SELECT MIN(day) FROM (
                SELECT day, SUM(lines) OVER (ORDER BY day DESC) AS so_far
                FROM day_totals WHERE tenant = $1 AND day >= $2 AND day <= $3
            ) AS days WHERE so_far <= $4)",
    )
    .bind(&view.shop.tenant)
    .bind(view.shop.first_of(LINES_DAYS))
    .bind(view.shop.last())
    .bind(LINES_MAX)
    .fetch_all(&mut *view.db)
    .await?;
    let line = |(invoice, product_id, instant, day)| Line {
        invoice,
        product_id,
        instant,
        day,
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Whoever appears in the span did so before it exactly if the first of these appearances follows one before it.
async fn customers(view: &mut View, first: i64, last: i64) -> Result<Customers, Error> {
    let (returning,) = sqlx::query_as(
        "SELECT COALESCE(CAST(SUM(count) AS BIGINT), 0) FROM recurrences
         WHERE tenant = $1 AND kind = 3 AND earlier >= $4 AND earlier < $2
            AND later >= $2 AND later <= $3",
    )
    .bind(&view.shop.tenant)
    .bind(first)
    .bind(last)
    .bind(first - i64::from(KNOWN_DAYS))
    .fetch_one(&mut *view.db)
    .await?;
    Ok(Customers {
        all: Figures::read(view, first, last).await?.customers,
        returning,
    })
}

async fn first_day(view: &mut View) -> Result<i64, Error> {
    let first: Option<(i64,)> = sqlx::query_as(
        "SELECT day FROM day_totals WHERE tenant = $1 AND orders > 0 ORDER BY day LIMIT 1",
    )
    .bind(&view.shop.tenant)
    .fetch_optional(&mut *view.db)
    .await?;
    Ok(first.map_or(view.shop.last(), |(day,)| day))
}

/// The greatest value first.
async fn unsold(view: &mut View) -> Result<Vec<Unsold>, Error> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT p.name, p.stock, p.price FROM products p
         WHERE p.tenant = $1 AND p.stock > 0 AND p.price > 0
            AND EXISTS (SELECT 1 FROM product_days d WHERE d.tenant = p.tenant
                AND d.product_id = p.id AND d.day <= $2 - 90 AND d.units > 0)
            AND NOT EXISTS (SELECT 1 FROM product_days d WHERE d.tenant = p.tenant
                AND d.product_id = p.id AND d.day > $2 - 90 AND d.units > 0)
         ORDER BY p.id_key",
    )
    .bind(&view.shop.tenant)
    .bind(view.shop.last())
    .fetch_all(&mut *view.db)
    .await?;
    let unsold = |(name, stock, price): (String, i64, i64)| Unsold {
        name,
        value: stock.saturating_mul(price),
    };
    let mut unsold: Vec<Unsold> = rows.into_iter().map(unsold).collect();
    unsold.sort_by_key(|unsold| std::cmp::Reverse(unsold.value));
    Ok(unsold)
}

/// Not in whole numbers, which a stock without bounds could exceed.
async fn stock_value(view: &mut View) -> Result<f64, Error> {
    let (value,) = sqlx::query_as(
        "SELECT COALESCE(SUM(CAST(stock AS DOUBLE PRECISION) * price), CAST(0 AS DOUBLE PRECISION))
         FROM products WHERE tenant = $1 AND stock > 0 AND price > 0",
    )
    .bind(&view.shop.tenant)
    .fetch_one(&mut *view.db)
    .await?;
    Ok(value)
}

async fn unhappy(view: &mut View) -> Result<Vec<(String, String)>, Error> {
    let rows = sqlx::query_as(
        "SELECT product_id, text FROM reviews
         WHERE tenant = $1 AND day >= $2 AND score <= $3 ORDER BY day DESC, id DESC LIMIT $4",
    )
    .bind(&view.shop.tenant)
    .bind(view.shop.first_of(REVIEW_DAYS))
    .bind(UNHAPPY_SCORE)
    .bind(UNHAPPY_MAX)
    .fetch_all(&mut *view.db)
    .await?;
    Ok(rows)
}

async fn reviews(view: &mut View) -> Result<i64, Error> {
    let (reviews,) =
        sqlx::query_as("SELECT COUNT(score) FROM reviews WHERE tenant = $1 AND day >= $2")
            .bind(&view.shop.tenant)
            .bind(view.shop.first_of(REVIEW_DAYS))
            .fetch_one(&mut *view.db)
            .await?;
    Ok(reviews)
}
