//! What reviews feel like.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::date::Date;

/// The mood of the reviews of the asked days. Scores go from -1 (worst) to 1 (best).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SentimentOverview {
    /// The day of the shop's newest order, the last day of the window.
    pub as_of: Date,
    /// The currency of every amount, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// The mean over reviews that could be scored; null without any.
    pub score: Option<f64>,
    /// Reviews of 0.05 and above.
    pub positive: i64,
    /// Reviews between.
    pub neutral: i64,
    /// Reviews of -0.05 and below.
    pub negative: i64,
    /// Reviews without a known word: another language, or no text.
    pub unknown: i64,
    /// All reviews of the window.
    pub reviews: i64,
    /// The days with reviews, oldest first.
    pub points: Vec<SentimentPoint>,
    /// The products with reviews, by id.
    pub products: Vec<ProductSentiment>,
    /// The most telling texts: the best and the worst, at most three each.
    pub excerpts: Vec<Excerpt>,
}

/// One day of [`SentimentOverview`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SentimentPoint {
    /// The day.
    pub date: Date,
    /// The mean of the day; null when none could be scored.
    pub score: Option<f64>,
    /// Reviews of the day.
    pub reviews: i64,
}

/// One product of [`SentimentOverview`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ProductSentiment {
    /// The product.
    pub product_id: String,
    /// Its mean; null when none could be scored.
    pub score: Option<f64>,
    /// Its reviews.
    pub reviews: i64,
}

/// A telling review.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Excerpt {
    /// The text, cut after 280 characters.
    pub text: String,
    /// Its score.
    pub score: f64,
    /// The words that decided it, in order of appearance.
    pub words: Vec<String>,
}
