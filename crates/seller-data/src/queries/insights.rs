//! Observations in plain sentences.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    catalogue::{self, Entry},
    figures::{Figures, percent},
    trends,
};
use crate::{
    date::Date,
    error::Error,
    money::{Money, round_half_even},
    payload::{Insight, Insights, change_percent, hundredths_to_f64},
    shop::View,
    store::Store,
};

/// A product that sold fewer pieces before neither rises nor falls worth telling.
const PIECES_MIN: i64 = 10;

/// Twelve whole weeks: each weekday counts equally often.
const WEEKDAY_SPAN: u32 = 84;

const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

impl Store {
    /// What stands out in the shop's figures, the most telling first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
    pub async fn insights(&self, tenant: &str) -> Result<Insights, Error> {
        let mut view = self.view(tenant).await?;
        let catalogue = catalogue::read(&mut view).await?;
        let gross: i64 = catalogue.iter().map(|entry| entry.sales.gross_30).sum();
        let found = [
            best_seller(&catalogue, gross),
            concentration(&catalogue, gross),
            mover(&catalogue, true),
            mover(&catalogue, false),
            refund_heavy(&catalogue),
            growth(&mut view).await?,
            strongest_weekday(&mut view).await?,
            best_rated(&mut view).await?,
        ];
        let mut items: Vec<Insight> = found.into_iter().flatten().collect();
        items.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
        let shop = view.shop;
        Ok(Insights {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            items,
            next_cursor: None,
        })
    }
}

fn best_seller(catalogue: &[Entry], gross: i64) -> Option<Insight> {
    let best = catalogue.iter().max_by_key(|entry| entry.sales.gross_30)?;
    let share = percent(best.sales.gross_30, gross).filter(|&share| share > 0.0)?;
    let (revenue, units) = (Money::from_units(best.sales.gross_30), best.sales.units_30);
    Some(insight(
        "best_seller",
        format!(
            "{} sells best: {units} pieces for {revenue} in 30 days, {share:.1} % of all sales.",
            best.name
        ),
        [
            ("product_id", json!(best.id)),
            ("units_30d", json!(units)),
            ("revenue_30d", json!(revenue)),
            ("share_percent", json!(share)),
        ],
        0.4 + share / 100.0,
    ))
}

fn concentration(catalogue: &[Entry], gross: i64) -> Option<Insight> {
    const TOP: usize = 5;
    let mut sums: Vec<i64> = catalogue.iter().map(|entry| entry.sales.gross_30).collect();
    let selling = sums.iter().filter(|&&sum| sum > 0).count();
    if selling <= TOP {
        return None;
    }
    sums.sort_unstable_by(|a, b| b.cmp(a));
    let share = percent(sums.iter().take(TOP).sum(), gross)?;
    Some(insight(
        "concentration",
        format!(
            "{TOP} of {selling} selling products bring {share:.1} % of the last 30 days' sales."
        ),
        [
            ("products", json!(TOP)),
            ("selling", json!(selling)),
            ("share_percent", json!(share)),
        ],
        share / 125.0,
    ))
}

/// The product whose pieces of 30 days rose or fell most against the 30 before.
fn mover(catalogue: &[Entry], up: bool) -> Option<Insight> {
    let changes = catalogue
        .iter()
        .filter(|entry| entry.sales.units_before >= PIECES_MIN);
    let (entry, change) = changes
        .filter_map(|entry| {
            let change = change_percent(entry.sales.units_30, entry.sales.units_before)?;
            Some((entry, if up { change } else { -change }))
        })
        .filter(|&(_, change)| change > 0.0)
        .max_by(|(a, change_a), (b, change_b)| {
            change_a.total_cmp(change_b).then_with(|| b.id.cmp(&a.id))
        })?;
    let (now, before) = (entry.sales.units_30, entry.sales.units_before);
    let (id, verb) = if up {
        ("fastest_riser", "rises")
    } else {
        ("fastest_faller", "falls")
    };
    Some(insight(
        id,
        format!(
            "{} {verb} fastest: {now} pieces in 30 days after {before} in the 30 before, {}{change:.1} %.",
            entry.name,
            if up { '+' } else { '−' }
        ),
        [
            ("product_id", json!(entry.id)),
            ("units_30d", json!(now)),
            ("units_before", json!(before)),
            ("change_percent", json!(if up { change } else { -change })),
        ],
        0.2 + change / 250.0,
    ))
}

fn refund_heavy(catalogue: &[Entry]) -> Option<Insight> {
    let shares = catalogue
        .iter()
        .filter(|entry| entry.sales.units_90 >= PIECES_MIN);
    let (entry, share) = shares
        .filter_map(|entry| {
            Some((
                entry,
                percent(entry.sales.refunds_90, entry.sales.gross_90)?,
            ))
        })
        .filter(|&(_, share)| share >= 5.0)
        .max_by(|(a, share_a), (b, share_b)| {
            share_a.total_cmp(share_b).then_with(|| b.id.cmp(&a.id))
        })?;
    let refunds = Money::from_units(entry.sales.refunds_90);
    Some(insight(
        "refund_heavy",
        format!(
            "{} comes back often: {refunds} in 90 days, {share:.1} % of its sales.",
            entry.name
        ),
        [
            ("product_id", json!(entry.id)),
            ("refunds_90d", json!(refunds)),
            ("share_percent", json!(share)),
        ],
        0.3 + share / 100.0,
    ))
}

async fn growth(view: &mut View) -> Result<Option<Insight>, Error> {
    let (start, middle, end) = (
        view.shop.first_of(60),
        view.shop.first_of(30),
        view.shop.last(),
    );
    let now = Figures::read(view, middle, end).await?.net_revenue();
    let before = Figures::read(view, start, middle - 1).await?.net_revenue();
    let Some(change) = change_percent(now.hundredths(), before.hundredths()) else {
        return Ok(None);
    };
    let verb = if change < 0.0 { "fell" } else { "grew" };
    Ok(Some(insight(
        "growth",
        format!(
            "Net revenue {verb} by {:.1} %: {now} in 30 days after {before} in the 30 before.",
            change.abs()
        ),
        [
            ("net_revenue_30d", json!(now)),
            ("net_revenue_before", json!(before)),
            ("change_percent", json!(change)),
        ],
        0.3 + change.abs() / 100.0,
    )))
}

async fn strongest_weekday(view: &mut View) -> Result<Option<Insight>, Error> {
    let (first, last) = (view.shop.first_of(WEEKDAY_SPAN), view.shop.last());
    let mut sums = [0_i64; 7];
    for (day, figures) in trends::daily(view, first, last).await? {
        sums[Date::from_epoch_days(day).weekday()] += figures.gross;
    }
    let total: i64 = sums.iter().sum();
    let strongest = (0..7).max_by_key(|&weekday| sums[weekday]).unwrap_or(0);
    let Some(share) = percent(sums[strongest], total) else {
        return Ok(None);
    };
    let name = WEEKDAYS[strongest];
    let average = Money::from_ratio(sums[strongest], i64::from(WEEKDAY_SPAN / 7));
    Ok(Some(insight(
        "strongest_weekday",
        format!(
            "{name} is the strongest day: {average} on average, {share:.1} % of a week's sales."
        ),
        [
            ("weekday", json!(name)),
            ("average", json!(average)),
            ("share_percent", json!(share)),
        ],
        share / 60.0,
    )))
}

async fn best_rated(view: &mut View) -> Result<Option<Insight>, Error> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT p.id, p.name, CAST(SUM(r.rating) AS BIGINT), COUNT(*)
         FROM reviews r JOIN products p ON p.tenant = r.tenant AND p.id = r.product_id
         WHERE r.tenant = $1 GROUP BY p.id, p.name, p.id_key HAVING COUNT(*) >= 3 ORDER BY p.id_key",
    )
    .bind(&view.shop.tenant)
    .fetch_all(&mut *view.db)
    .await?;
    let rated = rows.into_iter().filter_map(|(id, name, stars, reviews)| {
        let mean = round_half_even(i128::from(stars) * 100, i128::from(reviews))?;
        Some((mean, reviews, id, name))
    });
    let best = rated.max_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| b.2.cmp(&a.2)));
    Ok(best.map(|(mean, reviews, id, name)| {
        let rating = hundredths_to_f64(mean);
        insight(
            "best_rated",
            format!("Customers like {name} best: {rating:.2} stars in {reviews} reviews."),
            [
                ("product_id", json!(id)),
                ("rating", json!(rating)),
                ("reviews", json!(reviews)),
            ],
            rating / 10.0,
        )
    }))
}

fn insight<const N: usize>(
    id: &str,
    text: String,
    figures: [(&str, Value); N],
    score: f64,
) -> Insight {
    let figures: BTreeMap<String, Value> = figures
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let score = (score.clamp(0.0, 1.0) * 100.0).round() / 100.0;
    Insight {
        id: id.to_owned(),
        text,
        figures,
        score,
    }
}
