//! Demand to expect.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::date::Date;

/// Pieces expected to be sold per day after `as_of`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct DemandForecast {
    /// The day of the shop's newest order; the forecast starts on the day after.
    pub as_of: Date,
    /// The shop's currency, ISO 4217.
    pub currency: String,
    /// The time zone that decides where a day ends, IANA.
    pub timezone: String,
    /// `combination`, the only method's name, or `none` when nothing was sold in two years.
    pub model: String,
    /// What is averaged: `damped-trend` and `theta`, or `mean` and `slow-smoothing` for intermittent demand, and the method that did
    /// best on the last days: `adida`, `croston-sba`, `holt`, `naive`, `seasonal-naive`, `smoothing` or `tsb`, if it is another one.
    #[serde(default)]
    pub methods: Vec<String>,
    /// What to know of it: `intermittent` (nothing is sold on many days), `level-shift` (what came before a jump was left out),
    /// `no-demand` (nothing was sold in two years), `short-history` (13 days or fewer: the bands are a guess).
    #[serde(default)]
    pub notes: Vec<String>,
    /// How the combination did on the last days; null without enough history to hold out.
    pub backtest: Option<Backtest>,
    /// One point per day of the horizon.
    pub points: Vec<ForecastPoint>,
}

/// The errors of the same methods on the last days of history (a third of it, a hundred days at most), which they were not shown.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Backtest {
    /// Symmetric mean absolute percentage error, 0 to 200.
    pub smape: f64,
    /// Mean absolute error over that of repeating the week before; null when the history repeats
    /// itself exactly.
    pub mase: Option<f64>,
    /// From how many days on a forecast was made and compared.
    #[serde(default)]
    pub origins: i64,
}

/// One day of a [`DemandForecast`]: 0 ≤ lower95 ≤ lower80 ≤ mean ≤ upper80 ≤ upper95.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ForecastPoint {
    /// The day.
    pub date: Date,
    /// Expected pieces.
    pub mean: f64,
    /// The lower end of the band that should hold four days of five.
    pub lower80: f64,
    /// Its upper end.
    pub upper80: f64,
    /// The lower end of the band that should hold nineteen days of twenty.
    pub lower95: f64,
    /// Its upper end.
    pub upper95: f64,
}
