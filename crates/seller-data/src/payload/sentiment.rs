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
    /// The mean of all reviews of that kind is within `score` ± `margin` with 95 % confidence; null under five scored reviews.
    pub margin: Option<f64>,
    /// Reviews of 0.05 and above.
    pub positive: i64,
    /// Reviews between.
    pub neutral: i64,
    /// Reviews of -0.05 and below.
    pub negative: i64,
    /// Reviews that could not be scored: in another language than English, or without text. They are not neutral.
    pub unknown: i64,
    /// All reviews of the window.
    pub reviews: i64,
    /// The days with reviews, oldest first.
    pub points: Vec<SentimentPoint>,
    /// The products with reviews, by id.
    pub products: Vec<ProductSentiment>,
    /// The most telling texts: the best and the worst, at most three each, with what decided.
    pub excerpts: Vec<Excerpt>,
}

/// One day of [`SentimentOverview`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SentimentPoint {
    /// The day.
    pub date: Date,
    /// The mean of the day; null when none could be scored.
    pub score: Option<f64>,
    /// As in [`SentimentOverview`].
    pub margin: Option<f64>,
    /// Reviews of the day.
    pub reviews: i64,
    /// Those that could be scored.
    #[serde(default)]
    pub scored: i64,
}

/// One product of [`SentimentOverview`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ProductSentiment {
    /// The product.
    pub product_id: String,
    /// Its mean; null when none could be scored.
    pub score: Option<f64>,
    /// As in [`SentimentOverview`].
    pub margin: Option<f64>,
    /// Reviews of 0.05 and above.
    #[serde(default)]
    pub positive: i64,
    /// Reviews between.
    #[serde(default)]
    pub neutral: i64,
    /// Reviews of -0.05 and below.
    #[serde(default)]
    pub negative: i64,
    /// Reviews that could not be scored.
    #[serde(default)]
    pub unknown: i64,
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
    /// How probable it is that the score has the right sign, 0.5 to 1.
    #[serde(default)]
    pub confidence: f64,
    /// The words that decided it, in order of appearance.
    pub words: Vec<String>,
    /// The sentences that decided it, in order of appearance, at most three.
    #[serde(default)]
    pub sentences: Vec<DecidingSentence>,
}

/// A sentence of an [`Excerpt`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct DecidingSentence {
    /// The sentence, cut after 280 characters.
    pub text: String,
    /// Its own score.
    pub score: f64,
    /// Its words that decided, in order of appearance.
    pub words: Vec<DecidingWord>,
}

/// A word of a [`DecidingSentence`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct DecidingWord {
    /// A word, an emoji, or two words that mean something together, in lower case.
    pub text: String,
    /// What it brought, negation and stress included; words alone have -4 to 4.
    pub weight: f64,
}
