//! What reviews feel like.

use sqlx::{Any, Decode, Type};

use crate::{
    date::Date,
    error::Error,
    money::round_half_even,
    mood,
    payload::{Excerpt, ProductSentiment, SentimentOverview, SentimentPoint},
    shop::View,
    store::Store,
};

/// From this score on a review is positive, and from its negative on negative.
const POSITIVE_MIN: i64 = mood::SCALE / 20;

/// How many of the best and of the worst texts are shown.
const EXCERPTS: i64 = 3;

/// Below this many scored reviews the spread says nothing about the mean.
const MARGIN_MIN: i64 = 5;

/// Scores added up.
#[derive(Clone, Copy, Debug, Default)]
struct MeanScore {
    sum: i64,
    /// How many could be scored.
    scored: i64,
    reviews: i64,
}

impl MeanScore {
    /// The mean with three decimals, -1 to 1; `None` when nothing could be scored.
    fn score(&self) -> Option<f64> {
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
    fn merge(&mut self, other: &Self) {
        self.mean.sum += other.mean.sum;
        self.mean.scored += other.mean.scored;
        self.mean.reviews += other.mean.reviews;
        self.squares += other.squares;
        self.positive += other.positive;
        self.negative += other.negative;
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

/// The select of [`tallies`] by a column.
macro_rules! tally_sql {
    ($by:literal) => {
        concat!(
            "SELECT ",
            $by,
            ", COUNT(*), COUNT(score), COALESCE(CAST(SUM(score) AS BIGINT), 0),
                COALESCE(CAST(SUM(score * score) AS BIGINT), 0),
                COUNT(CASE WHEN score >= $3 THEN 1 END), COUNT(CASE WHEN score <= $4 THEN 1 END)
             FROM reviews WHERE tenant = $1 AND day >= $2 GROUP BY ",
            $by
        )
    };
}

/// The reviews from day `first` on, by day or by product, in order.
async fn tallies<K>(
    view: &mut View,
    sql: &'static str,
    first: i64,
) -> Result<Vec<(K, Tally)>, Error>
where
    K: for<'r> Decode<'r, Any> + Ord + Send + Type<Any> + Unpin,
{
    let rows: Vec<(K, i64, i64, i64, i64, i64, i64)> = sqlx::query_as(sql)
        .bind(&view.shop.tenant)
        .bind(first)
        .bind(POSITIVE_MIN)
        .bind(-POSITIVE_MIN)
        .fetch_all(&mut *view.db)
        .await?;
    let rows = rows
        .into_iter()
        .map(|(key, reviews, scored, sum, squares, positive, negative)| {
            let tally = Tally {
                mean: MeanScore {
                    sum,
                    scored,
                    reviews,
                },
                squares: i128::from(squares),
                positive,
                negative,
            };
            (key, tally)
        });
    let mut tallies: Vec<(K, Tally)> = rows.collect();
    // Not by the database, whose order of texts depends on its locale.
    tallies.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(tallies)
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
        let first = view.shop.first_of(days);
        let by_day: Vec<(i64, Tally)> = tallies(&mut view, tally_sql!("day"), first).await?;
        let by_product: Vec<(String, Tally)> =
            tallies(&mut view, tally_sql!("product_id"), first).await?;
        let excerpts = excerpts(&mut view, first).await?;
        let mut all = Tally::default();
        for (_, tally) in &by_day {
            all.merge(tally);
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
                .into_iter()
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

/// The best texts, then the worst, each review at most once. They are chosen by an index, which has no texts.
async fn excerpts(view: &mut View, first: i64) -> Result<Vec<Excerpt>, Error> {
    let best: Vec<(String,)> = sqlx::query_as(
        "SELECT text FROM reviews WHERE tenant = $1 AND id IN (
            SELECT id FROM reviews WHERE tenant = $1 AND day >= $2 AND score >= $3
            ORDER BY score DESC, id DESC LIMIT $4
         ) ORDER BY score DESC, id DESC",
    )
    .bind(&view.shop.tenant)
    .bind(first)
    .bind(POSITIVE_MIN)
    .bind(EXCERPTS)
    .fetch_all(&mut *view.db)
    .await?;
    let worst: Vec<(String,)> = sqlx::query_as(
        "SELECT text FROM reviews WHERE tenant = $1 AND id IN (
            SELECT id FROM reviews WHERE tenant = $1 AND day >= $2 AND score <= $3
            ORDER BY score, id DESC LIMIT $4
         ) ORDER BY score, id DESC",
    )
    .bind(&view.shop.tenant)
    .bind(first)
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
    use super::{MeanScore, Tally, student_97_5};

    fn tally(scores: &[i64]) -> Tally {
        Tally {
            mean: MeanScore {
                sum: scores.iter().sum(),
                scored: i64::try_from(scores.len()).unwrap(),
                ..MeanScore::default()
            },
            squares: scores.iter().map(|&score| i128::from(score).pow(2)).sum(),
            ..Tally::default()
        }
    }

    #[test]
    fn the_margin_is_that_of_students_t() {
        // Five numbers with a deviation of 0.1 * sqrt(2.5), four degrees of freedom: t is 2.776.
        let five = tally(&[1_000, 2_000, 3_000, 4_000, 5_000]);
        let margin = five.margin().unwrap();
        assert!((margin - 2.776 * 0.070_711).abs() < 0.005, "{margin}");
        assert!((student_97_5(30.0) - 2.042).abs() < 0.001);
        assert_eq!(tally(&[10_000; 4]).margin(), None);
        assert_eq!(tally(&[10_000; 9]).margin(), Some(0.0));
    }
}
