//! What alerts are found in, read from one state of the data.

use std::collections::BTreeMap;

use alarms::{Opinions, Returns, Thresholds};

use super::super::{
    catalogue::{self, Entry},
    courses::Courses,
    market::{self, Offer, Rival},
};
use crate::{error::Error, mood, shop::View};

/// So many products are forecast at most: those with the greatest sales among those whose stock may be short.
const FORECASTS_MAX: usize = 100;

/// So many products' sales are watched: the greatest. Each of them may have a false alarm.
const WATCHED_MAX: usize = 40;

/// So many undercut products are told at most: those with the greatest sales.
const UNDERCUTS_MAX: usize = 100;

/// How long ago an undercut price may have begun, as far as it is looked for.
const UNDERCUT_DAYS_MAX: i64 = 60;

/// The spans that refunds and reviews are compared over.
pub(super) const NOW_DAYS: u32 = 30;
pub(super) const BEFORE_DAYS: u32 = 90;

#[derive(Debug)]
pub(super) struct Facts {
    /// By falling sales of 90 days.
    pub(super) catalogue: Vec<Entry>,
    /// How many of the catalogue's first are watched.
    pub(super) watched: usize,
    /// The places of those whose stock may be short.
    pub(super) short: Vec<usize>,
    pub(super) courses: Courses,
    /// The competitors that undercut, and since when, by product.
    pub(super) undercuts: BTreeMap<String, (Rival, i64)>,
    /// Orders that came back, and their money in ten-thousandths, now and before.
    pub(super) refunds: [(Returns, i64); 2],
    /// By product, now and before.
    pub(super) opinions: BTreeMap<String, [Opinions; 2]>,
}

impl Facts {
    pub(super) async fn read(view: &mut View, thresholds: &Thresholds) -> Result<Self, Error> {
        let mut catalogue = catalogue::read(view).await?;
        catalogue.sort_by_key(|entry| std::cmp::Reverse(entry.sales.gross_90));
        let sells = |entry: &&Entry| entry.sales.gross_90 > 0;
        let watched = catalogue.iter().take(WATCHED_MAX).take_while(sells).count();
        let mut short: Vec<usize> = (0..catalogue.len())
            .filter(|&at| may_be_short(&catalogue[at], thresholds))
            .collect();
        short.truncate(FORECASTS_MAX);
        let mut asked: Vec<usize> = (0..watched).chain(short.iter().copied()).collect();
        asked.sort_unstable();
        asked.dedup();
        let asked: Vec<&str> = asked.iter().map(|&at| catalogue[at].id.as_str()).collect();
        Ok(Self {
            courses: Courses::read(view, &asked).await?,
            undercuts: undercuts(view, &catalogue, thresholds).await?,
            refunds: refunds(view).await?,
            opinions: opinions(view).await?,
            catalogue,
            watched,
            short,
        })
    }
}

/// Whether a forecast could find the stock too small: it is less than three times what such a time sold lately. No stock at all
/// needs no forecast.
fn may_be_short(entry: &Entry, thresholds: &Thresholds) -> bool {
    let pace = (entry.sales.units_30 * 3).max(entry.sales.units_90);
    let lead = i64::from(thresholds.lead_days);
    entry.stock.is_some_and(|stock| {
        stock > 0
            && pace > 0
            && stock.saturating_mul(90) <= pace.saturating_mul(3 * lead).saturating_add(90)
    })
}

async fn undercuts(
    view: &mut View,
    catalogue: &[Entry],
    thresholds: &Thresholds,
) -> Result<BTreeMap<String, (Rival, i64)>, Error> {
    let mut rivals = market::cheapest_rivals(view).await?;
    rivals.retain(|_, rival| is_undercut(&rival.own, &rival.theirs, thresholds));
    let greatest = catalogue
        .iter()
        .filter_map(|entry| rivals.remove_entry(&entry.id));
    let mut undercuts = BTreeMap::new();
    for (product, rival) in greatest.take(UNDERCUTS_MAX) {
        let since = undercut_since(view, &product, &rival, thresholds).await?;
        undercuts.insert(product, (rival, since));
    }
    Ok(undercuts)
}

fn is_undercut(own: &Offer, theirs: &Offer, thresholds: &Thresholds) -> bool {
    let below = theirs.percent_above(own).map(|above| -above);
    below.is_some_and(|below| below >= thresholds.price_undercut_percent)
}

/// The first day of those since which the competitor has been that much below the shop's present price.
async fn undercut_since(
    view: &mut View,
    product: &str,
    rival: &Rival,
    thresholds: &Thresholds,
) -> Result<i64, Error> {
    let seen: Vec<(i64, i64, String)> = sqlx::query_as(
        "SELECT day, price, pack FROM price_observations
         WHERE tenant = $1 AND product_id = $2 AND day > $3 AND competitor = $4
         ORDER BY instant DESC, id DESC",
    )
    .bind(&view.shop.tenant)
    .bind(product)
    .bind(rival.day - UNDERCUT_DAYS_MAX)
    .bind(&rival.competitor)
    .fetch_all(&mut *view.db)
    .await?;
    let undercuts = seen.iter().take_while(|(_, price, pack)| {
        let theirs = Offer::comparable(*price, pack, rival.own.pack);
        theirs.is_some_and(|theirs| is_undercut(&rival.own, &theirs, thresholds))
    });
    Ok(undercuts.last().map_or(rival.day, |(day, ..)| *day))
}

/// Of the shop: orders, and invoices that took something back.
async fn refunds(view: &mut View) -> Result<[(Returns, i64); 2], Error> {
    let (middle, last) = (view.shop.first_of(NOW_DAYS), view.shop.last());
    let first = view.shop.first_of(NOW_DAYS + BEFORE_DAYS);
    let (sold, sold_before, money, money_before): (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT COALESCE(CAST(SUM(CASE WHEN day >= $3 THEN orders ELSE 0 END) AS BIGINT), 0),
            COALESCE(CAST(SUM(CASE WHEN day < $3 THEN orders ELSE 0 END) AS BIGINT), 0),
            COALESCE(CAST(SUM(CASE WHEN day >= $3 THEN refunds ELSE 0 END) AS BIGINT), 0),
            COALESCE(CAST(SUM(CASE WHEN day < $3 THEN refunds ELSE 0 END) AS BIGINT), 0)
         FROM day_totals WHERE tenant = $1 AND day >= $2 AND day <= $4",
    )
    .bind(&view.shop.tenant)
    .bind(first)
    .bind(middle)
    .bind(last)
    .fetch_one(&mut *view.db)
    .await?;
    let (returned, returned_before): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(CASE WHEN day >= $3 THEN 1 END), COUNT(CASE WHEN day < $3 THEN 1 END)
         FROM appearances
         WHERE tenant = $1 AND kind = 2 AND lines > 0 AND day >= $2 AND day <= $4",
    )
    .bind(&view.shop.tenant)
    .bind(first)
    .bind(middle)
    .bind(last)
    .fetch_one(&mut *view.db)
    .await?;
    Ok([
        (returns(sold, returned), money),
        (returns(sold_before, returned_before), money_before),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53 orders")]
pub(super) fn returns(sold: i64, returned: i64) -> Returns {
    Returns {
        sold: sold as f64,
        returned: returned as f64,
    }
}

async fn opinions(view: &mut View) -> Result<BTreeMap<String, [Opinions; 2]>, Error> {
    let rows: Vec<(String, i64, i64, i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT product_id, COUNT(CASE WHEN day >= $3 THEN score END),
            COALESCE(CAST(SUM(CASE WHEN day >= $3 THEN score END) AS BIGINT), 0),
            COALESCE(CAST(SUM(CASE WHEN day >= $3 THEN score * score END) AS BIGINT), 0),
            COUNT(CASE WHEN day < $3 THEN score END),
            COALESCE(CAST(SUM(CASE WHEN day < $3 THEN score END) AS BIGINT), 0),
            COALESCE(CAST(SUM(CASE WHEN day < $3 THEN score * score END) AS BIGINT), 0)
         FROM reviews WHERE tenant = $1 AND day >= $2 GROUP BY product_id",
    )
    .bind(&view.shop.tenant)
    .bind(view.shop.first_of(NOW_DAYS + BEFORE_DAYS))
    .bind(view.shop.first_of(NOW_DAYS))
    .fetch_all(&mut *view.db)
    .await?;
    let both = |row: (String, i64, i64, i64, i64, i64, i64)| {
        let now = in_scores(row.1, row.2, row.3);
        (row.0, [now, in_scores(row.4, row.5, row.6)])
    };
    Ok(rows.into_iter().map(both).collect())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share of it is lost, far below what is told"
)]
fn in_scores(count: i64, sum: i64, squares: i64) -> Opinions {
    let scale = mood::SCALE as f64;
    Opinions {
        count: count as f64,
        sum: sum as f64 / scale,
        squares: squares as f64 / scale.powi(2),
    }
}
