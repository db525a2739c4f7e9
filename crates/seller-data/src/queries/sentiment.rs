//! What reviews feel like.

use std::collections::BTreeMap;

use crate::{
    date::Date,
    error::Error,
    money::round_half_even,
    mood,
    payload::{Excerpt, ProductSentiment, SentimentOverview, SentimentPoint},
    shop::View,
    store::Store,
    writes::id_key,
};

/// From this score on a review is positive, and from its negative on negative.
const POSITIVE_MIN: i64 = mood::SCALE / 20;

/// How many of the best and of the worst texts are shown.
const EXCERPTS: i64 = 3;

/// How much of a text is shown, in characters.
const EXCERPT_LENGTH: usize = 280;

/// Scores added up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MeanScore {
    sum: i64,
    /// How many could be scored.
    pub(super) scored: i64,
    reviews: i64,
}

impl MeanScore {
    fn add(&mut self, score: Option<i64>) {
        self.reviews += 1;
        if let Some(score) = score {
            self.scored += 1;
            self.sum += score;
        }
    }

    /// The mean with three decimals, -1 to 1; `None` when nothing could be scored.
    pub(super) fn score(&self) -> Option<f64> {
        let thousandths = round_half_even(
            i128::from(self.sum) * 1000,
            i128::from(self.scored * mood::SCALE),
        )?;
        i32::try_from(thousandths)
            .ok()
            .map(|thousandths| f64::from(thousandths) / 1000.0)
    }
}

/// The mean over the reviews from day `first` to `last`.
pub(super) async fn mean(view: &mut View, first: i64, last: i64) -> Result<MeanScore, Error> {
    let (reviews, scored, sum) = sqlx::query_as(
        "SELECT COUNT(*), COUNT(score), COALESCE(CAST(SUM(score) AS BIGINT), 0)
         FROM reviews WHERE tenant = $1 AND day >= $2 AND day <= $3",
    )
    .bind(&view.shop.tenant)
    .bind(first)
    .bind(last)
    .fetch_one(&mut *view.db)
    .await?;
    Ok(MeanScore {
        sum,
        scored,
        reviews,
    })
}

impl Store {
    /// The mood of the reviews from `days` before the newest order until now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) when the database does not answer.
    pub async fn sentiment_overview(
        &self,
        tenant: &str,
        days: u32,
    ) -> Result<SentimentOverview, Error> {
        let mut view = self.view(tenant).await?;
        let rows: Vec<(i64, String, Option<i64>)> = sqlx::query_as(
            "SELECT day, product_id, score FROM reviews WHERE tenant = $1 AND day >= $2",
        )
        .bind(&view.shop.tenant)
        .bind(view.shop.first_of(days))
        .fetch_all(&mut *view.db)
        .await?;
        let excerpts = excerpts(&mut view, days).await?;
        let mut all = MeanScore::default();
        let (mut positive, mut negative) = (0, 0);
        let mut by_day: BTreeMap<i64, MeanScore> = BTreeMap::new();
        let mut by_product: BTreeMap<String, (String, MeanScore)> = BTreeMap::new();
        for (day, product, score) in rows {
            all.add(score);
            positive += i64::from(score.is_some_and(|score| score >= POSITIVE_MIN));
            negative += i64::from(score.is_some_and(|score| score <= -POSITIVE_MIN));
            by_day.entry(day).or_default().add(score);
            let key = id_key(&product);
            by_product
                .entry(key)
                .or_insert_with(|| (product, MeanScore::default()))
                .1
                .add(score);
        }
        let shop = view.shop;
        Ok(SentimentOverview {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            score: all.score(),
            positive,
            neutral: all.scored - positive - negative,
            negative,
            unknown: all.reviews - all.scored,
            reviews: all.reviews,
            points: by_day
                .into_iter()
                .map(|(day, mean)| point(day, &mean))
                .collect(),
            products: by_product
                .into_values()
                .map(|(id, mean)| product(id, &mean))
                .collect(),
            excerpts,
        })
    }
}

fn point(day: i64, mean: &MeanScore) -> SentimentPoint {
    SentimentPoint {
        date: Date::from_epoch_days(day),
        score: mean.score(),
        reviews: mean.reviews,
    }
}

fn product(product_id: String, mean: &MeanScore) -> ProductSentiment {
    ProductSentiment {
        product_id,
        score: mean.score(),
        reviews: mean.reviews,
    }
}

/// The best texts, then the worst, each review at most once.
async fn excerpts(view: &mut View, days: u32) -> Result<Vec<Excerpt>, Error> {
    let best: Vec<(String, i64)> = sqlx::query_as(
        "SELECT text, score FROM reviews
         WHERE tenant = $1 AND day >= $2 AND score >= $3 ORDER BY score DESC, id DESC LIMIT $4",
    )
    .bind(&view.shop.tenant)
    .bind(view.shop.first_of(days))
    .bind(POSITIVE_MIN)
    .bind(EXCERPTS)
    .fetch_all(&mut *view.db)
    .await?;
    let worst: Vec<(String, i64)> = sqlx::query_as(
        "SELECT text, score FROM reviews
         WHERE tenant = $1 AND day >= $2 AND score <= $3 ORDER BY score, id DESC LIMIT $4",
    )
    .bind(&view.shop.tenant)
    .bind(view.shop.first_of(days))
    .bind(-POSITIVE_MIN)
    .bind(EXCERPTS)
    .fetch_all(&mut *view.db)
    .await?;
    Ok(best.into_iter().chain(worst).map(excerpt).collect())
}

fn excerpt((text, score): (String, i64)) -> Excerpt {
    let single = MeanScore {
        sum: score,
        scored: 1,
        reviews: 1,
    };
    let words = mood::telling_words(&text);
    let mut shown: String = text.chars().take(EXCERPT_LENGTH).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    Excerpt {
        text: shown,
        score: single.score().unwrap_or(0.0),
        words,
    }
}
