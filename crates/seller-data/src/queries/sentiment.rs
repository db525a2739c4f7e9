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

/// Below this many scored reviews the spread says nothing about the mean.
const MARGIN_MIN: i64 = 5;

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

/// Scores counted by what they say.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    mean: MeanScore,
    squares: i128,
    positive: i64,
    negative: i64,
}

impl Tally {
    fn add(&mut self, score: Option<i64>) {
        self.mean.add(score);
        let Some(score) = score else { return };
        self.squares += i128::from(score) * i128::from(score);
        self.positive += i64::from(score >= POSITIVE_MIN);
        self.negative += i64::from(score <= -POSITIVE_MIN);
    }

    fn neutral(&self) -> i64 {
        self.mean.scored - self.positive - self.negative
    }

    fn unknown(&self) -> i64 {
        self.mean.reviews - self.mean.scored
    }

    /// Half of the mean's 95 % confidence interval by Student's t, three decimals.
    fn margin(&self) -> Option<f64> {
        if self.mean.scored < MARGIN_MIN {
            return None;
        }
        let count = i128::from(self.mean.scored);
        let sum = i128::from(self.mean.sum);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a share of it is lost, far below what is shown"
        )]
        let (spread, count) = ((self.squares * count - sum * sum) as f64, count as f64);
        let error = (spread / (count * count * (count - 1.0))).sqrt() / SCALE;
        Some((error * student_97_5(count - 1.0) * 1000.0).round() / 1000.0)
    }
}

/// [`mood::SCALE`].
const SCALE: f64 = 10_000.0;

/// The 97.5th percentile of Student's t: Cornish and Fisher's expansion (Abramowitz & Stegun 26.7.5), right to 2 % from 4 degrees of
/// freedom on.
fn student_97_5(freedom: f64) -> f64 {
    const Z: f64 = 1.959_964;
    let first = (Z.powi(3) + Z) / 4.0;
    let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
    Z + first / freedom + second / freedom.powi(2)
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
        let mut all = Tally::default();
        let mut by_day: BTreeMap<i64, Tally> = BTreeMap::new();
        let mut by_product: BTreeMap<String, (String, Tally)> = BTreeMap::new();
        for (day, product, score) in rows {
            all.add(score);
            by_day.entry(day).or_default().add(score);
            let key = id_key(&product);
            by_product
                .entry(key)
                .or_insert_with(|| (product, Tally::default()))
                .1
                .add(score);
        }
        let shop = view.shop;
        Ok(SentimentOverview {
            as_of: shop.as_of,
            currency: shop.currency,
            timezone: shop.timezone,
            score: all.mean.score(),
            margin: all.margin(),
            positive: all.positive,
            neutral: all.neutral(),
            negative: all.negative,
            unknown: all.unknown(),
            reviews: all.mean.reviews,
            points: by_day
                .into_iter()
                .map(|(day, tally)| point(day, &tally))
                .collect(),
            products: by_product
                .into_values()
                .map(|(id, tally)| product(id, &tally))
                .collect(),
            excerpts,
        })
    }
}

fn point(day: i64, tally: &Tally) -> SentimentPoint {
    SentimentPoint {
        date: Date::from_epoch_days(day),
        score: tally.mean.score(),
        margin: tally.margin(),
        reviews: tally.mean.reviews,
        scored: tally.mean.scored,
    }
}

fn product(product_id: String, tally: &Tally) -> ProductSentiment {
    ProductSentiment {
        product_id,
        score: tally.mean.score(),
        margin: tally.margin(),
        positive: tally.positive,
        neutral: tally.neutral(),
        negative: tally.negative,
        unknown: tally.unknown(),
        reviews: tally.mean.reviews,
    }
}

/// The best texts, then the worst, each review at most once.
async fn excerpts(view: &mut View, days: u32) -> Result<Vec<Excerpt>, Error> {
    let best: Vec<(String,)> = sqlx::query_as(
        "SELECT text FROM reviews
         WHERE tenant = $1 AND day >= $2 AND score >= $3 ORDER BY score DESC, id DESC LIMIT $4",
    )
    .bind(&view.shop.tenant)
    .bind(view.shop.first_of(days))
    .bind(POSITIVE_MIN)
    .bind(EXCERPTS)
    .fetch_all(&mut *view.db)
    .await?;
    let worst: Vec<(String,)> = sqlx::query_as(
        "SELECT text FROM reviews
         WHERE tenant = $1 AND day >= $2 AND score <= $3 ORDER BY score, id DESC LIMIT $4",
    )
    .bind(&view.shop.tenant)
    .bind(view.shop.first_of(days))
    .bind(-POSITIVE_MIN)
    .bind(EXCERPTS)
    .fetch_all(&mut *view.db)
    .await?;
    Ok(best
        .iter()
        .chain(&worst)
        .filter_map(|(text,)| mood::excerpt(text))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::{Tally, student_97_5};

    fn tally(scores: &[Option<i64>]) -> Tally {
        let mut tally = Tally::default();
        scores.iter().for_each(|&score| tally.add(score));
        tally
    }

    #[test]
    fn the_margin_is_that_of_students_t() {
        // Five numbers with a deviation of 0.1 * sqrt(2.5), four degrees of freedom: t is 2.776.
        let five = tally(&[1_000, 2_000, 3_000, 4_000, 5_000].map(Some));
        let margin = five.margin().unwrap();
        assert!((margin - 2.776 * 0.070_711).abs() < 0.005, "{margin}");
        assert!((student_97_5(30.0) - 2.042).abs() < 0.001);
        assert_eq!(tally(&[Some(10_000); 4]).margin(), None);
        assert_eq!(tally(&[Some(10_000); 9]).margin(), Some(0.0));
    }

    #[test]
    fn what_could_not_be_read_is_unknown_and_not_neutral() {
        let all = tally(&[Some(9_000), Some(-9_000), Some(100), None, None]);
        assert_eq!(
            (all.positive, all.neutral(), all.negative, all.unknown()),
            (1, 1, 1, 2)
        );
    }
}
