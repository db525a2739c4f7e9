//! A figure beside the one of the period before.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::money::{Money, round_half_even};

/// A figure, the same figure over the same-length period before, and the change.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Comparison<T> {
    /// The figure over the period that ends with `as_of`.
    pub value: T,
    /// The figure over the period just before it.
    pub previous: T,
    /// `(value - previous) / |previous|` of the two shown figures in percent, rounded half-even to
    /// two decimals. Null when `previous` is 0.
    pub change_percent: Option<f64>,
}

impl Comparison<Money> {
    pub(crate) fn money(value: Money, previous: Money) -> Self {
        let change_percent = change_percent(value.hundredths(), previous.hundredths());
        Self {
            value,
            previous,
            change_percent,
        }
    }
}

impl Comparison<i64> {
    pub(crate) fn count(value: i64, previous: i64) -> Self {
        Self {
            value,
            previous,
            change_percent: change_percent(value, previous),
        }
    }
}

/// The change in percent with two decimals, or `None` from 0.
fn change_percent(value: i64, previous: i64) -> Option<f64> {
    let change = (i128::from(value) - i128::from(previous)) * 10_000;
    round_half_even(change, i128::from(previous).abs()).map(hundredths_to_f64)
}

/// A count of hundredths as a number: shortest decimal text, so `12.34` prints as such.
#[expect(
    clippy::cast_precision_loss,
    reason = "percentages are far below 2^53 hundredths"
)]
pub(crate) fn hundredths_to_f64(hundredths: i64) -> f64 {
    hundredths as f64 / 100.0
}
